# SPDX-License-Identifier: Apache-2.0
"""Watching workloads, and the judgement of what they were told."""
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent


class Watchers:
    """One process with several streams for each user; everything that they say, in order."""

    def __init__(self, python, stage, log):
        self.python, self.stage, self.log = python, stage, log
        self.processes, self.events, self.lock = [], [], threading.Lock()

    def add(self, user, raw=1, libraries=0, tokens=0):
        """Starts watching as a user: so many raw streams, so many of py-spiffe, and tokens every so many seconds."""
        process = subprocess.Popen(
            [self.python, str(HERE / "workload_watcher.py"), str(user), str(raw), str(libraries), str(tokens)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | {"SPIFFE_ENDPOINT_SOCKET": f"unix://{self.stage.socket}", "PYTHONDONTWRITEBYTECODE": "1",
                              "GRPC_VERBOSITY": "NONE"})
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()
        self.processes.append(process)

    def _read(self, pipe):
        for line in pipe:
            self.log(f"watcher: {line.rstrip()}")
            if line.startswith("{"):
                event = json.loads(line)
                with self.lock:
                    self.events.append(event)

    def record(self):
        with self.lock:
            return list(self.events)

    def streams(self):
        """Who ever had an SVID on a stream."""
        return {one["who"] for one in self.record() if one["event"] == "svids"}

    def latest(self):
        """The last SVIDs of each stream."""
        found = {}
        for one in self.record():
            if one["event"] == "svids":
                found[one["who"]] = one["svids"]
        return found

    def fresh_since(self, moment):
        """The streams that got an SVID that was not theirs before this moment."""
        known, fresh = {}, set()
        for one in self.record():
            if one["event"] != "svids":
                continue
            serials = {svid["serial"] for svid in one["svids"].values()}
            if one["at"] >= moment and serials - known.get(one["who"], set()):
                fresh.add(one["who"])
            known.setdefault(one["who"], set()).update(serials)
        return fresh

    def serials(self):
        return {svid["serial"] for one in self.record() if one["event"] == "svids" for svid in one["svids"].values()}

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def losses(record, end=None, forgiven=()):
    """What no watcher may live through: one line each.

    A stream that is refused has to stop using what it has; one that is told of an identity no more has lost it. Neither may
    happen while the SVID is valid. Between the end of one SVID and its successor nobody has a valid one; `forgiven` names
    identities whose lives are too short for that."""
    faults, held = [], {}
    for one in record:
        who, at = one["who"], one["at"]
        if one["event"] == "error" and one["code"] in ("PERMISSION_DENIED", "INVALID_ARGUMENT", "MALFORMED"):
            if held.get(who) or one["code"] == "MALFORMED":
                faults.append(f"{who}: {one['code']} {one.get('details', '')}")
        if one["event"] != "svids":
            continue
        for identity, old in held.get(who, {}).items():
            if identity in forgiven:
                continue
            new = one["svids"].get(identity)
            if new is None and old["until"] > at:
                faults.append(f"{who}: {identity} is gone {old['until'] - at:.0f} s before its end")
            if old["until"] < at:
                faults.append(f"{who}: {identity} without a valid SVID for {at - old['until']:.0f} s")
        for identity, new in one["svids"].items():
            if new["until"] < at and identity not in forgiven:
                faults.append(f"{who}: {identity} comes {at - new['until']:.0f} s after its end")
        held[who] = one["svids"]
    end = end if end is not None else time.time()
    for who, svids in held.items():
        faults += [f"{who}: {identity} ended {end - svid['until']:.0f} s ago" for identity, svid in svids.items()
                   if svid["until"] < end and identity not in forgiven]
    return faults


def judge_notices(record, forgiven=()):
    """Whether the judgement notices what is planted into a good record: a refusal, a missing identity, a late successor."""
    updates = [place for place, one in enumerate(record) if one["event"] == "svids" and any(
        identity not in forgiven for identity in one["svids"])]
    if not updates:
        return False
    last = updates[-1]
    one = record[last]
    # Pushed in right behind the last update, when its SVIDs are valid.
    moment = {"at": one["at"], "who": one["who"]}
    refused = record[:last + 1] + [moment | {"event": "error", "code": "PERMISSION_DENIED"}]
    gone = record[:last + 1] + [moment | {"event": "svids", "svids": {}}]
    late_at = max(svid["until"] for svid in one["svids"].values()) + 5
    late = record[:last + 1] + [{"at": late_at, "who": one["who"], "event": "svids", "svids": one["svids"]}]
    clean = len(losses(record[:last + 1], one["at"], forgiven))
    return all(len(losses(planted, one["at"], forgiven)) > clean for planted in (refused, gone, late))
