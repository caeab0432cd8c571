# SPDX-License-Identifier: Apache-2.0
"""A trust domain as it runs in the field: an issuer and a node agent as processes of their own, in one folder."""
import json
import os
import pathlib
import secrets
import subprocess
import time

from interop_commands import Program
from interop_histories import Disagreement
from kelmark_nodes import Service, free_ports


class Domain:
    """`kelmark issuer serve` and `kelmark agent serve` for one trust domain, with an organisation behind them or, when it is
    `claimed`, without one."""

    def __init__(self, binary, folder, name=None, claimed=False, issuer_options=(), agent_options=()):
        self.name = name or f"{secrets.token_hex(4)}.test"
        self.folder = pathlib.Path(folder)
        self.program = Program(binary, self.folder)
        # Paths of sockets are short: 107 bytes at most.
        self.run_folder = pathlib.Path("/tmp") / f"km-{secrets.token_hex(4)}"
        self.run_folder.mkdir(mode=0o755)
        self.issuer_socket = self.run_folder / "issuer.sock"
        self.socket = self.run_folder / "workload.sock"
        self.admin_socket = self.run_folder / "admin" / "agent.sock"
        self.port, self.bundle_port, self.issuer_health, self.agent_health = free_ports(4)
        self.issuer = self.agent = None
        self.program.run(["init"])
        gate = ["--claimed"] if claimed else self._organisation()
        self.issuer_arguments = [
            "issuer", "serve", "--trust-domain", self.name, *gate, "--folder", str(self.folder / "issuer"),
            "--socket-path", str(self.issuer_socket), "--listen", f"127.0.0.1:{self.port}",
            "--bundle-listen", f"127.0.0.1:{self.bundle_port}", "--health-listen", f"127.0.0.1:{self.issuer_health}",
            *issuer_options]
        self.agent_options = list(agent_options)

    def _organisation(self):
        self.program.run(["id", "create", "acme", "--keys", "3", "--threshold", "2"])
        self.program.run(["id", "create", "issuer"])
        self.program.run(["issuer", "authorise", "issuer", "--from", "acme", "--trust-domain", self.name])
        return ["--issuer", "issuer"]

    @property
    def endpoint(self):
        return f"unix://{self.socket}"

    def start_issuer(self):
        self.issuer = Service(self.program, self.issuer_arguments, self.issuer_health, "issuer")

    def start_agent(self):
        token = self.folder / "token"
        if token.exists():
            token.unlink()
        self.ask("token", "create", "--out", str(token))
        bundle = self.folder / "bundle.pem"
        bundle.write_text(self.say("bundle", "show", "--format", "pem"))
        self.agent = Service(
            self.program,
            ["agent", "serve", "--trust-domain", self.name, "--server", f"127.0.0.1:{self.port}",
             "--trust-bundle", str(bundle), "--join-token-file", str(token), "--folder", str(self.folder / "agent"),
             "--socket-path", str(self.socket), "--health-listen", f"127.0.0.1:{self.agent_health}", *self.agent_options],
            self.agent_health, "agent")

    def start(self):
        self.start_issuer()
        self.start_agent()

    def ask(self, *arguments, expected=0):
        """A command to the issuer over its socket."""
        return self.program.run([*arguments, "--socket-path", str(self.issuer_socket)], expected)

    def say(self, *arguments):
        """What such a command prints for people."""
        options = [one for one in self.program.options if one != "--json"]
        return subprocess.run(
            [self.program.binary, *arguments, "--socket-path", str(self.issuer_socket), *options], check=True,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60).stdout

    @property
    def agent_id(self):
        return self.ask("node", "list")["agents"][0]["id"]

    def entry(self, path, *options, selector=None):
        """An entry for processes of this user, below the one agent; returns its id."""
        parent = self.agent_id
        made = self.ask(
            "entry", "create", "--parent-id", f"spiffe://{parent['trust_domain']}{parent['path']}",
            "--spiffe-id", f"spiffe://{self.name}{path}", "--selector", selector or f"unix:uid:{os.getuid()}", *options)
        if selector is None:
            # The agent hears of it with its next round.
            self.wait(f"the identity {path}", lambda: path in self._identities())
        return made["results"][0]["entry"]["id"]

    def _identities(self):
        """What a process of this user is, in the words of the agent; empty while it is nobody."""
        data = self.program.run(["workload", "fetch", "x509", "--socket-path", str(self.socket)], (0, 1, 3))
        return json.dumps(data)

    def wait(self, what, question, seconds=30):
        """Asks until the answer is true."""
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            if time.monotonic() > deadline:
                raise Disagreement(f"{what} does not come to pass in {seconds} s")
            time.sleep(0.1)
        return answer

    def close(self):
        for service in (self.agent, self.issuer):
            if service:
                service.stop()
        for file in sorted(self.run_folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        self.run_folder.rmdir()
