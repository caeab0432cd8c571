# SPDX-License-Identifier: Apache-2.0
"""Programs behind links, replaced, removed, changed: who the agent takes them for."""
import hashlib
import os
import shutil
import subprocess

from identity_stage import Fault, until

USER = 65534


def play(setting):
    """`path` is the file that runs, by the name that the kernel has for it, and only while it is that file; `sha256` is of the
    bytes that run. Facts (SPIFFE) 20.5."""
    stage = setting.stage("programs", claimed=True, agent_options=["--discover-workload-path"])
    with setting.closing(stage):
        stage.start()
        probe = stage.compiled("workload_probe.c")
        real, elsewhere = stage.place / "real", stage.place / "elsewhere"
        for folder in (real, elsewhere):
            folder.mkdir()
            folder.chmod(0o755)
        (stage.place / "link").symlink_to(real)
        program, evil = real / "program", elsewhere / "evil"
        install(probe, program)
        install(probe, evil, more=b"evil")
        good_hash, evil_hash = digest(program), digest(evil)
        removed = f"{program} (deleted)"
        entries = {
            "/any": [f"unix:uid:{USER}"],
            "/path": [f"unix:uid:{USER}", f"unix:path:{program}"],
            "/link": [f"unix:uid:{USER}", f"unix:path:{stage.place}/link/program"],
            "/name": [f"unix:uid:{USER}", f"unix:path:{stage.place}/name"],
            "/removed": [f"unix:uid:{USER}", f"unix:path:{removed}"],
            "/hash": [f"unix:uid:{USER}", f"unix:sha256:{good_hash}"],
            "/evil": [f"unix:uid:{USER}", f"unix:sha256:{evil_hash}"],
            "/both": [f"unix:uid:{USER}", f"unix:path:{program}", f"unix:sha256:{good_hash}"]}
        for path, selectors in entries.items():
            stage.entry(path, *selectors)
        cases = []

        def check(name, expected, got):
            wanted = sorted(stage.spiffe_id(path) for path in expected)
            setting.log(f"programs: {name}: {got}")
            cases.append((name, wanted == sorted(got.split()), got))

        run = Runs(stage)
        until("the entries", lambda: len(run.now(program).split()) == 4, 60, 0.5)
        whole = ["/any", "/path", "/hash", "/both"]
        check("at its path", whole, run.now(program))
        check("through a linked folder", whole, run.now(stage.place / "link" / "program"))
        name = stage.place / "name"
        name.symlink_to(program)
        check("through a linked name", whole, run.now(name))
        os.link(program, elsewhere / "hard")
        check("by a second name of the same file", ["/any", "/hash"], run.now(elsewhere / "hard"))
        install(program, elsewhere / "copy")
        check("a copy elsewhere", ["/any", "/hash"], run.now(elsewhere / "copy"))
        check("another program", ["/any", "/evil"], run.now(evil))

        for early in (True, False):
            when = "connected before" if early else "connects after"
            with run.waiting(program, early) as one:
                shutil.copy(evil, real / "new")
                os.chmod(real / "new", 0o755)
                os.replace(real / "new", program)
                check(f"its file was replaced, {when}", ["/any", "/hash"], one.answer())
            check(f"the one that replaced it, {when}", ["/any", "/path", "/evil"], run.now(program))
            install(probe, program)
            with run.waiting(program, early) as one:
                program.unlink()
                check(f"its file was removed, {when}", ["/any", "/hash"], one.answer())
            install(probe, program)
            with run.waiting(program, early) as one:
                program.unlink()
                install(evil, real / "program (deleted)")
                check(f"removed, and a file has the name that says so, {when}", ["/any", "/hash"], one.answer())
            (real / "program (deleted)").unlink()
            install(probe, program)

        # In a mount namespace of its own, something else lies at the path.
        check("another file at the path, for itself alone", ["/any", "/evil"], run.now(
            program, prefix=["unshare", "--mount", "--", "sh", "-c", f"mount --bind {evil} {program} && exec \"$@\"", "sh"]))
        # The same inode with other bytes, and the date of before.
        status = os.stat(program)
        with open(program, "ab") as file:
            file.write(b"!")
        os.utime(program, ns=(status.st_atime_ns, status.st_mtime_ns))
        check("changed, with the old date", ["/any", "/path"], run.now(program))
        faults = [f"{name}: {got}" for name, is_right, got in cases if not is_right]
        if faults:
            raise Fault("; ".join(faults[:6]))
        return {"cases": len(cases)}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install(source, target, more=b""):
    """A new file."""
    target.unlink(missing_ok=True)
    target.write_bytes(source.read_bytes() + more)
    target.chmod(0o755)


class Runs:
    """Runs programs as a user without rights."""

    def __init__(self, stage):
        self.socket = str(stage.socket)

    @staticmethod
    def command(program, prefix=()):
        return [*prefix, "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", str(program)]

    def now(self, program, prefix=()):
        return subprocess.run(
            [*self.command(program, prefix), "fetch", self.socket], capture_output=True, text=True, timeout=60,
            stdin=subprocess.DEVNULL).stdout.strip()

    def waiting(self, program, early):
        return Waiting([*self.command(program), "early" if early else "late", self.socket])


class Waiting:
    """A program that is there, and asks when it is told to."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise Fault("a program does not start")

    def __enter__(self):
        return self

    def answer(self):
        return self.process.communicate("go\n", timeout=60)[0].strip()

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
