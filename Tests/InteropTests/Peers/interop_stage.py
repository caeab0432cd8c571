# SPDX-License-Identifier: Apache-2.0
"""What a story over real sockets plays on: one keripy version, one folder, and everything that must be stopped afterwards."""
import pathlib
import re
import secrets

from interop_commands import Program
from interop_histories import Disagreement
from kelmark_nodes import Witness, free_ports
from keripy_nodes import HERE
from peer_process import PeerProcess

WAITS = 6  # the exit code of a command whose event waits for somebody
DENIED = 1
UNDECIDABLE = 3


def expect(condition, text):
    if not condition:
        raise Disagreement(text)


class Stage:
    """One keripy version and homes, witnesses and watchers of ours, all fresh."""

    def __init__(self, keripy, binary, folder):
        self.keripy, self.binary = keripy, binary
        self.folder = pathlib.Path(folder)
        self.ours = []
        self.exchanges = 0
        self.reader = None

    def salt(self, name, whose=None):
        """A fresh salt, printed: code 0A and 22 characters, the first four of whose bits are zero."""
        text = "0AA" + secrets.token_urlsafe(32).replace("_", "-")[:21]
        print(f"{whose or 'peer    ' + self.keripy.name + ' '}{name}: salt {text}", flush=True)
        return text

    # Ours

    def home(self, name, oobis=()):
        """A fresh home of ours that has resolved `oobis`."""
        program = Program(self.binary, self.folder / name)
        program.run(["init"])
        for oobi in oobis:
            self.run(program, f"oobi resolve {oobi}")
        return program

    def run(self, program, command, expected=0):
        """A command of ours that talks to peers."""
        self.exchanges += 1
        return program.run(command.split(), expected)

    def witnesses(self, count):
        """Witnesses of ours, each a process."""
        made = []
        for place in range(count):
            witness = Witness(self.binary, self.folder / f"witness{len(self.ours)}", f"w{place}")
            self.ours.append(witness)
            made.append(witness)
        return made

    def incept(self, program, name, witnesses, toad):
        """An AID of ours at `witnesses`, known from a fresh salt that is printed."""
        text = self.salt(name, "ours    ")
        file = program.folder / f"{name}.salt"
        file.write_text(text + "\n")
        file.chmod(0o600)
        for witness in witnesses:
            self.run(program, f"oobi resolve {witness.oobi}")
        options = " ".join(f"--witness {witness.aid}" for witness in witnesses)
        made = self.run(program, f"id create {name} --salt-file {file} {options} --toad {toad}")
        expect(made["outcome"] == "accepted", f"the inception of {name} is {made['outcome']}")
        return made["aid"]

    def oobi(self, program, name):
        """The introduction of an AID of ours at the first of its witnesses."""
        return self.run(program, f"oobi make {name} --role witness")["oobis"][0]

    # keripy's

    def kli(self, *arguments, seconds=120):
        """A command of keripy that talks to peers."""
        self.exchanges += 1
        return self.keripy.kli(*arguments, seconds=seconds)

    def begin(self, *arguments, seconds=120):
        """Starts a command of keripy that waits for others; finish it with :meth:`Kli.finish`."""
        self.exchanges += 1
        return self.keripy.start(arguments, seconds=seconds)

    def their_witness(self, name):
        """A witness of keripy in a process of its own."""
        tcp, http_port = free_ports(2)
        return TheirWitness(name, self.keripy.start_witness(name, tcp, http_port), tcp, http_port)

    def controller(self, name, witnesses, toad):
        """A keripy home with one AID at `witnesses`, both called `name`; returns the AID."""
        self.keripy.controller(name, self.salt(name), [witness.oobi for witness in witnesses])
        options = [word for witness in witnesses for word in ("--wits", witness.aid)]
        self.kli("incept", "--name", name, "--alias", name, "--receipt-endpoint", "--transferable", "--icount", "1", "--isith", "1",
                 "--ncount", "1", "--nsith", "1", "--toad", str(toad), *options)
        return self.keripy.status(name, name)["aid"]

    def their_oobi(self, name, alias):
        """The introduction of an AID of keripy at one of its witnesses."""
        text = self.kli("oobi", "generate", "--name", name, "--alias", alias, "--role", "witness")
        found = re.search(r"http://\S+", text)
        expect(found is not None, f"keripy makes no introduction of {alias}: {text[-200:]}")
        return found.group(0)

    def introduce(self, name, oobi, alias, again=False):
        """keripy's home `name` resolves `oobi` as `alias`; once more when it must learn what is new."""
        text = self.kli("oobi", "resolve", "--name", name, "--oobi-alias", alias, "--oobi", oobi, *(["--force"] if again else []))
        expect("resolved" in text, f"keripy does not resolve {oobi}: {text[-200:]}")

    # Comparison

    def judge(self, stream):
        """What keripy thinks of `stream` in an empty store; its process lives only for this question."""
        self.exchanges += 1
        peer = PeerProcess(self.keripy.environment.command(HERE, "keripy_peer.py"))
        try:
            if self.keripy.is_killed:
                peer.kill()
            return peer.judge(stream)
        finally:
            peer.close()

    def their_log(self, name, alias, aid):
        """The SAIDs of the log of `aid` that keripy's home `name` exports, verified by our command."""
        stream = self.folder / f"{name}-{alias}.cesr"
        stream.parent.mkdir(parents=True, exist_ok=True)
        stream.write_text(self.keripy.export(name, alias))
        if self.reader is None:
            self.reader = Program(self.binary, self.folder / "reader")
        return self.reader.run(["kel", "verify", str(stream)])["log"].get(aid)

    def our_log(self, program, name, aid):
        """The SAIDs of the log of `aid` in a home of ours."""
        stream = program.folder / f"{name}.export.cesr"
        program.run(["id", "export", name, "--out", str(stream)])
        return program.run(["kel", "verify", str(stream)])["log"].get(aid)

    def close(self):
        """Ends all processes of ours; a Disagreement when one does not end in order."""
        faults = []
        for witness in self.ours:
            try:
                witness.stop()
            except Disagreement as fault:
                faults.append(fault)
        if faults:
            raise faults[0]


class TheirWitness:
    """One witness of keripy."""

    def __init__(self, name, aid, tcp, http_port):
        self.name, self.aid, self.tcp_port, self.http_port = name, aid, tcp, http_port

    @property
    def oobi(self):
        return f"http://127.0.0.1:{self.http_port}/oobi/{self.aid}/controller"
