# SPDX-License-Identifier: Apache-2.0
"""Credentials between `kelmark` and live keripy: issued, granted, admitted, revoked, both ways; forged ones refused."""
import json
import pathlib
import subprocess
import time

from interop_stage import DENIED, UNDECIDABLE, WAITS, expect
from kelmark_nodes import free_ports
from keripy_nodes import HERE, get
from peer_process import PeerError, PeerLost

DRAFT = {
    "$id": "", "$schema": "http://json-schema.org/draft-07/schema#", "title": "Badge", "description": "A badge with a level",
    "type": "object", "credentialType": "Badge", "version": "1.0.0",
    "properties": {
        "v": {"type": "string"}, "d": {"type": "string"}, "u": {"type": "string"}, "i": {"type": "string"},
        "ri": {"type": "string"}, "s": {"type": "string"},
        "a": {"oneOf": [
            {"description": "The digest of the attributes", "type": "string"},
            {"$id": "", "description": "The attributes", "type": "object", "properties": {
                "d": {"type": "string"}, "i": {"type": "string"}, "dt": {"type": "string", "format": "date-time"},
                "level": {"type": "integer"}},
             "additionalProperties": False, "required": ["i", "dt", "level"]}]},
        "e": {"type": "object"}, "r": {"type": "object"}},
    "additionalProperties": False, "required": ["v", "d", "i", "ri", "s", "a"]}
FOREIGN = ("issuer", "registry", "edge")


