# SPDX-License-Identifier: Apache-2.0
"""Thousands of connections to the Workload API that are opened and left."""
import pathlib
import subprocess
import sys
import threading
import time

import raw_calls
import watchers
from identity_stage import Fault, until

HERE = pathlib.Path(__file__).resolve().parent
PER_PROCESS = 250
PATIENCE = 20  # seconds that somebody else's call may take in the worst moment


def play(setting):
    """Waves of connections (`--connections`), opened by users with many processes and left silent, half-way through a preface,
    a header, a frame, in the middle of a stream, half-closed, or filled with noise. Another user's new connections are served
    all the time, and streams that were there before stay. Descriptors come back, memory stays where it was after the first
    wave."""
    stage = setting.stage("connections", claimed=True)
    with setting.closing(stage):
        stage.start()
        stage.entry("/web", "unix:uid:0")
        for user in (65533, 65532, 65531, 65530, 65529):
            stage.entry(f"/crowd/{user}", f"unix:uid:{user}")
        crowd = setting.watchers(stage)
        crowd.add(0, raw=2, libraries=1)
        until("everybody's first SVID", lambda: len(crowd.streams()) == 3, 60)
        other = OtherClient(str(stage.socket), stage.spiffe_id("/web"))
        other.start()
        time.sleep(2)
        descriptors, memory, first = stage.agent.descriptors(), [], time.time()
        total = setting.options.connections
        waves = (
            ("by five users, of all kinds", (65533, 65532, 65531, 65530, 65529), "all"),
            ("by one user, all in the middle of a stream", (65533,), "stream"),
            ("by five users, of all kinds again", (65533, 65532, 65531, 65530, 65529), "all"))
        faults, opened, most = [], 0, 0
        try:
            for number, (name, users, kinds) in enumerate(waves):
                count, height = wave(setting, stage, users, kinds, total, leaves_by_dying=number == 1)
                opened += count
                most = max(most, height)
                setting.log(f"connections: {name}: {count} opened, {height} descriptors")
                try:
                    until("the descriptors back", lambda: stage.agent.descriptors() <= descriptors + 12, 60)
                except Fault as fault:
                    faults.append(f"{fault}: {stage.agent.descriptors()} and not {descriptors}")
                time.sleep(2)
                memory.append(stage.agent.memory())
        finally:
            other.stop()
        faults += other.faults()
        if opened < total * len(waves):
            faults.append(f"{opened} connections were opened, not {total} in each of {len(waves)} waves")
        if most < descriptors + min(900, total // 3):
            faults.append(f"at most {most} descriptors: the crowd was never there, and this proves nothing")
        # What the allocator keeps is kept after the first wave; a leak grows with each.
        if memory[-1] > memory[0] * 1.2 + 20_000:
            faults.append(f"memory grows: {memory} KiB")
        broken = [one for one in crowd.record() if one["event"] == "error" and one["at"] > first]
        faults += [f"{one['who']}, which was there before, is told {one['code']}" for one in broken[:2]]
        faults += watchers.losses(crowd.record())
        crowd.close()
        if faults:
            raise Fault("; ".join(faults[:6]))
        return {"opened": opened, "descriptors": [descriptors, most, stage.agent.descriptors()], "memory_KiB": memory,
                "other_calls": other.calls, "other_slowest_s": round(other.slowest, 2)}


def wave(setting, stage, users, kinds, total, leaves_by_dying):
    """Opens, waits, leaves: (how many were opened, the most descriptors that the agent had)."""
    processes = []
    try:
        left = total
        number = 0
        while left > 0:
            user = users[number % len(users)]
            processes.append(subprocess.Popen(
                [sys.executable, str(HERE / "crowd.py"), str(user), str(stage.socket), str(min(left, PER_PROCESS)),
                 str(setting.random.getrandbits(32)), kinds], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            left -= PER_PROCESS
            number += 1
        words = [process.stdout.readline().split(maxsplit=2) for process in processes]
        setting.log(f"connections: {words}")
        opened = sum(int(one[1]) for one in words)
        time.sleep(3)
        height = stage.agent.descriptors()
        for place, process in enumerate(processes):
            process.stdin.write("die\n" if leaves_by_dying or place % 2 else "close\n")
            process.stdin.flush()
        for process in processes:
            process.wait(timeout=60)
        return opened, height
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()


class OtherClient:
    """Somebody who wants an SVID over a new connection again and again."""

    def __init__(self, path, identity):
        self.path, self.identity = path, identity
        self.calls, self.slowest, self.failures = 0, 0.0, []
        self.is_stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.is_stopped.set()
        self.thread.join(30)

    def faults(self):
        faults = [f"somebody else is not served: {one}" for one in self.failures[:3]]
        if self.calls < 20:
            faults.append(f"somebody else made {self.calls} calls only")
        return faults

    def _run(self):
        while not self.is_stopped.wait(0.05):
            began = time.monotonic()
            self.calls += 1
            try:
                found = raw_calls.fetch(self.path, PATIENCE)
                if list(found) != [self.identity]:
                    self.failures.append(f"is {list(found)}")
            except (raw_calls.Refused, OSError) as error:
                self.failures.append(f"{error} after {time.monotonic() - began:.1f} s")
            self.slowest = max(self.slowest, time.monotonic() - began)
