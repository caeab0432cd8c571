# SPDX-License-Identifier: Apache-2.0
"""The scenarios of workload identity, one after the other while the longest one runs beside them."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "InteropTests" / "Peers"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import absence  # noqa: E402
import clock_steps  # noqa: E402
import connections  # noqa: E402
import full_disk  # noqa: E402
import headers  # noqa: E402
import peer_environments  # noqa: E402
import process_numbers  # noqa: E402
import programs  # noqa: E402
import restarts  # noqa: E402
from identity_stage import Stage  # noqa: E402
from watchers import Watchers  # noqa: E402

# The first one waits most of the time, so the others are played meanwhile.
SCENARIOS = {
    "absence": absence, "programs": programs, "headers": headers, "process-numbers": process_numbers,
    "connections": connections, "full-disk": full_disk, "restarts": restarts, "clock-steps": clock_steps}


class Setting:
    """What a scenario has: the binary, a folder, chance of its own, a log."""

    def __init__(self, name, options, binary, folder, python, seed, log):
        self.options, self.binary, self.folder, self.python = options, binary, folder, python
        self.random = random.Random(f"{seed}/{name}")
        self.log = log

    def stage(self, name, **options):
        return Stage(self.binary, self.folder / f"identity-{name}", self.log, **options)

    def watchers(self, stage):
        crowd = Watchers(self.python, stage, self.log)
        self.crowds.append(crowd)
        return crowd

    @contextlib.contextmanager
    def closing(self, stage):
        """Ends everything of a stage, whatever happens; a fault of ending counts when nothing else is wrong."""
        self.crowds = []
        try:
            yield stage
        except BaseException:
            for crowd in self.crowds:
                crowd.close()
            with contextlib.suppress(Exception):
                stage.close()
            raise
        for crowd in self.crowds:
            crowd.close()
        stage.close()


def play(soak, options, kelmark):
    """Plays them; a list of what failed."""
    if os.geteuid() != 0:
        return ["identity: needs root: workloads of several users, a pid namespace, limits of processes"]
    binary = shutil.copy(kelmark, soak.folder / "kelmark")
    python = peer_environments.prepare_kind(peer_environments.PY_SPIFFE).python
    names = options.scenario or list(SCENARIOS)
    failures = []

    def run(name):
        lock = threading.Lock()
        path = soak.folder / f"identity-{name}.log"
        with open(path, "a", encoding="utf-8") as file:
            def log(text):
                with lock:
                    if not file.closed:
                        print(f"{time.time():.3f} {text}", file=file, flush=True)
            began = time.monotonic()
            setting = Setting(name, options, binary, soak.folder, python, soak.seed, log)
            try:
                result = SCENARIOS[name].play(setting)
            except Exception as error:  # noqa: BLE001  (whatever it is: the scenario did not come through)
                failures.append(f"identity {name}")
                if not isinstance(error, AssertionError):
                    log(f"{type(error).__name__}: {error}")
                verdict = f"FAILED: {type(error).__name__}: {error}"
            else:
                verdict = f"ok: {json.dumps(result)}"
            soak.log(f"identity {name}: seed {soak.seed}, {time.monotonic() - began:.0f} s, {verdict}", show=True)

    beside = threading.Thread(target=run, args=("absence",)) if "absence" in names else None
    if beside:
        beside.start()
    for name in names:
        if name != "absence":
            run(name)
    if beside:
        beside.join()
    return failures