class Trade:
    """An AID of ours and one of keripy's that know each other, a schema that both have, and a server for it."""

    def __init__(self, stage):
        self.stage, self.keripy = stage, stage.keripy
        self.theirs, self.ours = stage.their_witness("wan"), stage.witnesses(1)[0]
        self.bob = stage.controller("bob", [self.theirs], 1)
        self.home = stage.home("home", [self.theirs.oobi])
        self.alice = stage.incept(self.home, "alice", [self.ours], 1)
        stage.introduce("bob", stage.oobi(self.home, "alice"), "alice")
        found = stage.run(self.home, f"oobi resolve {stage.their_oobi('bob', 'bob')} --alias bob")
        expect(found["aid"] == self.bob, f"the OOBI of bob led to {found['aid']}")
        self.server = None
        self.schema = self.publish()

    def publish(self):
        """Makes the schema and serves it to both."""
        draft = self.keripy.folder / "badge.json"
        draft.write_text(json.dumps(DRAFT))
        said = self.script("keripy_forger.py", "schema", draft)["said"]
        (port,) = free_ports(1)
        self.server = subprocess.Popen(
            self.keripy.environment.command(HERE, "schema_node.py") + [str(port), f"{draft}.said"],
            env=self.keripy.variables, stdin=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}/oobi/{said}"
        deadline = time.monotonic() + 30
        while True:
            try:
                if get(port, f"/oobi/{said}", 2)[0] == 200:
                    break
            except OSError:
                pass
            expect(time.monotonic() < deadline and self.server.poll() is None, "the server of schemas does not answer")
            time.sleep(0.1)
        print(f"peer    {self.keripy.name} schemas, PID {self.server.pid}", flush=True)
        self.stage.introduce("bob", url, "badge")
        expect(self.stage.run(self.home, f"schema resolve {url}")["said"] == said, "the schema led elsewhere")
        return said

    def script(self, name, *arguments):
        """Runs a script over keripy's library to its end; its JSON."""
        process = subprocess.Popen(
            self.keripy.environment.command(HERE, name) + [str(one) for one in arguments], cwd=self.keripy.folder,
            env=self.keripy.variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        print(f"peer    {self.keripy.name} {name} {arguments[0]}, PID {process.pid}", flush=True)
        self.stage.exchanges += 1
        if self.keripy.is_killed and arguments[0] != "schema":
            process.kill()
        try:
            output, complaint = process.communicate(timeout=120)
        finally:
            process.kill()
        if process.returncode != 0:
            raise PeerError(f"{self.keripy.name} {name}: {complaint.strip()[-600:]}")
        return json.loads(output.splitlines()[-1])

    # keripy's side

    def their_registry(self):
        self.stage.kli("vc", "registry", "incept", "--name", "bob", "--alias", "bob", "--registry-name", "reg")

    def their_credential(self, level):
        """A credential of bob's for alice."""
        data = self.keripy.folder / "badge.data.json"
        data.write_text(json.dumps({"level": level}))
        self.stage.kli("vc", "create", "--name", "bob", "--alias", "bob", "--registry-name", "reg", "--schema", self.schema,
                       "--recipient", self.alice, "--data", f"@{data}")
        found = self.saids(self.stage.kli("vc", "list", "--name", "bob", "--alias", "bob", "--issued", "--said"))
        expect(found, "keripy has issued nothing")
        return found[-1]

    @staticmethod
    def saids(text):
        return [line.strip() for line in text.splitlines() if len(line.strip()) == 44 and line.startswith("E")]

    def their_messages(self, kind, sent=False):
        """The SAIDs of messages of a kind that keripy holds, after looking into its mailbox; a grant may need a second look."""
        for _ in range(6):
            found = self.saids(self.stage.kli(
                "ipex", "list", "--name", "bob", "--alias", "bob", "--said", "--type", kind,
                "--sent" if sent else "--poll"))
            if found:
                return found
        raise PeerError(f"{self.keripy.name}: no {kind} arrives")

    def their_state(self, said):
        """What `kli vc list` tells of a credential that bob holds."""
        text = self.stage.kli("vc", "list", "--name", "bob", "--alias", "bob", "--poll")
        place = text.find(said)
        if place < 0:
            return None
        return "revoked" if "Revoked" in text[place:place + 400] else "issued"

    # Our side

    def fetch(self, kind, partner=None):
        """Our mail until a message of a kind is there that waits for us; its SAID."""
        for _ in range(8):
            self.stage.run(self.home, "mail fetch alice --wait 10", (0, UNDECIDABLE))
            for one in self.home.run(["credential", "exchanges"])["exchanges"]:
                last = one["steps"][-1]
                if last["exchange"] == kind and one["turn"] in (self.alice, None):
                    return last["d"]
        expect(False, f"no {kind} of keripy arrives")

    def our_state(self, said):
        return self.home.run(["credential", "show", said])

    def close(self):
        if self.server is not None:
            self.server.kill()
            self.server.wait()


def trade(story):
    """A story with a trade that is cleared afterwards."""
    def play(stage):
        made = []
        try:
            one = Trade.__new__(Trade)
            one.server = None
            made.append(one)
            one.__init__(stage)
            return story(stage, one)
        finally:
            for one in made:
                one.close()
    play.__doc__ = story.__doc__
    return play


@trade
def ours_issues(stage, deal):
    """Ours issues, keripy admits and lists it, ours revokes, keripy sees that."""
    stage.run(deal.home, "registry create badges --owner alice")
    issued = stage.run(deal.home, f"credential issue --registry badges --schema {deal.schema} --to bob --data {level(deal, 5)}")
    said = issued["credential"]
    granted = stage.run(deal.home, f"credential grant {said} --as alice")
    expect(granted["sent"], "the grant was not sent")
    grant = deal.their_messages("grant")[-1]
    expect(grant == granted["d"], f"keripy got the grant {grant}, ours sent {granted['d']}")
    stage.kli("ipex", "admit", "--name", "bob", "--alias", "bob", "--said", grant)
    expect(deal.their_state(said) == "issued", "keripy does not list the credential as issued")
    admit = deal.fetch("admit")
    expect(admit == deal.their_messages("admit", sent=True)[-1], "the admit that came is not the one that keripy sent")
    # What keripy exports of it holds here, and there.
    file = deal.keripy.folder / "export.cesr"
    file.write_text(export(deal, said))
    expect(stage.run(deal.home, f"credential verify {file}")["valid"] is True, "the export of keripy does not hold")
    # Revoking tells the holder, as keripy's own command does.
    stage.run(deal.home, f"credential revoke {said} --yes")
    stage.run(deal.home, f"credential grant {said} --as alice", DENIED)
    for _ in range(4):
        state = deal.their_state(said)
        if state == "revoked":
            return f"{stage.exchanges} exchanges, credential {said}"
    expect(False, f"keripy does not see the revocation: {state}")


@trade
def theirs_issues(stage, deal):
    """keripy issues, ours admits and verifies it, keripy revokes, ours sees that."""
    deal.their_registry()
    said = deal.their_credential(6)
    stage.kli("ipex", "grant", "--name", "bob", "--alias", "bob", "--said", said, "--recipient", "alice")
    grant = deal.fetch("grant")
    admitted = stage.run(deal.home, f"credential admit {grant}")
    expect(admitted["outcome"] == "admitted", f"the grant of keripy: {admitted}")
    expect(deal.our_state(said)["status"] == "issued", f"ours shows {deal.our_state(said)}")
    expect(admitted["d"] == deal.their_messages("admit")[-1], "keripy did not get the admit")
    # Admitted again it is the same.
    expect(stage.run(deal.home, f"credential admit {grant}")["d"] == admitted["d"], "a second admit is another")
    exported = deal.home.folder / "ours.cesr"
    stage.run(deal.home, f"credential export {said} --out {exported}")
    stage.kli("vc", "revoke", "--name", "bob", "--alias", "bob", "--registry-name", "reg", "--said", said)
    for _ in range(4):
        # keripy's witness forwards its answer to ours, which takes it a while.
        refreshed = stage.run(deal.home, f"credential refresh {said} --as alice", (0, DENIED, UNDECIDABLE))
        if refreshed["state"] == "revoked":
            break
    expect(refreshed["state"] == "revoked", f"ours does not see the revocation: {refreshed}")
    expect(deal.our_state(said)["status"] == "revoked", "ours shows it as issued")
    stage.run(deal.home, f"credential admit {grant}", DENIED)
    return f"{stage.exchanges} exchanges, credential {said}"


@trade
def whole_exchange(stage, deal):
    """apply, offer, agree, grant, admit, ours as issuer; then keripy spurns a second offer."""
    stage.run(deal.home, "registry create badges --owner alice")
    said = stage.run(
        deal.home, f"credential issue --registry badges --schema {deal.schema} --to bob --data {level(deal, 7)}")["credential"]
    sent = deal.script("keripy_forger.py", "apply", "bob", "bob", deal.alice, deal.schema)["sent"]
    application = deal.fetch("apply")
    expect(application == sent, f"keripy sent {sent}, {application} came")
    offer = stage.run(deal.home, f"credential offer {said} --answering {application} --as alice")["d"]
    expect(deal.their_messages("offer")[-1] == offer, "keripy did not get the offer")
    deal.script("keripy_forger.py", "agree", "bob", "bob", deal.alice, offer)
    agreement = deal.fetch("agree")
    grant = stage.run(deal.home, f"credential grant {said} --answering {agreement} --as alice")["d"]
    expect(grant in deal.their_messages("grant"), "keripy did not get the grant")
    stage.kli("ipex", "admit", "--name", "bob", "--alias", "bob", "--said", grant)
    deal.fetch("admit")
    second = stage.run(deal.home, f"credential offer {said} --as alice --note again")["d"]
    deal.their_messages("offer")
    stage.kli("ipex", "spurn", "--name", "bob", "--alias", "bob", "--said", second)
    deal.fetch("spurn")
    for one in deal.home.run(["credential", "exchanges"])["exchanges"]:
        expect(one["turn"] is None, f"an exchange is not over: {one}")
    return f"{stage.exchanges} exchanges, credential {said}"


def forged(kind):
    @trade
    def story(stage, deal):
        deal.their_registry()
        victim = deal.alice
        far = ""
        if kind == "registry":
            stage.run(deal.home, "registry create badges --owner alice")
            victim = deal.home.run(["registry", "show", "badges"])["registry"]
        if kind == "edge":
            # Issued to alice, so bob may not build upon it.
            far = deal.their_credential(3)
            stage.kli("ipex", "grant", "--name", "bob", "--alias", "bob", "--said", far, "--recipient", "alice")
            stage.run(deal.home, f"credential admit {deal.fetch('grant')}")
        out = deal.keripy.folder / f"forged-{kind}"
        made = deal.script("keripy_forger.py", "forge", kind, "bob", "bob", "reg", deal.schema, victim, deal.alice, far, out)
        stage.kli("witness", "submit", "--name", "bob", "--alias", "bob", "--force")
        stage.run(deal.home, "kel fetch bob")
        # Offered as a file.
        stage.run(deal.home, f"credential verify {out}.cesr", (DENIED, UNDECIDABLE, WAITS))
        stage.run(deal.home, f"credential import {out}.cesr", (DENIED, UNDECIDABLE, WAITS))
        expect(not held(deal, made["credential"]), "the forged credential was imported")
        # Sent as a grant.
        deal.script("keripy_forger.py", "send", "bob", "bob", deal.alice, f"{out}.grant")
        grant = deal.fetch("grant")
        expect(grant == made["grant"], f"the grant {grant} came instead of {made['grant']}")
        stage.run(deal.home, f"credential admit {grant}", (DENIED, UNDECIDABLE, WAITS))
        expect(not held(deal, made["credential"]), "the forged credential was admitted")
        # The same hand makes one that is right, and that is admitted: nothing else stood in the way.
        good = deal.script(
            "keripy_forger.py", "forge", "good", "bob", "bob", "reg", deal.schema, "", deal.alice, "", f"{out}.good")
        stage.kli("witness", "submit", "--name", "bob", "--alias", "bob", "--force")
        stage.run(deal.home, "kel fetch bob")
        stage.run(deal.home, f"credential import {out}.good.cesr")
        expect(held(deal, good["credential"]), "an honest credential of the same maker was not imported")
        return f"{stage.exchanges} exchanges, forged {made['credential']} refused, honest {good['credential']} taken"
    story.__doc__ = f"A credential of keripy's with a false {kind} is refused as a file and as a grant."
    return story


def held(deal, said):
    return any(one["said"] == said for one in deal.home.run(["credential", "list"])["credentials"])


def level(deal, number):
    file = deal.home.folder / "badge.data.json"
    file.write_text(json.dumps({"level": number}, separators=(",", ":")))
    return file


def export(deal, said):
    text = deal.stage.kli("vc", "export", "--name", "bob", "--alias", "bob", "--said", said, "--full")
    return text[text.index('{"v":'):].rstrip("\n")


STORIES = {
    "a credential of ours, admitted by keripy, revoked": ours_issues,
    "a credential of keripy's, admitted by ours, revoked": theirs_issues,
    "apply, offer, agree, grant, admit, spurn": whole_exchange,
    **{f"a credential of keripy's with a forged {kind}": forged(kind) for kind in FOREIGN},
}
