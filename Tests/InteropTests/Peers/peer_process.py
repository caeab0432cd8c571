# SPDX-License-Identifier: Apache-2.0
"""One peer as a child process that speaks JSON lines, keripy or ours."""
import base64
import json
import queue
import subprocess
import threading


class PeerLost(Exception):
    """The peer stopped, or does not answer in time."""


class PeerError(Exception):
    """The peer answered that a command failed."""


class PeerProcess:
    """Starts `command` and asks it one thing at a time."""

    def __init__(self, command, seconds=120):
        self.seconds = seconds
        self.asked = 0
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.complaints = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._listen, daemon=True).start()
        self.about = self.ask("version")
        self.name = f"{self.about['name']} {self.about['version']}"

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _listen(self):
        for line in self.process.stderr:
            self.complaints = (self.complaints + [line.rstrip()])[-10:]

    def ask(self, command, **arguments):
        """The `data` of the answer."""
        self.asked += 1
        request = dict(id=self.asked, command=command, **arguments)
        try:
            self.process.stdin.write(json.dumps(request, separators=(",", ":")) + "\n")
            self.process.stdin.flush()
            line = self.lines.get(timeout=self.seconds)
        except (BrokenPipeError, OSError):
            line = None
        except queue.Empty:
            self.kill()
            raise PeerLost(f"no answer to {command} in {self.seconds} s") from None
        if line is None:
            self.process.wait(timeout=10)
            detail = "; ".join(self.complaints)
            raise PeerLost(f"stopped with exit code {self.process.returncode} at {command}" + (f": {detail}" if detail else ""))
        answer = json.loads(line)
        if answer.get("id") != self.asked:
            raise PeerLost(f"answered {answer.get('id')} to question {self.asked}")
        if answer.get("ok") is not True:
            raise PeerError(f"{command}: {answer['error']['kind']}: {answer['error']['message']}")
        return answer["data"]

    def judge(self, stream):
        """What the peer thinks of `stream` in an empty store."""
        store = self.ask("new")["store"]
        try:
            return self.ask("feed", store=store, stream=base64.b64encode(stream).decode())
        finally:
            if self.process.poll() is None:
                self.ask("drop", store=store)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
