# SPDX-License-Identifier: Apache-2.0
"""The organisation revokes the only authority of a domain: workloads get a root under which nothing is valid, and py-spiffe
and Envoy refuse every new handshake. How long each step took is printed."""
import json
import queue
import secrets
import ssl
import subprocess
import threading
import time
import urllib.request

from envoy_pair import EnvoyPair
from interop_histories import Disagreement
from kelmark_domain import Domain
from kelmark_nodes import free_ports
from workload_peers import Peers

# How many handshakes in a row have to be refused before it counts.
IN_A_ROW = 20


class Handshakes:
    """A process with py-spiffe that makes or takes handshakes all the time, and what it has seen."""

    def __init__(self, peers, *arguments):
        environment = peers.py_spiffe
        self.name = f"py-spiffe {environment.version}, {arguments[0]}"
        self.process = peers.start(self.name, [environment.python, "12_handshakes.py", *arguments])
        self.events = []
        self.texts = queue.SimpleQueue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.texts.put(line.strip())

    def all(self, what, since=0):
        return [event for event in list(self.events) if event["what"] == what and event["at"] >= since]

    def has_reason(self, refused):
        """Whether it was the certificate of the peer, each time."""
        return all("certificate verify failed" in event["why"] for event in refused)

    def require_running(self):
        if self.process.poll() is not None:
            said = " / ".join(self.texts.get() for _ in range(self.texts.qsize()))
            raise Disagreement(f"{self.name} ended with {self.process.returncode}: {said[-300:]}")

    def close(self):
        self.process.kill()
        self.process.wait()


class EnvoyCalls:
    """Asks the outer Envoy for one request after the other, each with a handshake of its own behind it."""

    def __init__(self, pair, pause):
        self.pair, self.pause, self.events, self.is_over = pair, pause, [], False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.is_over:
            try:
                status, body = self.pair.ask()
            except (OSError, Disagreement) as error:
                self.events.append({"what": "lost", "at": time.time(), "why": str(error)})
            else:
                # 503: the inner one refuses, or the outer one does, which counts why.
                what = "served" if status == 200 else "refused" if status == 503 else "lost"
                self.events.append({"what": what, "at": time.time(), "why": f"{status}: {body.strip()[:160]}"})
            time.sleep(self.pause)

    def all(self, what, since=0):
        return [event for event in list(self.events) if event["what"] == what and event["at"] >= since]

    def has_reason(self, refused):
        """Whether it was the certificate of the inner one, as the outer one counts."""
        return sum(self.pair.counts(r"^cluster\.new\.ssl\.fail_verify").values()) >= len(refused)

    def close(self):
        self.is_over = True
        self.thread.join(60)


