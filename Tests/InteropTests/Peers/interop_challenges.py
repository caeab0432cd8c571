# SPDX-License-Identifier: Apache-2.0
"""Challenge and response between `kelmark` and live keripy, both ways; wrong words count for nothing."""
from interop_stage import DENIED, expect


def both_ways(stage):
    """Each signs the other's words; the mailbox of keripy is at keripy's witness, ours at ours."""
    theirs, ours = stage.their_witness("wan"), stage.witnesses(1)[0]
    bob = stage.controller("bob", [theirs], 1)
    home = stage.home("home", [theirs.oobi])
    stage.incept(home, "alice", [ours], 1)
    stage.introduce("bob", stage.oobi(home, "alice"), "alice")
    expect(stage.run(home, f"oobi resolve {stage.their_oobi('bob', 'bob')} --alias bob")["aid"] == bob, "the OOBI led elsewhere")
    # keripy answers our words.
    made = home.run(["challenge", "make"])["words"]
    words = made if isinstance(made, str) else " ".join(made)
    stage.kli("challenge", "respond", "--name", "bob", "--alias", "bob", "--recipient", "alice", "--words", words)
    seen = stage.run(home, f"challenge verify bob --as alice --wait 60 {words}")
    expect(seen["verified"] is True and seen["from"] == bob, f"the answer of keripy: {seen}")
    stage.run(home, f"challenge verify bob --as alice {words}", DENIED)
    # Ours answers keripy's words.
    asked = stage.kli("challenge", "generate", "--out", "string").strip().splitlines()[-1]
    verifying = stage.begin("challenge", "verify", "--name", "bob", "--alias", "bob", "--signer", "alice", "--words", asked)
    stage.run(home, f"challenge respond bob --as alice {asked}")
    text = verifying.finish()
    expect("successfully responded" in text, f"keripy does not see our answer: {text[-300:]}")
    return f"{stage.exchanges} exchanges, {len(words.split())} and {len(asked.split())} words"


STORIES = {"challenges both ways": both_ways}
