# SPDX-License-Identifier: Apache-2.0
"""Many watching workloads, each a process of its own, and one that counts for them. Speaks JSON lines, as all peers here.

usage: watching_clients.py PLAN-FILE
"""
import collections
import encodings.idna  # noqa: F401  (who has changed its user can't load anything any more)
import gc
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import signal
import sys
import threading

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from watching_client import WatchingClient


class Ledger:
    """What all clients have reported."""

    def __init__(self):
        self.lock = threading.Lock()
        self.last = collections.defaultdict(dict)
        self.updates = 0
        self.faults = []
        self.counts = collections.defaultdict(dict)

    def read(self, pipe):
        with os.fdopen(pipe, "rb") as file:
            for line in file:
                event = json.loads(line)
                with self.lock:
                    self.take(event["client"], event.pop("what"), event)

    def take(self, client, what, event):
        if what == "fault":
            self.faults.append(f"client {client}: {event['why']}")
        elif what == "counts":
            self.counts[client] = event
        else:
            self.updates += what == "svid"
            self.last[what][client] = event

    def status(self, processes):
        def tally(what, members):
            return dict(collections.Counter(
                ",".join(value) if isinstance(value := one[members], list) else value for one in self.last[what].values()))
        with self.lock:
            return {
                "alive": sum(process.is_alive() for process in processes), "identities": len(self.last["svid"]),
                "updates": self.updates, "signers": tally("svid", "signer"), "roots": tally("svid", "roots"),
                "kids": tally("keys", "kids"), "tokens": tally("token", "kid"), "faults": len(self.faults),
                "first_faults": self.faults[:5], "serials": len({one["serial"] for one in self.last["svid"].values()}),
                "last_update": max((one["at"] for one in self.last["svid"].values()), default=0),
                "handshakes": sum(one["handshakes"] for one in self.counts.values()),
                "tokens_taken": sum(one["tokens"] for one in self.counts.values())}


def load_everything():
    """Uses once what clients use, so that libraries have loaded all of their parts before the users change."""
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.PyJWK(json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), algorithm="ES256")
    jwt.decode(jwt.encode({"aud": "a"}, key, algorithm="ES256", headers={"kid": "k"}), jwk.key, algorithms=["ES256"], audience="a")


def main():
    load_everything()
    plan = json.loads(pathlib.Path(sys.argv[1]).read_text())
    plan["parent"] = os.getpid()
    reading, writing = os.pipe()
    context = multiprocessing.get_context("fork")
    go = context.Event()
    gc.freeze()
    processes = []
    for number in range(len(plan["names"])):
        os.mkdir(f"{plan['folder']}/{number}", 0o700)
        process = context.Process(
            target=lambda number=number: WatchingClient(number, plan, writing).run(go), daemon=True)
        process.start()
        processes.append(process)
    os.close(writing)
    ledger = Ledger()
    threading.Thread(target=ledger.read, args=(reading,), daemon=True).start()
    for line in sys.stdin:
        request = json.loads(line)
        command, data = request["command"], {}
        if command == "version":
            data = {"name": "watching clients (h2)", "version": importlib.metadata.version("h2"), "pid": os.getpid(),
                    "pids": [process.pid for process in processes]}
        elif command == "status":
            data = ledger.status(processes)
        elif command == "go":
            go.set()
        elif command == "kill":
            for process in processes[:request["count"]]:
                os.kill(process.pid, signal.SIGKILL)
        print(json.dumps({"id": request["id"], "ok": True, "data": data}), flush=True)
    for process in processes:
        process.kill()


main()
