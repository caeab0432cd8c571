# SPDX-License-Identifier: Apache-2.0
"""A trust domain for the soak: an issuer and a node agent as processes that can be limited, killed and started again."""
import collections
import http.client
import json
import os
import pathlib
import re
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "InteropTests" / "Peers"))
from interop_commands import Program  # noqa: E402
from interop_histories import Disagreement  # noqa: E402
from kelmark_nodes import free_ports  # noqa: E402

UNLIMITED = resource.RLIM_INFINITY


class Fault(Exception):
    """Something is not as it must be."""


class Daemon:
    """One serving process. Its log goes through a pipe, so that a full disk does not concern it, and is kept whole."""

    def __init__(self, name, program, arguments, health_port, log):
        self.name, self.program, self.arguments, self.health_port = name, program, arguments, health_port
        self.log = log
        self.process, self.prefix = None, ()
        self.counts = collections.Counter()
        self.lines = collections.deque(maxlen=400)
        self.reader = None

    def start(self, prefix=(), is_awaited=True, **environment):
        """Starts it, behind a prefix if need be; ready when this returns, unless nobody waits for that."""
        self.prefix = tuple(prefix)
        # Python keeps SIGXFSZ from itself, and so from its children: a write beyond a limit fails, and nobody is killed.
        self.process = subprocess.Popen(
            [*prefix, self.program.binary, *self.arguments, *[one for one in self.program.options if one != "--json"]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, restore_signals=False,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.program.folder), "SWIFT_BACKTRACE": "enable=no"}
            | environment)
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        if is_awaited:
            self.until_ready()

    def _read(self, pipe):
        for raw in pipe:
            line = raw.decode(errors="replace").rstrip()
            self.lines.append(line)
            found = re.search(r'"msg":"([^"]*)"', line)
            if found:
                self.counts[found.group(1)] += 1
            self.log(f"{self.name}: {line}")

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError, http.client.HTTPException):
            return False

    def until_ready(self, seconds=90):
        """How long it took; a Fault when it ends, or never is."""
        began = time.monotonic()
        while not self.is_ready():
            self.must_live()
            if time.monotonic() - began > seconds:
                raise Fault(f"{self.name} is not ready after {seconds} s: {self.tail()}")
            time.sleep(0.05)
        return time.monotonic() - began

    def must_live(self):
        status = self.process.poll()
        if status is not None:
            self.reader.join(5)
            raise Fault(f"{self.name} ended with {status}: {self.tail()}")

    def tail(self):
        return " / ".join(list(self.lines)[-4:])[-900:]

    @property
    def pid(self):
        """Its own process, also behind a prefix."""
        pid = self.process.pid
        name = pathlib.Path(self.program.binary).name
        while pathlib.Path(f"/proc/{pid}/comm").read_text().strip() != name[:15]:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                raise Fault(f"{self.name} has no process")
            pid = int(children[0])
        return pid

    def limit_files(self, count):
        """No file may be longer than this; None lifts the limit."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (UNLIMITED if count is None else count, UNLIMITED))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self):
        """Resident KiB."""
        return int(re.search(r"VmRSS:\s*(\d+)", pathlib.Path(f"/proc/{self.pid}/status").read_text()).group(1))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(5)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        if self.prefix:
            # The first process of a pid namespace hears of no signal but this.
            return self.kill()
        self.process.terminate()
        try:
            self.process.wait(timeout=25)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Fault(f"{self.name} does not end on SIGTERM") from None
        finally:
            self.reader.join(5)


class Stage:
    """One trust domain in a folder of its own. Without an organisation behind it where it is `claimed`."""

    def __init__(self, binary, folder, log, claimed=False, issuer_options=(), agent_options=()):
        self.name = f"{secrets.token_hex(4)}.test"
        self.folder = pathlib.Path(folder)
        self.program = Program(binary, self.folder)
        # Paths of sockets are short, and others must be able to pass.
        self.place = pathlib.Path("/tmp") / f"km-{secrets.token_hex(4)}"
        self.place.mkdir(mode=0o755)
        os.chmod(self.place, 0o755)
        self.issuer_socket, self.socket = self.place / "issuer.sock", self.place / "workload.sock"
        self.port, bundle_port, issuer_health, agent_health = free_ports(4)
        self.program.run(["init"])
        gate = ["--claimed"] if claimed else self._organisation()
        self.issuer = Daemon(
            "issuer", self.program,
            ["issuer", "serve", "--trust-domain", self.name, *gate, "--folder", str(self.folder / "issuer"),
             "--socket-path", str(self.issuer_socket), "--listen", f"127.0.0.1:{self.port}",
             "--bundle-listen", f"127.0.0.1:{bundle_port}", "--health-listen", f"127.0.0.1:{issuer_health}",
             *issuer_options], issuer_health, log)
        self.token, self.bundle = self.folder / "token", self.folder / "bundle.pem"
        self.agent = Daemon(
            "agent", self.program,
            ["agent", "serve", "--trust-domain", self.name, "--server", f"127.0.0.1:{self.port}",
             "--trust-bundle", str(self.bundle), "--folder", str(self.folder / "agent"),
             "--socket-path", str(self.socket), "--health-listen", f"127.0.0.1:{agent_health}",
             *agent_options], agent_health, log)

    def _organisation(self):
        self.program.run(["id", "create", "acme", "--keys", "3", "--threshold", "2"])
        self.program.run(["id", "create", "issuer"])
        self.program.run(
            ["issuer", "authorise", "issuer", "--from", "acme", "--trust-domain", self.name, "--max-keys", "32"])
        return ["--issuer", "issuer"]

    def start(self, issuer_environment=None, agent_environment=None, agent_prefix=()):
        self.issuer.start(**issuer_environment or {})
        self.start_agent_first(agent_prefix, **agent_environment or {})

    def start_agent_first(self, prefix=(), **environment):
        """The first start of the agent, with a token that works once; later ones go without."""
        self.ask("token", "create", "--out", str(self.token))
        self.bundle.write_text(self.say("bundle", "show", "--format", "pem"))
        without = self.agent.arguments
        self.agent.arguments = [*without, "--join-token-file", str(self.token)]
        self.agent.start(prefix, **environment)
        self.agent.arguments = without

    def ask(self, *arguments, expected=0):
        return self.program.run([*arguments, "--socket-path", str(self.issuer_socket)], expected)

    def refusal(self, *arguments, seconds=60):
        """What a command fails with: (exit code, error code, cause); a Fault when it succeeds, or says nothing."""
        done = subprocess.run(
            [self.program.binary, *arguments, "--socket-path", str(self.issuer_socket), *self.program.options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "SWIFT_BACKTRACE": "enable=no"})
        try:
            error = json.loads(done.stdout)["error"]
        except (ValueError, KeyError):
            raise Fault(f"{' '.join(arguments)}: no envelope: {done.stdout[-200:]} {done.stderr[-200:]}") from None
        if done.returncode == 0 or not error:
            raise Fault(f"{' '.join(arguments)} succeeds")
        return done.returncode, error["code"], error["cause"]

    def say(self, *arguments):
        options = [one for one in self.program.options if one != "--json"]
        return subprocess.run(
            [self.program.binary, *arguments, "--socket-path", str(self.issuer_socket), *options], check=True,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60).stdout

    def agents(self):
        """The IDs of all agents that the issuer knows."""
        return [f"spiffe://{one['id']['trust_domain']}{one['id']['path']}" for one in self.ask("node", "list")["agents"]]

    def entry(self, path, *selectors, x509_ttl=None, jwt_ttl=None, parent=None):
        """Makes an entry below the agent; returns its id."""
        options = [word for one in selectors for word in ("--selector", one)]
        options += ["--x509-ttl", str(x509_ttl)] if x509_ttl else []
        options += ["--jwt-ttl", str(jwt_ttl)] if jwt_ttl else []
        made = self.ask(
            "entry", "create", "--parent-id", parent or self.agents()[0], "--spiffe-id", f"spiffe://{self.name}{path}", *options)
        return made["results"][0]["entry"]["id"]

    def spiffe_id(self, path):
        return f"spiffe://{self.name}{path}"

    def compiled(self, source, *options):
        """A program or library of this folder's C, in the place that everybody may enter."""
        kind = ".so" if "-shared" in options else ""
        target = self.place / (pathlib.Path(source).stem + kind)
        subprocess.run(
            ["cc", "-O1", "-Wall", "-Wextra", *options, "-o", str(target), str(pathlib.Path(__file__).parent / source), "-ldl"],
            check=True)
        target.chmod(0o755)
        return target

    def close(self):
        faults = []
        for daemon in (self.agent, self.issuer):
            try:
                daemon.stop()
            except Fault as fault:
                faults.append(str(fault))
        shutil.rmtree(self.place, ignore_errors=True)
        if faults:
            raise Fault("; ".join(faults))


def until(what, question, seconds, pause=0.1):
    """Asks until the answer is true, and returns it with how long that took."""
    began = time.monotonic()
    while not (answer := question()):
        if time.monotonic() - began > seconds:
            raise Fault(f"{what}: not in {seconds} s")
        time.sleep(pause)
    return answer, time.monotonic() - began


class Sink:
    """Somebody else at the issuer's address: takes connections, and closes them or says nothing. Counts them."""

    def __init__(self, port, is_silent):
        self.is_silent, self.count, self.held = is_silent, 0, []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(64)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            if self.is_silent:
                self.held.append(one)
            else:
                one.close()

    def close(self):
        if self.listener.fileno() < 0:
            return
        # shutdown wakes accept, which close alone does not.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.listener.close()
        for one in self.held:
            one.close()


__all__ = ["Daemon", "Disagreement", "Fault", "Sink", "Stage", "until"]
