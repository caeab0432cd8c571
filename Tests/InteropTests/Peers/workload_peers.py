# SPDX-License-Identifier: Apache-2.0
"""Processes that take their identities from our node agent, and how a story starts them."""
import json
import os
import pathlib
import shutil
import subprocess
import threading

from interop_histories import Disagreement
from peer_environments import PeerUnavailable

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = HERE / "spiffe"


class Peers:
    """The environments of py-spiffe, Envoy and other clients, and a domain of ours whose agent serves them.

    Each peer is a process of its own, whose name, version and PID are printed; what it checks is counted. With `is_killed`
    the peer is killed as soon as it runs: then the story must fail.
    """

    def __init__(self, environments, domain, is_killed=False):
        self.environments, self.domain, self.is_killed = environments, domain, is_killed

    @property
    def py_spiffe(self):
        return self.environments("py-spiffe")

    @property
    def envoy(self):
        return self.environments("envoy")

    def start(self, name, command, **variables):
        """Starts a process; its output is a pipe."""
        process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=SCRIPTS,
            env=os.environ | {"SPIFFE_ENDPOINT_SOCKET": self.domain.endpoint, "PYTHONDONTWRITEBYTECODE": "1"} | variables)
        print(f"peer    {name}, PID {process.pid}", flush=True)
        if self.is_killed:
            process.kill()
        return process

    def script(self, name, *arguments, seconds=120, on_step=None, **variables):
        """Runs one script with py-spiffe; returns how many checks it made, all of which must have passed."""
        process = self.start(
            f"py-spiffe {self.py_spiffe.version}, {name}", [self.py_spiffe.python, f"{name}.py", *arguments], **variables)
        return finish(process, name, seconds, on_step)


def finish(process, name, seconds=120, on_step=None):
    """Waits for a script that ends with its counts in JSON; returns how many checks it made, all of which must have passed.

    A line `STEP name` of the script is a request to change the domain: `on_step` is called with the name.
    """
    watchdog = threading.Timer(seconds, process.kill)
    watchdog.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("STEP ") and on_step:
                on_step(line.split()[1])
                process.stdin.write("done\n")
                process.stdin.flush()
        status = process.wait()
    except BrokenPipeError:
        status = process.wait()
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
    failures = [line for line in lines if line.startswith("FAIL")]
    try:
        result = json.loads(lines[-1])
    except (IndexError, ValueError):
        raise Disagreement(f"{name} ended with {status} and without a result: {' / '.join(lines[-4:])}") from None
    if status or result["failed"] or not result["checks"]:
        raise Disagreement(f"{name}: {'; '.join(failures) or result}")
    return result["checks"]


def tool(name, package):
    """Where a program of this machine is; a peer that is missing is a failure."""
    found = shutil.which(name)
    if not found:
        raise PeerUnavailable(f"{name} is not here; scripts/setup installs the Debian package {package}")
    return found
