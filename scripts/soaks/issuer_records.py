# SPDX-License-Identifier: Apache-2.0
"""What an issuer's file says of what it issued: leaves and audit without gaps, one of each for every SVID, and the log's
tree made of the leaves."""
import hashlib
import json
import pathlib
import shutil
import sqlite3
import struct
import tempfile


def copied(folder, target):
    """A copy of the file with its log, as a process leaves it that was killed or has ended."""
    for path in pathlib.Path(folder).glob("issuer.sqlite*"):
        shutil.copy(path, target)
    return pathlib.Path(target) / "issuer.sqlite"


def right_edge(leaves):
    """The hashes of the largest complete subtrees (RFC 6962, 2.1) from left to right, one behind the other."""
    edge = []
    for leaf in leaves:
        level, node = 0, hashlib.sha256(b"\0" + leaf).digest()
        while edge and edge[-1][0] == level:
            node = hashlib.sha256(b"\1" + edge.pop()[1] + node).digest()
            level += 1
        edge.append((level, node))
    return b"".join(node for _, node in edge)


def judge(path, serials, entries=()):
    """(counts, faults) of a copy of an issuer's file; `serials` are those that anybody has seen, `entries` the IDs of
    entries whose creation was acknowledged."""
    faults = []
    connection = sqlite3.connect(path)
    try:
        check = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if check != "ok":
            faults.append(f"the file is damaged: {check}")
        issued = connection.execute("SELECT leaf, kind, serial, digest FROM issuances ORDER BY leaf").fetchall()
        audit = connection.execute("SELECT number, previous, content, digest FROM audit ORDER BY number").fetchall()
        count, head = connection.execute("SELECT count, digest FROM audit_head").fetchone()
        size, hashes = connection.execute("SELECT size, hashes FROM tree_head").fetchone()
        edge = right_edge(row[0] for row in connection.execute("SELECT content FROM issuances ORDER BY leaf"))
        known = {row[0] for row in connection.execute("SELECT id FROM registration_entries")}
    finally:
        connection.close()
    if [row[0] for row in issued] != list(range(len(issued))):
        faults.append("leaves have gaps")
    if size != len(issued) or bytes(hashes) != edge:
        faults.append(f"the log's tree of {size} leaves is not that of the {len(issued)} leaves")
    previous, digests = bytes(32), set()
    for place, (number, before, content, digest) in enumerate(audit):
        if number != place:
            faults.append(f"audit record {place} is missing")
            break
        if before != previous or digest != hashlib.sha256(struct.pack(">Q", number) + before + content).digest():
            faults.append(f"audit record {number} does not follow")
            break
        previous = digest
        digests.add(json.loads(content)["details"].get("digest"))
    if count != len(audit) or (audit and head != previous):
        faults.append(f"the audit has {len(audit)} records and a head of {count}")
    without = [row for row in issued if bytes(row[3]).hex() not in digests]
    faults += [f"leaf {row[0]} has no audit record" for row in without[:3]]
    recorded = {row[2].lstrip("0") for row in issued if row[1] == "x509-svid"}
    faults += [f"serial {serial} was handed out and is nowhere" for serial in sorted(serials - recorded)[:3]]
    faults += [f"entry {one} was acknowledged and is gone" for one in sorted(set(entries) - known)[:3]]
    return {"leaves": len(issued), "audit": len(audit), "entries": len(known), "seen": len(serials)}, faults


def judge_folder(folder, serials, entries=()):
    with tempfile.TemporaryDirectory() as place:
        return judge(copied(folder, place), serials, entries)


def judge_notices(folder, serials):
    """Whether each planted fault is noticed: a leaf without record, a record cut off, a record changed, a leaf changed."""
    plants = (
        "DELETE FROM issuances WHERE leaf = (SELECT max(leaf) FROM issuances)",
        "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
        "UPDATE audit SET content = CAST(CAST(content AS TEXT) || ' ' AS BLOB) WHERE number = (SELECT max(number) / 2 FROM audit)",
        "UPDATE issuances SET content = CAST(CAST(content AS TEXT) || ' ' AS BLOB) WHERE leaf = (SELECT max(leaf) / 2 FROM issuances)")
    noticed = 0
    for plant in plants:
        with tempfile.TemporaryDirectory() as place:
            path = copied(folder, place)
            connection = sqlite3.connect(path)
            last = connection.execute(
                "SELECT serial FROM issuances WHERE leaf = (SELECT max(leaf) FROM issuances)").fetchone()
            connection.execute(plant)
            connection.commit()
            connection.close()
            seen = serials | ({last[0].lstrip("0")} if plant.startswith("DELETE FROM issuances") and last else set())
            noticed += bool(judge(path, seen)[1])
    return noticed == len(plants)
