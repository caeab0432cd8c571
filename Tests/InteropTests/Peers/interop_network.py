# SPDX-License-Identifier: Apache-2.0
"""Stories over real sockets between `kelmark` and live keripy: witnesses, introductions, delegation, groups, challenges."""
import json
import pathlib
import re
import secrets
import subprocess

from interop_commands import Program
from interop_histories import Disagreement
import keripy_nodes
from kelmark_nodes import Witness, free_ports
from keripy_nodes import get


def salt():
    """A fresh salt as kli takes it: code 0A and 22 characters, the first four of whose bits are zero."""
    return "0AA" + secrets.token_urlsafe(32).replace("_", "-")[:21]


def expect(condition, text):
    if not condition:
        raise Disagreement(text)


class Stage:
    """What a story plays on: one keripy version, one folder, everything that must be stopped afterwards."""

    def __init__(self, keripy, judge, binary, folder):
        self.keripy, self.judge, self.binary = keripy, judge, binary
        self.folder = pathlib.Path(folder)
        self.ours = []
        self.exchanges = 0

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

    def kli(self, *arguments, seconds=120):
        """A command of keripy that talks to peers."""
        self.exchanges += 1
        return self.keripy.kli(*arguments, seconds=seconds)

    def witnesses(self, count):
        """Witnesses of ours, each a process."""
        made = [Witness(self.binary, self.folder / f"witness{len(self.ours) + place}", f"w{place}") for place in range(count)]
        self.ours += made
        return made

    def close(self):
        for witness in self.ours:
            witness.stop()


def controller(stage, name, alias, witnesses, toad, urls):
    """A keripy controller with one AID at `witnesses`; returns the AID."""
    stage.keripy.controller(name, salt(), urls)
    options = [word for aid in witnesses for word in ("--wits", aid)]
    stage.kli("incept", "--name", name, "--alias", alias, "--receipt-endpoint", "--transferable", "--icount", "1", "--isith", "1",
              "--ncount", "1", "--nsith", "1", "--toad", str(toad), *options)
    return stage.keripy.status(name, alias)["aid"]


def our_controller_their_witnesses(stage):
    """Ours incepts, interacts with one witness away, swaps it, at keripy's witnesses; keripy must agree about the state."""
    names = ["w1", "w2", "w3", "w4"]
    numbers = free_ports(8)
    ports = list(zip(numbers[:4], numbers[4:]))
    aids = [stage.keripy.start_witness(name, tcp, http) for name, (tcp, http) in zip(names, ports)]
    oobis = [f"http://127.0.0.1:{http}/oobi/{aid}/controller" for aid, (_, http) in zip(aids, ports)]
    ours = stage.home("alice", oobis)
    options = " ".join(f"--witness {aid}" for aid in aids[:3])
    made = stage.run(ours, f"id create alice {options} --toad 2")
    alice = made["aid"]
    expect(made["outcome"] == "accepted", f"the inception is {made['outcome']}")
    stage.keripy.stop_witness("w3")
    anchored = stage.run(ours, "id anchor alice --empty")
    expect(anchored["outcome"] == "accepted", f"with one witness away the interaction is {anchored['outcome']}")
    stage.run(ours, f"id rotate alice --cut {aids[2]} --add {aids[3]} --toad 2")
    stage.keripy.start_witness("w3", *ports[2])
    stage.run(ours, "id publish alice")
    state = ours.run(["id", "show", "alice"])["state"]
    for place in (0, 1, 3):
        status, headers, stream = get(ports[place][1], f"/oobi/{alice}/witness/{aids[place]}")
        expect(status == 200, f"witness {place} answers the OOBI of alice with {status}")
        seen = stage.judge.judge(stream)["states"].get(alice)
        expect(seen is not None and seen["s"] == state["s"] and seen["d"] == state["d"],
               f"witness {place} shows {seen and (seen['s'], seen['d'])}, ours is {(state['s'], state['d'])}")
        stage.exchanges += 1
    oobi = stage.run(ours, "oobi make alice --role witness")["oobis"][0]
    stage.keripy.controller("bob", salt())
    text = stage.kli("oobi", "resolve", "--name", "bob", "--oobi-alias", "alice", "--oobi", oobi)
    expect("resolved" in text, f"keripy does not resolve {oobi}: {text[-200:]}")
    return f"{stage.exchanges} exchanges, sequence number {state['s']}"