class TombstoneDrill:
    """One domain with an organisation, and the peers that live by its only authority."""

    def __init__(self, binary, environments, folder, options, say):
        self.domain = Domain(binary, folder / "stack")
        self.peers = Peers(environments, self.domain, options.kill_drill)
        self.folder, self.say, self.open = folder, say, []

    def keep(self, one):
        self.open.append(one)
        return one

    def play(self):
        try:
            self.domain.start()
            self.begin()
            self.kill()
            self.afterwards()
        finally:
            for one in reversed(self.open):
                one.close()
            self.domain.close()

    def begin(self):
        domain = self.domain
        domain.entry("/web")
        self.identity = f"spiffe://{domain.name}/web"
        port, = free_ports(1)
        self.server = self.keep(Handshakes(self.peers, "serve", port))
        self.until("a service of py-spiffe", lambda: self.server.all("listening"))
        self.caller = self.keep(Handshakes(self.peers, "call", port, self.identity, 0.1))
        self.pair = self.keep(EnvoyPair(self.peers, self.folder / "envoys", self.identity, resumes=True))
        self.calls = self.keep(EnvoyCalls(self.pair, 0.1))
        self.until("handshakes", lambda: min(len(one.all("served")) for one in (self.caller, self.calls)) >= IN_A_ROW)
        for one in (self.caller, self.calls):
            if one.all("refused") or one.all("lost"):
                raise Disagreement(f"refused before anything was revoked: {(one.all('refused') + one.all('lost'))[0]}")
        self.before = self.caller.all("update")[-1]
        self.token = domain.program.run(
            ["workload", "fetch", "jwt", "--socket-path", str(domain.socket), "--audience", "drill"])["svids"][0]["svid"]
        self.say(f"trust domain {domain.name}: py-spiffe and Envoy speak mutual TLS as {self.identity} under the one authority {self.before['signer']}")

    def until(self, what, question, seconds=60):
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            for one in self.open:
                if isinstance(one, Handshakes):
                    one.require_running()
                elif isinstance(one, EnvoyPair):
                    one.require_running()
            if time.monotonic() > deadline:
                raise Disagreement(f"{what} does not come to pass in {seconds} s")
            time.sleep(0.02)
        return answer

    def published(self):
        """How many keys the bundle endpoint shows; None while it can't be asked."""
        context = ssl._create_unverified_context()
        try:
            with urllib.request.urlopen(
                    f"https://127.0.0.1:{self.domain.bundle_port}/", timeout=10, context=context) as answer:
                return len(json.load(answer)["keys"])
        except OSError:
            return None

    def kill(self):
        """Revokes the credential of the issuer, and waits until nobody takes a new handshake."""
        credential = self.domain.program.run(["authority", "list"])["authorities"][0]["credential"]
        began = time.time()
        self.domain.program.run(["authority", "revoke", credential, "--yes"])
        sealed = time.time()
        self.say(f"revoked by the organisation: {sealed - began:.2f} s for two signatures and the seal")
        self.until("an empty bundle", lambda: self.published() == 0)
        self.say(f"the issuer publishes no key any more {time.time() - sealed:.2f} s after the seal")
        tombstone = self.until(
            "the tombstone root", lambda: [one for one in self.caller.all("update", began) if "tombstone" in one["units"]])[0]
        self.say(f"workloads have the tombstone root {tombstone['at'] - sealed:.2f} s after the seal")
        if tombstone["serial"] != self.before["serial"] or len(tombstone["roots"]) != 1 or (
                tombstone["roots"] == self.before["roots"]):
            raise Disagreement(f"not the old SVID with one new root: {tombstone}, before {self.before}")
        for name, one in (("py-spiffe", self.caller), ("Envoy", self.calls)):
            self.until(f"{name} refuses", lambda: refusing(one, began))
            first = one.all("refused", began)[0]
            last = max(event["at"] for event in one.all("served"))
            self.say(
                f"{name} refuses new handshakes {first['at'] - sealed:.2f} s after the seal; its last one {last - sealed:.2f} s; "
                f"then {len(one.all('refused'))} refused in a row ({first['why']})")
            if one.all("lost") or one.all("silent") or last > first["at"]:
                raise Disagreement(f"{name}: {(one.all('lost') + one.all('silent') or [f'served at {last - sealed:.2f}'])[0]}")

    def afterwards(self):
        """What else must not work any more, or must go on."""
        domain, peers = self.domain, self.peers
        for one in (self.server, self.caller):
            if one.all("lost"):
                raise Disagreement(f"{one.name} lost its source: {one.all('lost')[0]}")
        # A service that began before keeps old roots in its TLS context: spiffe-tls only adds. One that begins now has none.
        port, = free_ports(1)
        late = self.keep(Handshakes(peers, "serve", port))
        self.until("a late service of py-spiffe", lambda: late.all("listening"))
        self.show_old_certificate(port)
        self.until("the late service refuses", lambda: late.all("refused"))
        if late.all("served"):
            raise Disagreement("a new service of py-spiffe takes a certificate of the dead authority")
        self.say(f"a service of py-spiffe that begins now refuses the old certificate ({late.all('refused')[0]['why']})")
        for arguments in (
                ["fetch", "jwt", "--audience", f"drill-{secrets.token_hex(4)}"],
                ["validate", "jwt", "--audience", "drill", "--svid-file", self.written(self.token)]):
            status = self.run("workload", *arguments, "--socket-path", domain.socket)
            if status == 0:
                raise Disagreement(f"workload {' '.join(map(str, arguments[:2]))} works under a dead authority")
        self.say("no token is given any more, and none of before is valid")
        status, _ = self.pair.ask("/kept")
        self.say(f"a new request of Envoy over any other connection: {status}")
        if status == 200:
            raise Disagreement("Envoy makes a new connection under a dead authority")

    def run(self, *arguments):
        program = self.domain.program
        return subprocess.run(
            [program.binary, *map(str, arguments), *program.options], stdin=subprocess.DEVNULL, capture_output=True,
            timeout=60).returncode

    def written(self, token):
        file = self.folder / "token"
        file.write_text(token)
        file.chmod(0o600)
        return file

    def show_old_certificate(self, port):
        """A caller that does not look whom it calls, and shows the certificate that workloads still have."""
        folder = self.folder / "old"
        folder.mkdir()
        self.domain.program.run(
            ["workload", "fetch", "x509", "--socket-path", str(self.domain.socket), "--write", str(folder)])
        subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-cert", str(folder / "svid.0.pem"),
             "-key", str(folder / "svid.0.key")], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)


def refusing(one, since):
    """Whether the newest handshakes were refused, one after the other, because certificates did not verify."""
    newest = [event for event in list(one.events) if event["what"] in ("served", "refused", "lost", "silent")][-IN_A_ROW:]
    if len(newest) < IN_A_ROW or any(event["what"] != "refused" or event["at"] < since for event in newest):
        return False
    return one.has_reason(newest)


def play(binary, environments, folder, options, say):
    """The whole drill."""
    TombstoneDrill(binary, environments, folder, options, say).play()
