# SPDX-License-Identifier: Apache-2.0
"""Histories that one peer makes and another must accept with the same final key state."""
import base64

# The key state record of keripy without its version and time.
STATE = ("i", "s", "p", "d", "f", "et", "kt", "k", "nt", "n", "bt", "b", "c", "ee", "di")


class Disagreement(Exception):
    """Two peers see the same stream differently."""


def exchange(maker, judge, seed, kind="random", events=30):
    """`maker` makes a history, `judge` reads it; returns a line about it or raises Disagreement."""
    avoid = sorted(set(maker.about["quirks"]) | set(judge.about["quirks"]))
    made = maker.ask("make", seed=seed, kind=kind, events=events, avoid=avoid)
    if made["events"] != events:
        raise Disagreement(f"{maker.name} made {made['events']} events instead of {events}")
    seen = judge.judge(base64.b64decode(made["stream"], validate=True))
    difference = compare(made, seen, maker.name, judge.name, "recovery-repeats-witness-changes" in avoid)
    if difference:
        raise Disagreement(difference)
    count = sum(len(log) for log in seen["log"].values())
    return f"{len(made['prefixes'])} AIDs, {count} events first seen, features {', '.join(made['features']) or 'none'}"


def compare(made, seen, maker, judge, repeats_witness_changes=False):
    """The first difference as text, or None."""
    if seen["leftover"]:
        return f"{judge} left {seen['leftover']} bytes unread"
    if set(made["states"]) != set(seen["states"]):
        return f"{judge} knows {sorted(seen['states'])}, {maker} made {sorted(made['states'])}"
    for prefix, expected in made["states"].items():
        for field in STATE:
            mine, theirs = expected.get(field), seen["states"][prefix].get(field)
            if field == "ee" and repeats_witness_changes and "recovery" in made["features"]:
                mine, theirs = ({key: state[key] for key in ("s", "d")} for state in (mine, theirs))
            if mine != theirs:
                return f"{prefix} {field}: {maker} says {mine!r}, {judge} says {theirs!r}"
        if made["log"][prefix] != seen["log"][prefix]:
            return f"{prefix}: first-seen order differs: {made['log'][prefix]} and {seen['log'][prefix]}"
    for name, escrows in ((maker, made["escrows"]), (judge, seen["escrows"])):
        if escrows:
            return f"{name} still holds in escrow: {escrows}"
    return None
