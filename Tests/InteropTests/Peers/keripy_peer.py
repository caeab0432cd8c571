# SPDX-License-Identifier: Apache-2.0
"""A keripy process that answers JSON lines: one request a line on stdin, one answer a line on stdout.

The protocol stands in ../README.md; a peer of ours speaks the same one. Errors of a command are answers; the process
ends only when stdin does.
usage: keripy_peer.py | keripy_peer.py --replay FILE [--disk]
"""
import base64
import json
import os
import platform
import sys

import keripy_histories
import keripy_replay
from keripy_api import VERSION
from keripy_validator import Validator

PROTOCOL = 1


class Refused(Exception):
    """The request itself is wrong."""


class Peer:
    """The open validators by name."""

    def __init__(self):
        self.stores = {}
        self.made = 0

    def answer(self, request):
        command = request.get("command")
        handler = getattr(self, f"do_{command}", None) if isinstance(command, str) else None
        if handler is None:
            raise Refused(f"unknown command {command!r}")
        return handler(request)

    def store(self, request):
        try:
            return self.stores[request["store"]]
        except KeyError:
            raise Refused(f"no store {request.get('store')!r}") from None

    def do_version(self, request):
        return dict(
            name="keripy", version=VERSION, pid=os.getpid(), runtime=f"Python {platform.python_version()}",
            protocol=PROTOCOL, quirks=list(keripy_histories.QUIRKS))

    def do_new(self, request):
        self.made += 1
        name = f"store{self.made}"
        self.stores[name] = Validator()
        return dict(store=name)

    def do_feed(self, request):
        return self.store(request).feed(base64.b64decode(request["stream"], validate=True))

    def do_view(self, request):
        return self.store(request).view()

    def do_drop(self, request):
        self.store(request).close()
        del self.stores[request["store"]]
        return {}

    def do_make(self, request):
        made = keripy_histories.make(
            request["seed"], request.get("kind", "random"), int(request.get("events", 30)),
            request.get("avoid", keripy_histories.QUIRKS))
        made["stream"] = base64.b64encode(made["stream"]).decode()
        return made

    def do_perf(self, request):
        return keripy_replay.replay(base64.b64decode(request["stream"], validate=True), bool(request.get("disk")))

    def close(self):
        for validator in self.stores.values():
            validator.close()


def serve():
    peer = Peer()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what keripy prints must not get among the answers
    try:
        for line in sys.stdin:
            answer = {}
            try:
                request = json.loads(line)
                answer["id"] = request.get("id")
                answer.update(ok=True, data=peer.answer(request))
            except Exception as error:
                answer.update(ok=False, error=dict(kind=type(error).__name__, message=str(error)))
            answers.write(json.dumps(answer, separators=(",", ":")) + "\n")
            answers.flush()
    finally:
        peer.close()


def main():
    if "--replay" in sys.argv:
        with open(sys.argv[sys.argv.index("--replay") + 1], "rb") as file:
            result = keripy_replay.replay(file.read(), "--disk" in sys.argv)
        print(json.dumps(dict(name="keripy", version=VERSION, **result)))
    else:
        serve()


if __name__ == "__main__":
    main()
