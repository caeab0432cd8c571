# SPDX-License-Identifier: Apache-2.0
"""Both kinds of authority are turned over under watching workloads: every SVID is replaced, nobody is ever without a valid
one, and no handshake is refused."""
import json
import os
import secrets
import time

from interop_histories import Disagreement
from kelmark_domain import Domain
from peer_process import PeerLost, PeerProcess
from workload_peers import HERE

FIRST_USER = 41_000


class AuthorityDrill:
    """One domain and its watching clients."""

    def __init__(self, binary, environment, folder, options, say):
        self.domain = Domain(binary, folder / "stack")
        self.environment, self.folder, self.options, self.say = environment, folder, options, say
        self.clients = None

    def play(self):
        try:
            self.domain.start()
            self.people()
            self.turn_over("x509")
            self.turn_over("jwt")
            self.rest(5)
            status = self.status()
            self.say(
                f"{status['updates']} updates, {status['handshakes']} handshakes and {status['tokens_taken']} tokens; none "
                f"refused, nobody without a valid SVID")
        except PeerLost as error:
            raise Disagreement(str(error)) from None
        finally:
            if self.clients:
                self.clients.close()
            self.domain.close()

    def people(self):
        """One entry for each workload, then the workloads."""
        domain, count = self.domain, self.options.clients
        users = [FIRST_USER + number if os.geteuid() == 0 else os.getuid() for number in range(count)]
        paths = [f"/c{number}" if os.geteuid() == 0 else "/c" for number in range(count)]
        parent = domain.agent_id
        entries = [
            {"spiffe_id": f"spiffe://{domain.name}{path}", "parent_id": f"spiffe://{parent['trust_domain']}{parent['path']}",
             "selectors": [{"type": "unix", "value": f"uid:{user}"}]} for path, user in dict(zip(paths, users)).items()]
        file = self.folder / "entries.json"
        file.write_text(json.dumps({"entries": entries}))
        domain.ask("entry", "create", "--data", str(file))
        place = self.folder / "clients"
        place.mkdir(mode=0o755)
        self.handshakers = count // 2
        plan = {
            "seed": self.options.seed, "names": [f"spiffe://{domain.name}{path}" for path in paths], "users": users,
            "socket": str(domain.socket), "folder": str(place), "handshakers": self.handshakers,
            "handshake_seconds": self.options.pause, "token_seconds": 3 * self.options.pause}
        (self.folder / "plan.json").write_text(json.dumps(plan))
        began = time.monotonic()
        self.clients = PeerProcess(
            [self.environment.python, str(HERE / "drills" / "watching_clients.py"), str(self.folder / "plan.json")])
        about = self.clients.about
        print(f"peer    {self.clients.name}, PID {about['pid']}; clients {min(about['pids'])} to {max(about['pids'])}", flush=True)
        self.wait("an identity for each", lambda status: status["identities"] == count, 120)
        self.say(
            f"{count} workloads, {len(entries)} identities, have their SVIDs {time.monotonic() - began:.1f} s after their "
            f"first process began")
        self.clients.ask("go")
        if self.options.kill_drill:
            self.rest(3)
            self.say("drill: killing 5 workloads")
            self.clients.ask("kill", count=5)
        self.rest(5)

    # Asking.

    def status(self):
        """What the clients have seen; a Disagreement when one has gone or seen what must not be."""
        status = self.clients.ask("status")
        if status["faults"]:
            raise Disagreement(f"{status['faults']} faults: {'; '.join(status['first_faults'])}")
        if status["alive"] != self.options.clients:
            raise Disagreement(f"{status['alive']} of {self.options.clients} workloads run")
        return status

    def wait(self, what, question, seconds=60):
        deadline = time.monotonic() + seconds
        while not question(status := self.status()):
            if time.monotonic() > deadline:
                raise Disagreement(f"{what} does not come to pass in {seconds} s: {status}")
            time.sleep(0.1)
        return status

    def rest(self, seconds):
        """Lets handshakes and tokens go on for a while, and looks that they do."""
        before, began = self.status(), time.monotonic()
        while True:
            time.sleep(0.2)
            now = self.status()
            if time.monotonic() - began >= seconds and all(
                    now[one] > before[one] + self.options.clients // 4 for one in ("handshakes", "tokens_taken")):
                return
            if time.monotonic() - began > seconds + 60:
                raise Disagreement(f"handshakes or tokens do not go on: {before}, {now}")

    # Turning over.

    def turn_over(self, kind):
        count = self.options.clients
        others = count - self.handshakers
        # X.509: every workload; JWT: those that take tokens.
        if kind == "x509":
            title = "X.509"
            published = lambda status, *names: status["roots"] == {",".join(sorted(names)): count}
            replaced = lambda status, name: status["signers"] == {name: count}
        else:
            title = "JWT"
            published = lambda status, *names: status["kids"] == {",".join(sorted(names)): others}
            replaced = lambda status, name: status["tokens"] == {name: others}
        ask = lambda *arguments: self.domain.ask("localauthority", kind, *arguments)
        old = ask("show")["active"]["authority_id"]

        def phase(name, act, question):
            began = time.monotonic()
            result = act()
            acted = time.monotonic()
            self.wait(f"{title} {name}", lambda status: question(status, result), 120)
            self.say(
                f"{title} {name}: the command {acted - began:.1f} s, the last workload {time.monotonic() - began:.1f} s after it "
                f"was given")
            self.rest(2)
            return result

        new = phase(
            "prepared, published to all", lambda: ask("prepare")["prepared_authority"]["authority_id"],
            lambda status, new: published(status, old, new))
        if self.options.haste:
            ask("activate", new)
            ask("revoke", old, "--yes")
            self.say("drill: revoked in haste")
            self.rest(20)
            return
        phase("activated", lambda: ask("activate", new), lambda *_: True)
        phase("tainted, everything replaced", lambda: ask("taint", old, "--yes"), lambda status, _: replaced(status, new))
        phase("revoked, trusted by nobody", lambda: ask("revoke", old, "--yes"), lambda status, _: published(status, new))


def play(binary, environment, folder, options, say):
    """The whole drill."""
    options.seed = options.seed or secrets.token_hex(8)
    say(f"seed {options.seed}")
    AuthorityDrill(binary, environment("clients"), folder, options, say).play()
