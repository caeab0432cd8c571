# SPDX-License-Identifier: Apache-2.0
"""Agent and issuer are killed at any moment, and go on."""
import json
import os
import subprocess
import threading
import time

import issuer_records
import watchers
from identity_stage import Fault, until

USERS = (0, 65534, 65533)
# From the moment when both are ready until a client that lost its stream has it again: clients wait 2 s at most (py-spiffe 5).
BACK = 30


def play(setting):
    """SIGKILL for the agent, the issuer, or both, at random moments, and for the agent also in the middle of writing its
    record, with agent SVIDs of three minutes so that it renews often. It goes on from its record: nobody attests again, clients
    come back, nobody is ever without a valid SVID. Of the issuer: entries that were acknowledged are there, and every SVID that
    anybody ever saw has its leaf and its audit record. Control: without its record the agent can't go on; a leaf or a record
    that is taken away from the file is missed."""
    stage = setting.stage("restarts", issuer_options=["--x509-ttl", "180s"])
    rounds, aimed = setting.options.kills_of_daemons, max(2, setting.options.kills_of_daemons // 10)
    with setting.closing(stage):
        stage.start()
        agents = stage.agents()
        for user in USERS:
            stage.entry(f"/web/{user}", f"unix:uid:{user}", x509_ttl=300)
        crowd = setting.watchers(stage)
        for user in USERS:
            crowd.add(user, raw=2, libraries=1)
        expected = 3 * len(USERS)
        until("everybody's first SVID", lambda: len(crowd.streams()) == expected, 60)
        writer = EntryWriter(stage, agents[0])
        writer.start()
        attested = stage.agent.counts["Agent attested"]
        killed = {"agent": 0, "issuer": 0, "both": 0, "agent while it writes": 0}
        slowest, faults = 0.0, []
        try:
            for number in range(rounds + aimed):
                kind = "agent while it writes" if number >= rounds else setting.random.choice(["agent", "agent", "issuer", "both"])
                killed_at = time.time()
                if kind == "agent while it writes":
                    if not caught_writing(stage):
                        continue
                else:
                    time.sleep(setting.random.uniform(0.05, 5))
                    killed_at = time.time()
                    for daemon in [stage.agent] * (kind != "issuer") + [stage.issuer] * (kind != "agent"):
                        daemon.kill()
                killed[kind] += 1
                if kind in ("issuer", "both"):
                    _, found = issuer_records.judge_folder(stage.folder / "issuer", crowd.serials(), writer.acknowledged())
                    faults += found
                    stage.issuer.start(is_awaited=False)
                if kind != "issuer":
                    time.sleep(setting.random.uniform(0, 1))
                    stage.agent.start(is_awaited=False)
                slowest = max(slowest, stage.issuer.until_ready(), stage.agent.until_ready())
                if kind != "issuer":
                    # Each stream says something again: the first message of its new life.
                    until("the streams after a restart", lambda: len(since(crowd, killed_at)) == expected, BACK)
                if faults:
                    break
        finally:
            writer.stop()
        faults += writer.faults()
        if stage.agents() != agents:
            faults.append(f"the issuer knows {stage.agents()} and not {agents}")
        if stage.agent.counts["Agent attested"] != attested:
            faults.append("the agent attested again")
        faults += watchers.losses(crowd.record())
        if not watchers.judge_notices(crowd.record()):
            faults.append("what is planted into the record is not noticed, so that the record proves nothing")
        crowd.close()
        faults += control(stage)
        stage.issuer.stop()
        counts, found = issuer_records.judge_folder(stage.folder / "issuer", crowd.serials(), writer.acknowledged())
        faults += found
        if not issuer_records.judge_notices(stage.folder / "issuer", crowd.serials()):
            faults.append("what is taken out of the issuer's file is not noticed, so that the file proves nothing")
        if faults:
            raise Fault("; ".join(faults[:6]))
        return {"kills": killed, "streams": expected, "slowest_start_s": round(slowest, 1),
                "entries_acknowledged": len(writer.acknowledged())} | counts


def since(crowd, moment):
    return {one["who"] for one in crowd.record() if one["event"] == "svids" and one["at"] >= moment}


def caught_writing(stage, seconds=120):
    """Kills the agent while the new record stands beside the old one; whether it was met."""
    unfinished = str(stage.folder / "agent" / "agent.json.new")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.path.exists(unfinished):
            stage.agent.kill()
            return True
        # Closely: the file is there for milliseconds.
        time.sleep(0.0005)
    return False


def control(stage):
    """An agent that has lost its record must be unable to go on."""
    stage.agent.kill()
    record = stage.folder / "agent" / "agent.json"
    kept = record.read_bytes()
    record.unlink()
    stage.agent.counts.clear()
    stage.agent.start(is_awaited=False)
    faults = []
    try:
        # Its token was used up, and nothing else says how it could prove its node.
        status = stage.agent.process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        status = None
    stage.agent.reader.join(5)
    if not status or "KM-AGENT-NO-ATTESTATION" not in stage.agent.tail():
        faults.append(f"an agent without its record goes on (status {status}), so that restarts prove nothing")
    stage.agent.kill()
    record.write_bytes(kept)
    record.chmod(0o600)
    stage.agent.start(is_awaited=False)
    try:
        stage.agent.until_ready(40)
    except Fault as fault:
        faults.append(f"with its record again: {fault}")
    return faults


class EntryWriter:
    """Makes entries all the time, also while the issuer dies; knows which were acknowledged."""

    def __init__(self, stage, parent):
        self.stage, self.parent, self.made, self.odd = stage, parent, [], []
        self.is_stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.is_stopped.set()
        self.thread.join(120)

    def acknowledged(self):
        return list(self.made)

    def faults(self):
        return self.odd[:2]

    def _run(self):
        number = 0
        while not self.is_stopped.wait(0.3):
            number += 1
            try:
                done = subprocess.run(
                    [self.stage.program.binary, "entry", "create", "--parent-id", self.parent, "--spiffe-id",
                     self.stage.spiffe_id(f"/entry/{number}"), "--selector", f"unix:user:nobody-{number}", "--socket-path",
                     str(self.stage.issuer_socket), *self.stage.program.options], stdin=subprocess.DEVNULL,
                    capture_output=True, text=True, timeout=100,
                    env={"PATH": os.environ.get("PATH", ""), "SWIFT_BACKTRACE": "enable=no"})
                envelope = json.loads(done.stdout)
            except subprocess.TimeoutExpired:
                self.odd.append("entry create hangs when the issuer dies")
                continue
            except ValueError:
                self.odd.append(f"entry create: exit code {done.returncode} without an envelope: {done.stderr[-200:]}")
                continue
            if done.returncode == 0:
                self.made.append(envelope["data"]["results"][0]["entry"]["id"])