def their_controller_our_witnesses(stage):
    """keripy's controller the same with ours: one of our witnesses stopped meanwhile, then swapped."""
    witnesses = stage.witnesses(4)
    aids = [witness.aid for witness in witnesses]
    bob = controller(stage, "carol", "carol", aids[:3], 2, [witness.oobi for witness in witnesses])
    stage.kli("interact", "--name", "carol", "--alias", "carol", "--data", '[{"d":"EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao"}]')
    # kli waits for a dead witness for ever, so it is given up; two of three have receipted, which is the threshold.
    witnesses[2].stop(kill=True)
    waiting = stage.keripy.start(["interact", "--name", "carol", "--alias", "carol", "--data", '["x"]'], seconds=15)
    waiting.wait()
    witnesses[2].start()
    stage.kli("witness", "submit", "--name", "carol", "--alias", "carol", "--force")
    stage.kli("rotate", "--name", "carol", "--alias", "carol", "--receipt-endpoint", "--toad", "2", "--witness-cut", aids[2],
              "--witness-add", aids[3])
    text = stage.kli("oobi", "generate", "--name", "carol", "--alias", "carol", "--role", "witness")
    oobi = re.search(r"http://\S+", text).group(0)
    ours = stage.home("dave")
    resolved = stage.run(ours, f"oobi resolve {oobi} --alias carol")
    expect(resolved["aid"] == bob, f"the OOBI of {bob} led to {resolved['aid']}")
    state = resolved["state"]
    status = stage.keripy.status("carol", "carol")
    expect(int(state["s"], 16) == int(status["sn"]), f"ours sees {state['s']}, keripy is at {status['sn']}")
    expect(aids[3] in state["b"] and aids[2] not in state["b"], "the swap of witnesses is not seen")
    return f"{stage.exchanges} exchanges, sequence number {state['s']}"


def abuses(stage):
    """No receipt for what was not accepted, never two for one place, and nobody hangs."""
    witness = stage.witnesses(1)[0]
    seed = secrets.token_hex(8)
    environment = stage.keripy.environment
    done = subprocess.run(
        environment.command(keripy_nodes.HERE, "keripy_abuse.py") + [str(witness.http_port), witness.aid, seed],
        env=stage.keripy.variables, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    expect(done.returncode == 0, f"the abuser failed: {done.stderr.strip()[-400:]}")
    seen = json.loads(done.stdout.splitlines()[-1])
    stage.exchanges += len(seen)
    allowed = {"inception", "interaction", "interaction again"}
    for name, answer in seen.items():
        expect(answer["receipted"] == (name in allowed), f"{name}: {answer}")
    expect(seen["cut-off attachment"]["status"] == 400, f"cut-off attachment: {seen['cut-off attachment']}")
    expect(seen["no attachment"]["status"] == 412, f"no attachment: {seen['no attachment']}")
    expect(seen["alive afterwards"]["status"] == 200, f"afterwards: {seen['alive afterwards']}")
    # A restart knows what was receipted.
    witness.stop(kill=True)
    witness.start()
    again = get(witness.http_port, f"/oobi/{witness.aid}")
    expect(again[0] == 200, f"after a restart: {again[0]}")
    return f"{stage.exchanges} exchanges, seed {seed}"


STORIES = {
    "our controller, their witnesses, one away": our_controller_their_witnesses,
    "their controller, our witnesses, one away": their_controller_our_witnesses,
    "abuses of our witness": abuses,
}
SMOKE = ("abuses of our witness",)


def play(title, environment, judge, binary, folder):
    """Plays one story on a fresh stage and clears it."""
    keripy = keripy_nodes.Keripy(environment, pathlib.Path(folder) / "keripy")
    stage = Stage(keripy, judge, binary, pathlib.Path(folder) / "ours")
    try:
        return STORIES[title](stage)
    finally:
        stage.close()
        keripy.close()
