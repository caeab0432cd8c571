# SPDX-License-Identifier: Apache-2.0
"""Delegation over the network between `kelmark` and live keripy, both ways: an inception and a rotation each."""
import json

from interop_stage import WAITS, expect


def their_delegator(stage):
    """keripy approves our delegate: request by mail, seal, receipts; mail and receipts at keripy's witness."""
    theirs, ours = stage.their_witness("wan"), stage.witnesses(1)[0]
    org = stage.controller("org", [theirs], 1)
    home = stage.home("worker", [theirs.oobi])
    stage.incept(home, "alice", [ours], 1)
    stage.introduce("org", stage.oobi(home, "alice"), "alice")
    resolved = stage.run(home, f"oobi resolve {stage.their_oobi('org', 'org')} --alias org")
    expect(resolved["aid"] == org, f"the OOBI of {org} led to {resolved['aid']}")
    made = stage.run(home, f"id create desk --delegator org --witness {theirs.aid} --toad 1 --offline", WAITS)
    desk = made["aid"]
    for step, command in (("inception", None), ("rotation", "id rotate desk --offline")):
        if command:
            stage.run(home, command, WAITS)
        confirming = stage.begin("delegate", "confirm", "--name", "org", "--alias", "org", "--interact", "--auto", seconds=150)
        done = stage.run(home, "id request desk --proxy alice --wait 90")
        expect(done["outcome"] == "accepted", f"the {step} of our delegate is {done['outcome']}")
        text = confirming.finish()
        expect(desk in text, f"keripy did not confirm the {step}: {text[-300:]}")
    state = home.run(["id", "show", "desk"])["state"]
    expect(state["s"] == "1" and state["di"] == org, f"our delegate ends at {state['s']} under {state['di']}")
    stage.introduce("org", stage.oobi(home, "desk"), "desk")
    return f"{stage.exchanges} exchanges, delegate at {state['s']}, delegator at {stage.keripy.status('org', 'org')['sn']}"


def our_delegator(stage):
    """Ours approves a keripy delegate; mail and receipts at our witness."""
    witness = stage.witnesses(1)[0]
    home = stage.home("office")
    org = stage.incept(home, "org", [witness], 1)
    dave = stage.controller("dave", [witness], 1)
    stage.introduce("dave", stage.oobi(home, "org"), "org")
    resolved = stage.run(home, f"oobi resolve {stage.their_oobi('dave', 'dave')} --alias dave")
    expect(resolved["aid"] == dave, f"the OOBI of {dave} led to {resolved['aid']}")
    file = stage.keripy.folder / "delegate.json"
    file.write_text(json.dumps(dict(
        transferable=True, wits=[witness.aid], toad=1, icount=1, ncount=1, isith="1", nsith="1", delpre=org)))
    asking = {
        "inception": ["incept", "--name", "dave", "--alias", "desk", "--proxy", "dave", "--receipt-endpoint", "--file", str(file)],
        "rotation": ["rotate", "--name", "dave", "--alias", "desk", "--proxy", "dave", "--receipt-endpoint", "--toad", "1"],
    }
    aid = None
    for step, command in asking.items():
        waiting = stage.begin(*command, seconds=150)
        request = None
        for _ in range(4):
            came = stage.run(home, "mail fetch org --wait 30")["messages"]
            request = next((one["event"] for one in came if one["kind"] == "delegation"), None)
            if request:
                break
        expect(request is not None, f"no request for the {step} came: {waiting.output()[-300:]}")
        aid = request["i"]
        stage.run(home, f"id approve {aid}")
        waiting.finish()
        status = stage.keripy.status("dave", "desk")
        expect(status["aid"] == aid, f"keripy's delegate is {status['aid']}, ours approved {aid}")
    resolved = stage.run(home, f"oobi resolve {stage.their_oobi('dave', 'desk')} --alias desk")
    state = resolved["state"]
    expect(state["s"] == status["sn"] == "1" and state["di"] == org, f"ours sees {state['s']} under {state['di']}, keripy {status}")
    return f"{stage.exchanges} exchanges, delegate at {state['s']}, delegator at {home.run(['id', 'show', 'org'])['state']['s']}"


STORIES = {
    "a keripy delegator and our delegate": their_delegator,
    "our delegator and a keripy delegate": our_delegator,
}
