# SPDX-License-Identifier: Apache-2.0
"""keripy as it runs in the field: its six demo witnesses in one process, and controllers by the `kli` command."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import time

from peer_process import PeerError, PeerLost

# The demo witnesses of keripy: name, AID, TCP port, HTTP port. Their keys come from fixed salts, so do the AIDs.
WITNESSES = [
    ("wan", "BBilc4-L3tFUnfM_wJr4S4OJanAv_VmF_dJNN6vkf2Ha", 5632, 5642),
    ("wil", "BLskRTInXnMxWaGqcpSyMgo0nYbalW99cGZESrz3zapM", 5633, 5643),
    ("wes", "BIKKuvBwpmDVA4Ds-EpL5bt9OqPzWPja2LigFYZN2YfX", 5634, 5644),
    ("wit", "BM35JN8XeJSEfpxopjn5jr7tAHCE5749f0OobhMLCorE", 5635, 5645),
    ("wub", "BIj15u5V11bkbtAxMA7gcNJZcax-7TgaBMLsQnMHpYHP", 5636, 5646),
    ("wyz", "BF2rZTW79z4IXocYRQnjjsOuvFUQv-ptCf8Yltd7PfsM", 5637, 5647),
]
LONG_AGO = "2022-01-20T12:57:59.823350+00:00"
HERE = os.path.dirname(os.path.abspath(__file__))


def get(port, path, seconds=10):
    """Status, headers and body of a GET on loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def is_decisive(arguments):
    """Whether a kli command takes part in what a story is about, and does not only prepare it."""
    return arguments[0] in ("delegate", "multisig", "challenge", "interact", "rotate", "kevers", "ipex") or "--proxy" in arguments


