# SPDX-License-Identifier: Apache-2.0
"""Two Envoys under load while the authority that signed their identities is replaced by force: no request may fail."""
import re
import signal
import subprocess
import time

from envoy_pair import EnvoyPair, key_name
from interop_histories import Disagreement
from workload_peers import tool


class Load:
    """One `wrk` that sends requests until it is told to stop."""

    def __init__(self, url, connections, is_killed):
        # A machine that is busy with other things may let an answer wait; that is no failed request.
        self.process = subprocess.Popen(
            [tool("wrk", "wrk"), "-t1", f"-c{connections}", "-d900s", "--timeout", "60s", url], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(f"peer    wrk, {connections} connections to {url}, PID {self.process.pid}", flush=True)
        if is_killed:
            self.process.kill()

    def finish(self):
        """How many requests were answered; a Disagreement when one was not, or not by 200."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            text, _ = self.process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Disagreement("wrk does not come to an end") from None
        found = re.search(r"(\d+) requests in", text)
        if self.process.returncode or not found:
            raise Disagreement(f"wrk ended with {self.process.returncode}: {text.strip()[-300:]}")
        failures = re.findall(r"(?:Socket errors|Non-2xx or 3xx responses):.*", text)
        if failures:
            raise Disagreement(f"failed requests of {found[1]}: {'; '.join(failures)}")
        return int(found[1])


def rotation(peers):
    domain = peers.domain
    domain.entry("/proxy")
    pair = EnvoyPair(peers, domain.folder / "envoys", f"spiffe://{domain.name}/proxy")
    loads = []
    try:
        began = time.monotonic()
        loads = [Load(f"http://127.0.0.1:{pair.port}/{path}", count, peers.is_killed)
                 for path, count in (("new", 4), ("kept", 2))]
        phases = turn_over(domain, pair, lambda: quiet(pair, loads))
        answered = [load.finish() for load in loads]
        loads = []
        return (f"{' + '.join(map(str, answered))} requests in {time.monotonic() - began:.0f} s, none failed; "
                f"{', '.join(phases)}")
    finally:
        for load in loads:
            load.process.kill()
            load.process.wait()
        pair.close()


def quiet(pair, loads):
    """Lets some handshakes go by, and looks that all goes on: at least 20 requests each way."""
    for load in loads:
        if load.process.poll() is not None:
            raise Disagreement(f"wrk ended with {load.process.returncode}")
    before = pair.counts(r"^cluster\.(new|kept)\.upstream_rq_200$")
    deadline = time.monotonic() + 60
    while True:
        pair.require_running()
        now = pair.counts(r"^cluster\.(new|kept)\.upstream_rq_200$")
        if len(now) == 2 and all(count - before.get(name, 0) >= 20 for name, count in now.items()):
            break
        if time.monotonic() > deadline:
            raise Disagreement(f"requests do not go on: {before}, {now}")
        time.sleep(0.1)
    failed = pair.failures()
    if failed:
        raise Disagreement(f"handshakes failed: {failed}")


def turn_over(domain, pair, look):
    """Prepare, activate, taint, revoke; each is followed by both Envoys before the next comes. How long each took."""
    began = time.monotonic()
    phases = []

    def phase(name, is_followed):
        nonlocal began
        domain.wait(f"{name} at both Envoys", lambda: all(is_followed(*one) for one in pair.secrets()), 90)
        phases.append(f"{name} {time.monotonic() - began:.1f} s")
        look()
        began = time.monotonic()

    look()
    old = domain.ask("localauthority", "x509", "show")["active"]["authority_id"]
    began = time.monotonic()
    new = domain.ask("localauthority", "x509", "prepare")["prepared_authority"]["authority_id"]
    phase("prepared", lambda leaf, roots: {key_name(one, "subject") for one in roots} == {old, new})
    domain.ask("localauthority", "x509", "activate", new)
    phase("activated", lambda leaf, roots: leaf is not None)
    domain.ask("localauthority", "x509", "taint", old, "--yes")
    phase("tainted", lambda leaf, roots: key_name(leaf, "authority") == new)
    domain.ask("localauthority", "x509", "revoke", old, "--yes")
    phase("revoked", lambda leaf, roots: {key_name(one, "subject") for one in roots} == {new})
    return phases
