# SPDX-License-Identifier: Apache-2.0
"""Stories over real sockets between `kelmark` and live keripy. Here: witnesses; the others are in modules of their own."""
import json
import pathlib
import secrets
import subprocess

import interop_challenges
import interop_credentials
import interop_delegations
import interop_groups
import interop_introductions
import keripy_nodes
from interop_stage import Stage, expect
from kelmark_nodes import free_ports
from keripy_nodes import get


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
        seen = stage.judge(stream)["states"].get(alice)
        expect(seen is not None and seen["s"] == state["s"] and seen["d"] == state["d"],
               f"witness {place} shows {seen and (seen['s'], seen['d'])}, ours is {(state['s'], state['d'])}")
        stage.exchanges += 1
    oobi = stage.run(ours, "oobi make alice --role witness")["oobis"][0]
    stage.keripy.controller("bob", stage.salt("bob"))
    stage.introduce("bob", oobi, "alice")
    return f"{stage.exchanges} exchanges, sequence number {state['s']}"


def their_controller_our_witnesses(stage):
    """keripy's controller the same with ours: one of our witnesses stopped meanwhile, then swapped."""
    witnesses = stage.witnesses(4)
    aids = [witness.aid for witness in witnesses]
    bob = stage.controller("carol", witnesses[:3], 2)
    stage.introduce("carol", witnesses[3].oobi, "w3")
    stage.kli("interact", "--name", "carol", "--alias", "carol", "--data", '[{"d":"EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao"}]')
    # kli waits for a dead witness for ever, so it is given up; two of three have receipted, which is the threshold.
    witnesses[2].stop(kill=True)
    stage.begin("interact", "--name", "carol", "--alias", "carol", "--data", '["x"]', seconds=15).wait()
    witnesses[2].start()
    stage.kli("witness", "submit", "--name", "carol", "--alias", "carol", "--force")
    stage.kli("rotate", "--name", "carol", "--alias", "carol", "--receipt-endpoint", "--toad", "2", "--witness-cut", aids[2],
              "--witness-add", aids[3])
    oobi = stage.their_oobi("carol", "carol")
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
    abuser = subprocess.Popen(
        environment.command(keripy_nodes.HERE, "keripy_abuse.py") + [str(witness.http_port), witness.aid, seed],
        env=stage.keripy.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    print(f"peer    {stage.keripy.name} abuser, PID {abuser.pid}", flush=True)
    if stage.keripy.is_killed:
        abuser.kill()
    try:
        output, complaint = abuser.communicate(timeout=120)
    finally:
        abuser.kill()
    expect(abuser.returncode == 0, f"the abuser failed: {complaint.strip()[-400:]}")
    seen = json.loads(output.splitlines()[-1])
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
    **interop_challenges.STORIES,
    **interop_credentials.STORIES,
    **interop_delegations.STORIES,
    **interop_groups.STORIES,
    **interop_introductions.STORIES,
}
SMOKE = ("challenges both ways",)


def play(title, environment, binary, folder, is_killed=False):
    """Plays one story on a fresh stage and clears it; with `is_killed` the decisive processes of keripy are killed."""
    keripy = keripy_nodes.Keripy(environment, pathlib.Path(folder) / "keripy", is_killed)
    stage = Stage(keripy, binary, pathlib.Path(folder) / "ours")
    try:
        return STORIES[title](stage)
    finally:
        try:
            stage.close()
        finally:
            keripy.close()
