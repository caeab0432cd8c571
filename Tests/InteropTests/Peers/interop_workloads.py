# SPDX-License-Identifier: Apache-2.0
"""Stories of workloads: unmodified py-spiffe, PyJWT and Envoy take their identities from our node agent.

Each peer is a process of its own, whose name, version and PID are printed; what it checks is counted. With `is_killed` the
peer is killed as soon as it runs: then the story must fail.
"""
import json
import os
import pathlib
import signal
import subprocess
import threading

from interop_histories import Disagreement
from kelmark_domain import Domain
from kelmark_nodes import free_ports

HERE = pathlib.Path(__file__).resolve().parent
NOBODY = 65534


class Peers:
    """The environments of py-spiffe and Envoy, and a domain of ours whose agent serves them."""

    def __init__(self, py_spiffe, envoy, domain, is_killed=False):
        self.py_spiffe, self.envoy, self.domain, self.is_killed = py_spiffe, envoy, domain, is_killed

    def start(self, name, environment, command, **variables):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=HERE / "spiffe",
            env=os.environ | {"SPIFFE_ENDPOINT_SOCKET": self.domain.endpoint, "PYTHONDONTWRITEBYTECODE": "1"} | variables)
        print(f"peer    {name}, PID {process.pid}", flush=True)
        if self.is_killed:
            process.kill()
        return process

    def script(self, name, *arguments, seconds=120, on_step=None, **variables):
        """Runs one script with py-spiffe; returns how many checks it made, all of which must have passed."""
        process = self.start(
            f"py-spiffe {self.py_spiffe.version}, {name}", self.py_spiffe,
            [self.py_spiffe.python, f"{name}.py", *map(str, arguments)], **variables)
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
            process.stdin.close()
        failures = [line for line in lines if line.startswith("FAIL")]
        try:
            result = json.loads(lines[-1])
        except (IndexError, ValueError):
            raise Disagreement(f"{name} ended with {status} and without a result: {' / '.join(lines[-4:])}") from None
        if status or result["failed"] or not result["checks"]:
            raise Disagreement(f"{name}: {'; '.join(failures) or result}")
        return result["checks"]


def contexts(peers):
    peers.domain.entry("/web", "--hint", "main")
    return f"{peers.script('01_x509_context')} checks"


def watching(peers):
    peers.domain.entry("/short", "--x509-ttl", "20")
    return f"{peers.script('02_watch', 3, 60)} checks"


def tokens(peers):
    peers.domain.entry("/web")
    return f"{peers.script('03_jwt')} checks"


def refusals(peers):
    peers.domain.entry("/web")
    return f"{peers.script('04_raw_negative')} checks"


def mutual(peers):
    peers.domain.entry("/web")
    return f"{peers.script('05_mtls', PORT=str(free_ports(1)[0]))} checks"


def lifecycle(peers):
    domain, made = peers.domain, []

    def step(name):
        if name == "create":
            made.append(domain.entry("/lc", "--x509-ttl", "20", selector=f"unix:uid:{NOBODY}"))
        elif name == "second":
            made.append(domain.entry("/lc2", "--hint", "second", selector=f"unix:uid:{NOBODY}"))
        else:
            for one in made:
                domain.ask("entry", "delete", "--entry-id", one)
    return f"{peers.script('06_lifecycle', NOBODY, on_step=step)} checks"


def secrets(peers):
    peers.domain.entry("/web")
    return f"{peers.script('07_sds')} checks"


def envoy(peers, context):
    identity = f"spiffe://{peers.domain.name}/proxy"
    peers.domain.entry("/proxy")
    ports = free_ports(3)
    binary = pathlib.Path(peers.envoy.python).parent / "envoy"
    process = peers.start(
        f"Envoy {peers.envoy.version}, {context}", peers.envoy, ["./08_envoy.sh"], ENVOY=str(binary),
        AGENT_SOCK=str(peers.domain.socket), ID=identity, CTX=context, PY=peers.py_spiffe.python, P1=str(ports[0]),
        P2=str(ports[1]), P3=str(ports[2]))
    try:
        output, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        raise Disagreement("Envoy does not come to an end") from None
    if process.returncode or "PASS envoy mTLS" not in output or identity not in output:
        raise Disagreement(f"Envoy ended with {process.returncode}: {' / '.join(output.splitlines()[-6:])}")
    return "mTLS to itself by both identities of SDS"


STORIES = {
    "py-spiffe fetches X.509 contexts and bundles": contexts,
    "py-spiffe watches an SVID rotate": watching,
    "py-spiffe and PyJWT take JWT-SVIDs": tokens,
    "raw gRPC: the security header, codes, health, reflection": refusals,
    "spiffe-tls: mutual TLS, wrong peers refused": mutual,
    "the life of an entry, seen by an unprivileged workload": lifecycle,
    "raw SDS: names, acknowledgements, forms for Envoy's versions": secrets,
    "Envoy, mutual TLS through SDS with ROOTCA": lambda peers: envoy(peers, "ROOTCA"),
    "Envoy, mutual TLS through SDS with ALL": lambda peers: envoy(peers, "ALL"),
}
SMOKE = (
    "py-spiffe fetches X.509 contexts and bundles", "py-spiffe and PyJWT take JWT-SVIDs",
    "spiffe-tls: mutual TLS, wrong peers refused", "Envoy, mutual TLS through SDS with ROOTCA")


def play(title, py_spiffe, envoy_environment, binary, folder, is_killed=False):
    """One story with a fresh domain; what it counts, in words."""
    domain = Domain(binary, folder)
    try:
        domain.start()
        return STORIES[title](Peers(py_spiffe, envoy_environment, domain, is_killed))
    finally:
        domain.close()
