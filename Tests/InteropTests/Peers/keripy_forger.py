# SPDX-License-Identifier: Apache-2.0
"""Credentials that must not be believed, made with keripy's own library in the home of a keripy controller.

usage: KERI_HEAD=FOLDER keripy_forger.py schema|forge|send|apply|agree … (one JSON line on stdout)

  schema DRAFT               the draft with its SAIDs, in the file DRAFT.said
  forge KIND HOME ALIAS REGISTRY SCHEMA VICTIM HOLDER FAR OUT
      makes, anchors and issues a credential in the registry of ALIAS, and writes all that proves it to OUT.grant (body
      and attachments of a grant for HOLDER) and OUT.cesr (a stream with logs, registry and credential).
  send HOME ALIAS RECIPIENT FILE
      puts a message into the mailbox of somebody whom HOME knows.
  apply HOME ALIAS RECIPIENT SCHEMA
  agree HOME ALIAS RECIPIENT OFFER
      write, keep and send these messages, for which kli has no commands.

      KIND is `issuer` (names VICTIM as the issuer and ALIAS as the issuee, who presents it), `registry` (names VICTIM, a
      registry of somebody else),
      `edge` (builds upon FAR, whose issuee is somebody else), `good` (nothing wrong).
"""
import json
import sys

import keripy_loopback  # noqa: F401
from hio.base import doing
from keri.app import forwarding, habbing, signing
from keri.app.notifying import Notifier
from keri.core import coring, parsing, scheming, serdering
from keri.core.coring import MtrDex, Saider
from keri.help import helping
from keri.peer import exchanging
from keri.vc import protocoling
from keri.vdr import credentialing, eventing as teventing


def address(path):
    """Writes the SAIDs of a schema: those of the sections first, then that of the whole."""
    with open(path) as file:
        draft = json.load(file)

    def seal(block):
        for value in block.values():
            if isinstance(value, dict):
                seal(value)
            elif isinstance(value, list):
                for one in value:
                    if isinstance(one, dict):
                        seal(one)
        if block.get("$id") == "":
            _, sealed = Saider.saidify(sad=block, label="$id")
            block.update(sealed)

    seal(draft)
    text = json.dumps(draft, separators=(",", ":"), ensure_ascii=False)
    scheming.Schemer(raw=text.encode())
    with open(path + ".said", "w") as file:
        file.write(text)
    return dict(said=draft["$id"])


def credential(issuer, registry, schema, holder, far):
    """A credential with any issuer and registry."""
    attributes = dict(d="", i=holder, dt=helping.nowIso8601(), level=7)
    _, attributes = Saider.saidify(sad=attributes, code=MtrDex.Blake3_256)
    body = dict(v="ACDC10JSON000000_", d="", i=issuer, ri=registry, s=schema, a=attributes)
    if far:
        edges = dict(d="", base=dict(n=far, s=schema))
        _, edges = Saider.saidify(sad=edges, code=MtrDex.Blake3_256)
        body["e"] = edges
    return serdering.SerderACDC(sad=body, makify=True)


def forge(kind, home, alias, registry_name, schema, victim, holder, far, out):
    hby = habbing.Habery(name=home, temp=False, bran=None)
    rgy = credentialing.Regery(hby=hby, name=home, temp=False)
    hab = hby.habByName(alias)
    registry = rgy.registryByName(registry_name)
    issuer, named, issuee = hab.pre, registry.regk, holder
    if kind == "issuer":
        issuer, issuee = victim, hab.pre
    elif kind == "registry":
        named = victim
    creder = credential(issuer, named, schema, issuee, far if kind == "edge" else None)
    # The event says what an honest one would: it is issued in the registry of ALIAS, or claims to be in VICTIM's.
    iss = teventing.issue(vcdig=creder.said, regk=named)
    anc = hab.interact(data=[dict(i=iss.pre, s="0", d=iss.said)])
    anchor = serdering.SerderKERI(raw=bytes(anc))
    couple = coring.Seqner(sn=anchor.sn).qb64b + anchor.saidb
    try:
        from keri.core.counting import Counter
        from keri import kering
        group = Counter("SealSourceCouples", count=1, gvrsn=kering.Vrsn_1_0).qb64b
    except ImportError:
        group = coring.Counter(code="-G", count=1).qb64b
    issued = bytearray(iss.raw) + group + couple
    acdc = signing.serialize(creder, coring.Prefixer(qb64=iss.pre), coring.Seqner(sn=0), coring.Saider(qb64=iss.said))
    log = b"".join(bytes(message) for message in hby.db.clonePreIter(pre=hab.pre))
    registry_log = b"".join(bytes(message) for message in rgy.reger.clonePreIter(pre=registry.regk))
    exn, attachments = protocoling.ipexGrantExn(
        hab=hab, recp=holder, message="", acdc=bytes(acdc), iss=bytes(issued), anc=bytes(anc))
    with open(out + ".grant", "wb") as file:
        file.write(bytes(exn.raw) + bytes(attachments))
    with open(out + ".cesr", "wb") as file:
        file.write(log + registry_log + bytes(issued) + bytes(acdc))
    # Everything before the grant: what a kli grant sends as artefacts, one message each.
    hby.close()
    return dict(credential=creder.said, grant=exn.said, issuance=iss.said, anchor=anchor.said, sn=anchor.sn)


def post(hby, hab, recipient, serder, attachments):
    """Puts a message into the recipient's mailbox, as keripy's commands do."""
    postman = forwarding.StreamPoster(hby=hby, hab=hab, recp=recipient, topic="credential")
    postman.send(serder=serder, attachment=bytearray(attachments))
    doer = doing.DoDoer(doers=postman.deliver())
    doing.Doist(limit=30.0, tock=0.03125, real=True, doers=[doer]).do()


def send(home, alias, recipient, path):
    """Sends a message from a file."""
    hby = habbing.Habery(name=home, temp=False, bran=None)
    with open(path, "rb") as file:
        raw = file.read()
    serder = serdering.SerderKERI(raw=raw)
    post(hby, hby.habByName(alias), recipient, serder, raw[serder.size:])
    hby.close()
    return dict(sent=serder.said)


def say(kind, home, alias, recipient, about):
    """Writes, keeps and sends an apply for the schema ABOUT or an agree to the offer ABOUT; kli has no command for them."""
    hby = habbing.Habery(name=home, temp=False, bran=None)
    hab = hby.habByName(alias)
    if kind == "apply":
        exn, end = protocoling.ipexApplyExn(hab, recipient, "please", about, dict(level=7))
    else:
        offer, _ = exchanging.cloneMessage(hby, about)
        exn, end = protocoling.ipexAgreeExn(hab, "yes", offer)
    notifier = Notifier(hby)
    exchanger = exchanging.Exchanger(hby=hby, handlers=[])
    protocoling.loadHandlers(hby, exc=exchanger, notifier=notifier)
    parsing.Parser().parseOne(ims=bytes(exn.raw) + bytes(end), exc=exchanger)
    post(hby, hab, recipient, exn, end)
    hby.close()
    return dict(sent=exn.said)


if __name__ == "__main__":
    if sys.argv[1] == "schema":
        answer = address(sys.argv[2])
    elif sys.argv[1] == "send":
        answer = send(*sys.argv[2:])
    elif sys.argv[1] in ("apply", "agree"):
        answer = say(*sys.argv[1:])
    else:
        answer = forge(*sys.argv[2:])
    print(json.dumps(answer), flush=True)
