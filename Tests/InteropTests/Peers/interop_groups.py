# SPDX-License-Identifier: Apache-2.0
"""A 2-of-3 group of two members of ours, each with a home of its own, and one of keripy."""
import json

from interop_stage import WAITS, expect

DATA = [{"note": "agreed by two of three"}]


class Group:
    """alice and bob are ours, carol is keripy's; all know each other."""

    def __init__(self, stage, of_alice, of_bob, of_carol, group_witnesses):
        self.stage, self.witnesses = stage, group_witnesses
        self.homes = {name: stage.home(name) for name in ("alice", "bob")}
        self.aids = {
            "alice": stage.incept(self.homes["alice"], "alice", of_alice, 1),
            "bob": stage.incept(self.homes["bob"], "bob", of_bob, 1),
            "carol": stage.controller("carol", of_carol, 1),
        }
        self.oobis = {name: stage.oobi(home, name) for name, home in self.homes.items()}
        self.oobis["carol"] = stage.their_oobi("carol", "carol")
        for name, home in self.homes.items():
            for other, oobi in self.oobis.items():
                if other != name:
                    resolved = stage.run(home, f"oobi resolve {oobi} --alias {other}")
                    expect(resolved["aid"] == self.aids[other], f"the OOBI of {other} led to {resolved['aid']}")
            for witness in group_witnesses:
                stage.run(home, f"oobi resolve {witness.oobi}")
        for name in ("alice", "bob"):
            stage.introduce("carol", self.oobis[name], name)
        known = {witness.aid for witness in of_carol}
        for witness in group_witnesses:
            if witness.aid not in known:
                stage.introduce("carol", witness.oobi, witness.name)
        self.members = ",".join(("alice", "bob", "carol"))

    def approve(self, name, kind, seconds=60):
        """`name` looks into its mail until a proposal of `kind` is there, and signs it."""
        stage, home = self.stage, self.homes[name]
        for _ in range(6):
            stage.run(home, f"mail fetch {name} --wait 20")
            groups = home.run(["id", "multisig", "list"])["groups"]
            open_ones = [one for group in groups for one in group["proposals"] if one["stage"] == "proposed" and one["t"] == kind]
            if open_ones:
                return stage.run(home, f"id multisig approve {open_ones[0]['d']} --name team --wait {seconds}")
        expect(False, f"no {kind} was proposed to {name}: {groups}")

    def settle(self, name):
        """`name` goes on until the event it signed is in its log."""
        return self.stage.run(self.homes[name], "id multisig resume team --wait 90")

    def rotate_members(self):
        """Each member rotates its own AID, and keripy learns of it."""
        for name, home in self.homes.items():
            self.stage.run(home, f"id rotate {name}")
        self.stage.kli("rotate", "--name", "carol", "--alias", "carol", "--receipt-endpoint", "--toad", "1")
        for name in self.homes:
            self.stage.introduce("carol", self.oobis[name], name, again=True)
        for home in self.homes.values():
            for other in self.aids:
                if home is not self.homes.get(other):
                    self.stage.run(home, f"kel fetch {other}")

    def join(self):
        """keripy joins what comes next."""
        return self.stage.begin("multisig", "join", "--name", "carol", "--group", "team", "--auto", seconds=180)

    def compare(self, events):
        """All three hold the same log of `events` events."""
        stage = self.stage
        aid = stage.keripy.status("carol", "team")["aid"]
        logs = {name: stage.our_log(home, "team", aid) for name, home in self.homes.items()}
        logs["carol"] = stage.their_log("carol", "team", aid)
        expect(len(logs["carol"] or []) == events, f"keripy's log has {len(logs['carol'] or [])} events, not {events}")
        for name, log in logs.items():
            expect(log == logs["carol"], f"{name} holds {log}, keripy {logs['carol']}")
        return aid

    def options(self):
        return " ".join(f"--witness {witness.aid}" for witness in self.witnesses) + f" --toad {len(self.witnesses)}"


def started_by_us(stage):
    """Ours proposes each event, keripy joins, our other member signs last; the mailbox of keripy is at keripy's witness."""
    theirs, ours = stage.their_witness("wan"), stage.witnesses(1)[0]
    group = Group(stage, [ours], [theirs], [theirs], [theirs])
    alice = group.homes["alice"]
    data = alice.folder / "data.json"
    data.write_text(json.dumps(DATA, separators=(",", ":")))
    steps = (
        ("icp", f"id multisig create team --member alice --members {group.members} --threshold 2 --next-threshold 2 "
                f"{group.options()}"),
        ("ixn", f"id multisig anchor team --data {data}"),
        ("rot", "id multisig rotate team --threshold 2 --next-threshold 2"),
    )
    for kind, command in steps:
        if kind == "rot":
            group.rotate_members()
        joining = group.join()
        stage.run(alice, command, (0, WAITS))
        group.settle("alice")
        joining.finish()
        group.approve("bob", kind)
    aid = group.compare(3)
    return f"{stage.exchanges} exchanges, group {aid} of 3 events"


def started_by_them(stage):
    """keripy proposes each event, both of ours sign; all mailboxes are at our witnesses."""
    first, second = stage.witnesses(2)
    group = Group(stage, [first], [second], [first], [first, second])
    file = stage.keripy.folder / "group.json"
    file.write_text(json.dumps(dict(
        aids=[group.aids[name] for name in ("alice", "bob", "carol")], transferable=True,
        wits=[witness.aid for witness in group.witnesses], toad=2, isith="2", nsith="2")))
    aids = [group.aids[name] for name in ("alice", "bob", "carol")]
    steps = (
        ("icp", ["multisig", "incept", "--name", "carol", "--alias", "carol", "--group", "team", "--file", str(file)]),
        ("ixn", ["multisig", "interact", "--name", "carol", "--alias", "team", "--data", json.dumps(DATA)]),
        ("rot", ["multisig", "rotate", "--name", "carol", "--alias", "team", "--isith", "2", "--nsith", "2", "--toad", "2"]
         + [word for aid in aids for word in ("--smids", aid)] + [word for aid in aids for word in ("--rmids", aid)]),
    )
    for kind, command in steps:
        if kind == "rot":
            group.rotate_members()
        proposing = stage.begin(*command, seconds=240)
        group.approve("alice", kind)
        proposing.finish()
        group.approve("bob", kind)
    aid = group.compare(3)
    return f"{stage.exchanges} exchanges, group {aid} of 3 events"


STORIES = {
    "a group of ours and keripy's, started by us": started_by_us,
    "a group of ours and keripy's, started by keripy": started_by_them,
}