class Kli:
    """One kli command as a process of its own."""

    def __init__(self, keripy, arguments, path, seconds):
        self.keripy, self.arguments, self.path, self.seconds = keripy, arguments, path, seconds
        self.deadline = time.monotonic() + seconds
        with open(path, "wb") as log:
            self.process = subprocess.Popen(
                keripy._command(arguments), cwd=keripy.folder, env=keripy.variables, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT)
        print(f"peer    {keripy.name} kli {' '.join(arguments[:2])}, PID {self.process.pid}", flush=True)
        if keripy.is_killed and is_decisive(arguments):
            self.process.kill()

    def output(self):
        """What it has said until now."""
        return self.path.read_text(errors="replace")

    def wait(self):
        """Waits for its end and gives it up when its time is over; the exit code, None when given up."""
        try:
            return self.process.wait(timeout=max(0.1, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.keripy._end(self.process)
            return None

    def finish(self):
        """Its output at its end; PeerError when it failed or did not end in time."""
        code = self.wait()
        if code != 0:
            why = f"no end in {self.seconds} s" if code is None else f"exit code {code}"
            raise PeerError(f"{self.keripy.name}: kli {' '.join(self.arguments)}: {why}: {self.output().strip()[-600:]}")
        return self.output()


class Keripy:
    """One keripy version in a folder of its own; with `is_killed` those processes are killed at once that a story is
    about: witnesses of a controller of ours (`w1`…), and the commands of :func:`is_decisive`."""

    def __init__(self, environment, folder, is_killed=False):
        if environment.root != "/":
            raise PeerLost("witnesses of keripy need a Python of this machine, not one in a small Debian")
        self.environment = environment
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = f"keripy {environment.version}"
        self.witnesses = None
        self.alone = {}
        self.commands = 0
        self.running = []
        self.is_killed = is_killed
        self.variables = dict(
            KERI_HEAD=str(self.folder / "var"), PATH=os.environ.get("PATH", ""), HOME=str(self.folder), LC_ALL="C.UTF-8", PYTHONUNBUFFERED="1")

    def _command(self, arguments):
        return self.environment.command(HERE, "keripy_kli.py") + [str(argument) for argument in arguments]

    # Witnesses

    def start_witnesses(self):
        """Starts the six demo witnesses and waits until the last of them answers."""
        for name, _, tcp, http_port in WITNESSES:
            self._configure(name, tcp, http_port)
        log = open(self.folder / "witnesses.log", "wb")
        self.witnesses = subprocess.Popen(
            self._command(["witness", "demo"]), cwd=self.folder, env=self.variables, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT)
        self._await(self.witnesses, WITNESSES[-1][3], "witnesses")
        print(f"peer    {self.name} witnesses, PID {self.witnesses.pid}", flush=True)

    def _configure(self, name, tcp, http_port):
        urls = [f"tcp://127.0.0.1:{tcp}/", f"http://127.0.0.1:{http_port}/"]
        text = json.dumps({"dt": LONG_AGO, name: {"dt": LONG_AGO, "curls": urls}, "iurls": []})
        for folder in ("scripts/keri/cf", "scripts/keri/cf/main"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            (self.folder / folder / f"{name}.json").write_text(text)

    def start_witness(self, name, tcp, http_port):
        """A witness in a process of its own, so that it can be stopped alone. Called again, it starts once more."""
        self._configure(name, tcp, http_port)
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            self.environment.command(HERE, "keripy_witness.py") + [name, str(tcp), str(http_port)], cwd=self.folder,
            env=self.variables, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.alone[name] = process
        self._await(process, http_port, name)
        aid = re.search(rb'"i":"([^"]+)"', get(http_port, "/oobi")[2]).group(1).decode()
        print(f"peer    {self.name} witness {name} {aid}, PID {process.pid}", flush=True)
        if self.is_killed and name.startswith("w") and name[1:].isdigit():
            process.kill()
            process.wait()
        return aid

    def stop_witness(self, name):
        """Ends one witness of :meth:`start_witness`."""
        self._end(self.alone[name])

    def _await(self, process, http_port, name):
        deadline = time.monotonic() + 120
        while True:
            if process.poll() is not None:
                tail = (self.folder / f"{name}.log").read_text(errors="replace")[-600:]
                raise PeerLost(f"{self.name}: {name} stopped: {tail}")
            try:
                if get(http_port, "/oobi", 2)[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                self._end(process)
                raise PeerLost(f"{self.name}: {name} does not answer")
            time.sleep(0.3)

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def stop_witnesses(self):
        """Ends the witness process; one that is stuck in a parse is killed."""
        if self.witnesses is not None:
            self._end(self.witnesses)

    def pause_witnesses(self, paused):
        """Stops or continues the whole witness process, as a machine does that hangs."""
        self.witnesses.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    # Controllers

    def start(self, arguments, seconds=90):
        """Starts a kli command."""
        self.commands += 1
        command = Kli(self, [str(argument) for argument in arguments], self.folder / f"kli{self.commands}.log", seconds)
        self.running.append(command)
        return command

    def kli(self, *arguments, seconds=90):
        """Runs a kli command to its end; its output."""
        return self.start(arguments, seconds).finish()

    def export(self, name, alias):
        """The log of an AID as a CESR stream."""
        text = self.kli("export", "--name", name, "--alias", alias)
        return text[text.index('{"v":'):]

    def controller(self, name, salt, urls=()):
        """`kli init` with the OOBIs `urls` resolved."""
        for folder in ("cfg/keri/cf", "cfg/keri/cf/main"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            (self.folder / folder / f"{name}.json").write_text(json.dumps({"dt": LONG_AGO, "iurls": list(urls)}))
        return self.kli("init", "--name", name, "--salt", salt, "--nopasscode", "--config-dir", "cfg", "--config-file", name)

    def status(self, name, alias):
        """What `kli status` tells of an AID."""
        text = self.kli("status", "--name", name, "--alias", alias)
        found = {key: re.search(pattern, text) for key, pattern in dict(
            aid=r"Identifier:\s+(\S+)", sn=r"Seq No:\s+(\d+)", witnesses=r"Count:\s+(\d+)", receipts=r"Receipts:\s+(\d+)", toad=r"Threshold:\s+(\d+)").items()}
        return {key: match.group(1) if match else None for key, match in found.items()}

    def close(self):
        self.stop_witnesses()
        for command in self.running:
            self._end(command.process)
        for process in self.alone.values():
            self._end(process)
