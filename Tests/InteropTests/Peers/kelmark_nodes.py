# SPDX-License-Identifier: Apache-2.0
"""`kelmark` as it runs in the field: homes with AIDs, and witnesses and watchers as processes of their own."""
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

from interop_commands import Program
from interop_histories import Disagreement
from keripy_nodes import get
from peer_process import PeerLost


_given = set()
_turn = threading.Lock()


def free_ports(count):
    """Ports of loopback that nobody listens on and that no story has been given; below those that the system hands out
    for connections, so that a stopped witness finds its own again."""
    ports = []
    with _turn:
        while len(ports) < count:
            port = random.randrange(20000, 32000)
            if port in _given:
                continue
            with socket.socket() as one:
                try:
                    one.bind(("127.0.0.1", port))
                except OSError:
                    continue
            _given.add(port)
            ports.append(port)
    return ports


class Service:
    """One serving process of `kelmark`."""

    def __init__(self, program, arguments, http_port, shown):
        self.program, self.arguments, self.http_port, self.shown = program, arguments, http_port, shown
        self.process = None
        self.start()

    def start(self):
        """Starts it, again if need be, and waits until it is ready."""
        self.log = open(self.program.folder / f"{self.shown}.log", "ab")
        self.process = subprocess.Popen(
            [self.program.binary, *self.arguments, *[one for one in self.program.options if one != "--json"]],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.program.folder), "SWIFT_BACKTRACE": "enable=no"})
        deadline = time.monotonic() + 60
        while True:
            if self.process.poll() is not None:
                raise PeerLost(f"{self.shown} stopped with {self.process.returncode}: {self._tail()}")
            try:
                if get(self.http_port, "/readyz", 2)[0] == 200:
                    break
            except OSError:
                pass
            if time.monotonic() > deadline:
                self.stop()
                raise PeerLost(f"{self.shown} is not ready: {self._tail()}")
            time.sleep(0.05)
        print(f"ours    {self.shown}, PID {self.process.pid}", flush=True)

    def _tail(self):
        return (self.program.folder / f"{self.shown}.log").read_text(errors="replace").strip()[-400:]

    def stop(self, kill=False):
        """Ends it in order, or by SIGKILL."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            try:
                status = self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Disagreement(f"{self.shown} does not end on SIGTERM") from None
            if not kill and status not in (0, -signal.SIGTERM):
                raise Disagreement(f"{self.shown} ended with {status}: {self._tail()}")


class Witness:
    """One witness of ours in a process of its own."""

    def __init__(self, binary, folder, name):
        self.program = Program(binary, folder)
        self.name = name
        self.http_port, self.tcp_port = free_ports(2)
        self.program.run(["init"])
        self.aid = self.program.run(["id", "create", name, "--non-transferable"])["aid"]
        self.service = Service(
            self.program, ["witness", "serve", f"{name}:{self.http_port}:{self.tcp_port}"], self.http_port, f"witness-{name}")

    @property
    def oobi(self):
        return f"http://127.0.0.1:{self.http_port}/oobi/{self.aid}/controller"

    def stop(self, kill=False):
        self.service.stop(kill)

    def start(self):
        self.service.start()


def envelope(text):
    """The last JSON line of an output."""
    return json.loads([line for line in text.splitlines() if line.startswith("{")][-1])
