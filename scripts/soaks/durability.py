# SPDX-License-Identifier: Apache-2.0
"""Kills writers of a store, cuts their power, and troubles witnesses; see `scripts/soak`."""
import os
import pathlib
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts" / "power"))
import crash_model  # noqa: E402

GENERATION = 20  # rounds that go on with one store before a fresh one


class Soak:
    def __init__(self, options):
        self.seed = options.seed if options.seed is not None else secrets.randbits(32)
        self.random = random.Random(self.seed)
        self.folder = ROOT / ".build" / "soak" / f"{time.strftime('%Y%m%d-%H%M%S')}-{self.seed}"
        self.folder.mkdir(parents=True)
        # A copy, so that a build in the meantime changes nothing.
        if options.only != "identity":
            self.binary = shutil.copy(options.binary, self.folder / "kelmark-soak")
        self.log_file = open(self.folder / "log", "w", encoding="utf-8")
        self.rows = []

    def log(self, text, show=False):
        print(text, file=self.log_file, flush=True)
        if show:
            print(text, flush=True)

    def writer(self, folder, lane=0, steps=100_000, **environment):
        command = [self.binary, "write", str(folder), "--lane", str(lane), "--seed", str(self.random.getrandbits(63)),
                   "--steps", str(steps), "--checkpoint", str(self.random.choice([4, 20, 60, 2000]))]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env=dict(os.environ, SWIFT_BACKTRACE="enable=no", **environment))

    def check(self, folder, acknowledged, lanes):
        """Whether all is well, and what the checker says."""
        done = subprocess.run(
            [self.binary, "check", str(folder), "--lanes", str(lanes)], input=b"".join(acknowledged),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
            env=dict(os.environ, SWIFT_BACKTRACE="enable=no"))
        return done.returncode == 0, done.stdout.decode(errors="replace").strip()

    def keep(self, folder, name):
        shutil.copytree(folder, self.folder / f"failed-{name}", dirs_exist_ok=True)

    # Kills

    def kills(self, rounds):
        row = Row("SIGKILL")
        self.rows.append(row)
        folder = None
        for number in range(rounds):
            if number % GENERATION == 0:
                folder, acknowledged = self.folder / f"kills-{number}", []
                folder.mkdir(mode=0o700)
            lanes = 2 if number % 4 == 3 else 1
            writers = [self.writer(folder, lane) for lane in range(lanes)]
            # From the start of the process on; opening takes its part of the time.
            time.sleep(self.random.uniform(0.01, 0.5))
            died = [writer for writer in writers if writer.poll() is not None]
            for writer in writers:
                writer.send_signal(signal.SIGKILL)
            said = [writer.communicate()[0] for writer in writers]
            fresh = [line for text in said for line in whole_lines(text)]
            acknowledged += fresh
            good, words = self.check(folder, acknowledged, 2)
            good = good and not died
            row.count(good, len(fresh), words)
            self.log(f"kill {number}: {len(fresh)} acknowledged, {words}")
            if not good:
                self.log(f"kill {number} FAILED (seed {self.seed}): {words} {said if died else ''}", show=True)
                self.keep(folder, f"kill-{number}")
            progress("kills", number + 1, rounds)
            if number % GENERATION == GENERATION - 1 or number == rounds - 1:
                shutil.rmtree(folder)

    # Power losses

    def build_recorder(self):
        library = self.folder / "recorder.so"
        subprocess.run(
            ["cc", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wno-unused-parameter", "-o", str(library),
             str(ROOT / "scripts/power/recorder.c"), "-lpthread"], check=True)
        return library

    def losses(self, rounds, recorder, ignore_sync=False):
        row = Row("power loss" if not ignore_sync else "control")
        self.rows.append(row)
        folder = None
        for number in range(rounds):
            if number % GENERATION == 0 or folder is None:
                folder, acknowledged = self.folder / f"{row.name.split()[0]}-{number}", []
                folder.mkdir(mode=0o700)
            record = self.folder / "record"
            record.unlink(missing_ok=True)
            environment = {"LD_PRELOAD": str(recorder), "POWER_ROOT": str(folder), "POWER_LOG": str(record)}
            with_full = not ignore_sync and self.random.random() < 0.4
            if with_full:
                environment |= {
                    "POWER_FULL_AT": str(self.random.randrange(200)),
                    "POWER_FULL_FOR": str(self.random.randrange(1, 60)),
                    "POWER_FULL_SYNC": str(self.random.randrange(2))}
            disk = crash_model.Disk(folder)
            writer = self.writer(folder, steps=self.random.randrange(1, 40), **environment)
            said = writer.communicate(timeout=600)[0]
            operations = crash_model.read_log(record) if record.exists() else []
            if writer.returncode != 0 or not operations:
                row.count(False, 0, "")
                self.log(f"loss {number} FAILED (seed {self.seed}): the writer ended with {writer.returncode}: "
                         f"{said.decode(errors='replace')[-2000:]}", show=True)
                self.keep(folder, f"loss-{number}")
                folder = None
                continue
            cut = self.cut(operations)
            text = b""
            for operation in operations[:cut]:
                disk.run(operation, ignore_sync)
                if operation[0] == crash_model.SAID:
                    text += operation[5]
            fresh = whole_lines(text)
            row.full += text.count(b"full ")
            row.synchronisations += sum(
                1 for operation in operations if operation[0] in (crash_model.SYNC, crash_model.SYNC_FOLDER))
            left = self.folder / f"{row.name.split()[0]}-left"
            shutil.rmtree(left, ignore_errors=True)
            disk.crash(self.random, str(left))
            untouched = self.folder / "untouched"
            shutil.rmtree(untouched, ignore_errors=True)
            shutil.copytree(left, untouched)
            good, words = self.check(left, acknowledged + fresh, 1)
            acknowledged += fresh
            row.count(good, len(fresh), words)
            self.log(f"{row.name} {number}: cut at {cut} of {len(operations)}, {len(fresh)} acknowledged, {words}")
            shutil.rmtree(folder)
            folder = None if not good else left.rename(folder)
            if not good and not ignore_sync:
                self.log(f"loss {number} FAILED (seed {self.seed}): {words}", show=True)
                self.keep(untouched, f"loss-{number}")
            progress(row.name, number + 1, rounds)
            if folder is not None and (number % GENERATION == GENERATION - 1 or number == rounds - 1):
                shutil.rmtree(folder)

    def cut(self, operations):
        """Before which operation the power goes: anywhere, or beside a synchronisation or an acknowledgement."""
        places = [place for place, operation in enumerate(operations)
                  if operation[0] in (crash_model.SYNC, crash_model.SYNC_FOLDER, crash_model.SAID)]
        if places and self.random.random() < 0.5:
            return min(len(operations), self.random.choice(places) + self.random.randrange(2))
        return self.random.randrange(len(operations) + 1)

    # Network

    def network(self, events, kelmark, wipe=False):
        """Whether the witnesses came through; for the control, whether its planted fault was noticed."""
        name = "network-control" if wipe else "network"
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        # A copy, so that a build in the meantime changes nothing.
        command = [self.binary, "network", str(folder), "--seed", str(self.seed), "--events", str(events)]
        binary = shutil.copy(kelmark, self.folder / "kelmark")
        drill = subprocess.Popen(
            command + (["--wipe", "1"] if wipe else []), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            stdin=subprocess.DEVNULL, start_new_session=True,
            env=dict(os.environ, SWIFT_BACKTRACE="enable=no", KELMARK=str(binary)))
        lines = []
        began = time.monotonic()
        try:
            for line in drill.stdout:
                lines.append(line.rstrip())
                if not line.startswith("FAIL"):
                    self.log(f"{name}: {line.rstrip()}", show=True)
            drill.wait()
        finally:
            # The witnesses are of its group; paused ones would outlive it.
            try:
                os.killpg(drill.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        fails = [line for line in lines if line.startswith("FAIL")]
        for line in fails:
            self.log(f"{name}: {line}", show=not wipe)
        self.log(f"{name}: ended with {drill.returncode} in {time.monotonic() - began:.0f} s", show=True)
        if wipe:
            noticed = {kind for kind in ("lost", "doubled", "differs") if any(line.startswith(f"FAIL {kind}:") for line in fails)}
            self.log(f"{name}: the planted fault was noticed as {', '.join(sorted(noticed)) or 'nothing'}", show=True)
            return len(noticed) == 3
        if drill.returncode:
            self.keep(folder, name)
        return drill.returncode == 0

    # Result

    def clean(self):
        """Leaves the log, and the folders of failed rounds."""
        for path in self.folder.iterdir():
            if path.is_dir() and not path.name.startswith("failed-"):
                shutil.rmtree(path)
            elif path.is_file() and path.suffix != ".log" and path.name != "log":
                path.unlink()

    def summary(self, began):
        lines = [] if not self.rows else [f"{'what':<12} {'rounds':>6} {'acknowledged':>13} {'events verified':>16} {'disk full':>10} {'syncs':>7} "
                 f"{'failures':>9}"]
        for row in self.rows:
            lines.append(
                f"{row.name:<12} {row.rounds:>6} {row.acknowledged:>13} {row.events:>16} {row.full:>10} "
                f"{row.synchronisations:>7} {row.failures:>9}")
        lines.append(f"seed {self.seed}, {time.monotonic() - began:.0f} s, log {self.folder.relative_to(ROOT)}/log")
        for line in lines:
            self.log(line, show=True)


class Row:
    def __init__(self, name):
        self.name, self.rounds, self.acknowledged, self.events, self.full, self.failures = name, 0, 0, 0, 0, 0
        self.synchronisations = 0

    def count(self, good, acknowledged, words):
        self.rounds += 1
        self.failures += not good
        self.acknowledged += acknowledged
        numbers = words.rsplit("\n", 1)[-1].split()
        if "events" in numbers:
            self.events += int(numbers[numbers.index("events") + 1])


def whole_lines(text):
    """The lines that were said to their end."""
    return [line for line in text.splitlines(keepends=True) if line.endswith(b"\n")]


def progress(name, done, total):
    if sys.stdout.isatty():
        print(f"\r{name} {done}/{total} ", end="\n" if done == total else "", flush=True)
    elif done % 50 == 0 or done == total:
        print(f"{name} {done}/{total}", flush=True)
