# SPDX-License-Identifier: Apache-2.0
"""Calls with missing, forged and huge metadata."""
import json
import os
import pathlib
import subprocess
import threading

import raw_calls
from identity_stage import Fault, until

HERE = pathlib.Path(__file__).resolve().parent
USERS = {0: "/root", 65534: "/nobody"}


def play(setting):
    """Every method of the Workload API with its header missing, twice, or nearly right: INVALID_ARGUMENT. Headers that claim to
    be somebody else change nothing about who is served. Headers beyond all measure are refused, and nobody else notices: one
    connection is used all the while. Control: the same judgement of answers that are planted wrong."""
    stage = setting.stage("headers", claimed=True)
    with setting.closing(stage):
        stage.start()
        for user, path in USERS.items():
            stage.entry(path, f"unix:uid:{user}")
        until("the first SVID", lambda: is_served(stage), 60)
        cases = []
        other = threading.Event()
        failures = []

        def keep_calling():
            while not other.wait(0.1):
                if not is_served(stage):
                    failures.append("a call beside these is not served")
        beside = threading.Thread(target=keep_calling, daemon=True)
        beside.start()
        try:
            for user, path in USERS.items():
                cases += run(setting, stage, user, path)
        finally:
            other.set()
            beside.join(30)
        stage.agent.must_live()
        faults = failures[:1] + judge(cases)
        planted = [cases[0] | {"got": "OK"}, cases[-1] | {"got": stage.spiffe_id("/other")}]
        if len(judge(planted)) != 2:
            faults.append("what is planted is not noticed, so that the cases prove nothing")
        if faults:
            raise Fault("; ".join(faults[:8]))
        return {"cases": len(cases), "as": len(USERS)}


def is_served(stage):
    try:
        return stage.spiffe_id(USERS[os.geteuid()]) in raw_calls.fetch(str(stage.socket))
    except (raw_calls.Refused, OSError):
        return False


def run(setting, stage, user, path):
    done = subprocess.run(
        [setting.python, str(HERE / "header_cases.py"), str(user), stage.spiffe_id(path)], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=600,
        env=os.environ | {"SPIFFE_ENDPOINT_SOCKET": f"unix://{stage.socket}", "PYTHONDONTWRITEBYTECODE": "1",
                          "GRPC_VERBOSITY": "NONE"})
    cases = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for case in cases:
        setting.log(f"headers: {json.dumps(case)}")
    if done.returncode or len(cases) < 90:
        raise Fault(f"the cases ended with {done.returncode} after {len(cases)}: {done.stderr[-300:]}")
    return cases


def judge(cases):
    return [f"{case['case']}: {case['got']} and not {case['expected']} ({case['details']})" for case in cases
            if case["got"] not in (case["expected"] if isinstance(case["expected"], list) else [case["expected"]])]
