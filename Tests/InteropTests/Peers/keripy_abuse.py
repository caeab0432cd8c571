# SPDX-License-Identifier: Apache-2.0
"""Abuses of a witness, written with keripy's own codec: prints one JSON line about what came back.

usage: KERI_HEAD=FOLDER keripy_abuse.py PORT WITNESS-AID SEED
"""
import http.client
import json
import re
import sys

import keripy_loopback  # noqa: F401

try:  # 1.2
    from keri.core.signing import Salter
except ImportError:  # 1.1
    from keri.core.coring import Salter
from keri.core.coring import Cigar, Diger, MtrDex, Verfer
from keri.core.eventing import incept, interact

PORT, WITNESS, SEED = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def signer(path):
    return Salter(raw=SEED.encode()[:16].ljust(16, b"0")).signer(path=path, transferable=True, temp=True)


def group(siger):
    return "-AAB" + siger.qb64


def request(method, path, body=None, headers=None):
    """Status and body, or the name of what went wrong."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=8)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data
    except OSError as error:
        return type(error).__name__, b""


def post(event, attachment):
    return request("POST", "/receipts", event.raw, {
        "Content-Type": "application/cesr+json", "CESR-ATTACHMENT": attachment, "CESR-DESTINATION": WITNESS})


def receipted(event, answer):
    """Whether an answer holds a valid receipt of `event`."""
    status, data = answer
    if status != 200 or not data:
        return False
    size = int(re.search(rb"JSON([0-9a-f]{6})_", data[:40]).group(1), 16)
    rest = data[size:].decode()
    if not rest.startswith("-CAB"):
        return False
    verfer = Verfer(qb64=rest[4:48])
    return verfer.verify(Cigar(qb64=rest[48:136]).raw, event.raw)


now, later, thief = signer("now"), signer("later"), signer("thief")
digest = Diger(ser=later.verfer.qb64b).qb64
icp = incept(keys=[now.verfer.qb64], ndigs=[digest], wits=[WITNESS], toad=1, code=MtrDex.Blake3_256)
one = interact(pre=icp.pre, dig=icp.said, sn=1, data=[dict(d=icp.said)])
other = interact(pre=icp.pre, dig=icp.said, sn=1, data=[dict(d=one.said)])
far = interact(pre=icp.pre, dig=one.said, sn=5, data=[])
cut = incept(keys=[thief.verfer.qb64], ndigs=[digest], wits=[WITNESS], toad=1, code=MtrDex.Blake3_256)
seen = {}
for name, event, key in (
        ("inception", icp, now), ("interaction", one, now), ("other, foreign signature", other, thief),
        ("other, own signature", other, now), ("far ahead, foreign signature", far, thief), ("interaction again", one, now)):
    answer = post(event, group(key.sign(event.raw, index=0)))
    seen[name] = dict(status=answer[0], receipted=receipted(event, answer))
seen["cut-off attachment"] = dict(status=post(cut, "-AABAA")[0], receipted=False)
seen["no attachment"] = dict(status=request("POST", "/receipts", cut.raw, {"Content-Type": "application/cesr+json"})[0], receipted=False)
seen["alive afterwards"] = dict(status=request("GET", "/oobi")[0], receipted=False)
print(json.dumps(seen))
