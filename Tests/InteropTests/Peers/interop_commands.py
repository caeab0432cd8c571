# SPDX-License-Identifier: Apache-2.0
"""Stories told with the `kelmark` command: what it exports keripy must accept, and what keripy makes it must verify."""
import base64
import json
import os
import pathlib
import subprocess

from interop_histories import STATE, Disagreement, compare

# Each step is the arguments of one command and the exit code that it must have (6: waits for an approval).
STORIES = {
    "single": [
        ("id create alice", 0), ("id anchor alice --empty", 0), ("id rotate alice", 0),
        ("id anchor alice --empty --format cbor", 0), ("id rotate alice --format msgpack", 0)],
    "2-of-3": [
        ("id create alice --keys 3 --threshold 2 --next-keys 3 --next-threshold 2", 0),
        ("id anchor alice --empty --sign-with 0,2", 0),
        ("id rotate alice --threshold 2 --next-keys 3 --next-threshold 2 --sign-with 1,2", 0),
        ("id anchor alice --empty --sign-with 0,1", 0)],
    "weighted": [
        ("id create alice --keys 3 --threshold 1/2,1/2,1/2 --next-keys 3 --next-threshold 1/2,1/2,1/2", 0),
        ("id anchor alice --empty --sign-with 0,2", 0),
        ("id rotate alice --threshold 1/2,1/2+1 --next-keys 4 --next-threshold 1/2,1/2+1/3,2/3", 0),
        ("id rotate alice --threshold 1/2,1/2,1/2,1/2 --sign-with 0,1,2,3", 0)],
    "partial rotation": [
        ("id create alice --keys 3 --threshold 2 --next-keys 3 --next-threshold 2", 0),
        ("id rotate alice --reveal 0,2 --threshold 2 --next-keys 3 --next-threshold 1", 0),
        ("id anchor alice --empty", 0),
        ("id rotate alice --reveal 1 --add-keys 1 --threshold 2", 0)],
    "delegated": [
        ("id create org --keys 3 --threshold 2", 0),
        ("id delegate alice --from org", 0),
        ("id anchor alice --empty", 0),
        ("id rotate alice", 6),
        ("id approve alice", 0),
        ("id anchor alice --empty", 0)],
    "recovery": [
        ("id create alice", 0), ("id anchor alice --empty", 0), ("id anchor alice --empty", 0),
        ("id anchor alice --empty", 0), ("id rotate alice --at 2", 0), ("id anchor alice --empty", 0)],
}


class Program:
    """The `kelmark` binary with a home folder of its own."""

    def __init__(self, binary, folder):
        self.binary = str(binary)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        passphrase = self.folder / "passphrase"
        passphrase.write_text("correct horse battery staple\n")
        passphrase.chmod(0o600)
        self.options = ["--json", "--no-input", "--home", str(self.folder / "home"), "--passphrase-file", str(passphrase)]

    def run(self, arguments, expected=0):
        """The `data` of the envelope; a Disagreement when the exit code is another than `expected`, or none of them."""
        done = subprocess.run(
            [self.binary, *arguments, *self.options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "SWIFT_BACKTRACE": "enable=no"})
        shown = f"kelmark {' '.join(arguments)}"
        try:
            envelope = json.loads(done.stdout)
        except json.JSONDecodeError:
            raise Disagreement(
                f"{shown}: no JSON envelope, exit code {done.returncode}: {done.stderr.strip()[-300:]}") from None
        if done.returncode not in (expected if isinstance(expected, tuple) else (expected,)):
            raise Disagreement(f"{shown}: exit code {done.returncode} instead of {expected}: {envelope.get('error')}")
        return envelope["data"]


def ours_to(keripy, binary, folder, story):
    """Tells a story; keripy must reach the key state that `kelmark id show` tells."""
    program = Program(binary, folder)
    program.run(["init"])
    for command, expected in STORIES[story]:
        program.run(command.split(), expected)
    names = ["org", "alice"] if any("org" in command for command, _ in STORIES[story]) else ["alice"]
    stream = program.folder / "alice.cesr"
    program.run(["id", "export", "alice", "--out", str(stream)])
    seen = keripy.judge(stream.read_bytes())
    if seen["leftover"] or seen["escrows"] or seen["faults"]:
        raise Disagreement(f"{keripy.name}: leftover {seen['leftover']}, escrows {seen['escrows']}, faults {seen['faults']}")
    events = 0
    for name in names:
        state = program.run(["id", "show", name])["state"]
        theirs = seen["states"].get(state["i"])
        for field in STATE:
            if theirs is None or theirs.get(field) != state.get(field):
                raise Disagreement(
                    f"{name} {field}: kelmark says {state.get(field)!r}, {keripy.name} says {theirs and theirs.get(field)!r}")
        events += len(seen["log"][state["i"]])
    return f"{events} events, {len(STORIES[story])} commands, same final key state"


def theirs_to_ours(keripy, binary, folder, seed, kind):
    """keripy makes a history; `kelmark kel verify` must reach the same view."""
    made = keripy.ask("make", seed=seed, kind=kind, events=12)
    program = Program(binary, folder)
    stream = program.folder / "keripy.cesr"
    stream.write_bytes(base64.b64decode(made["stream"], validate=True))
    data = program.run(["kel", "verify", str(stream)])
    seen = dict(states=data["states"], log=data["log"], escrows=data["escrows"], leftover=0)
    difference = compare(
        made, seen, keripy.name, "kelmark kel verify", "recovery-repeats-witness-changes" in keripy.about["quirks"])
    if difference:
        raise Disagreement(difference)
    return f"{sum(len(log) for log in seen['log'].values())} events verified, same final key state"
