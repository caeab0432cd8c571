#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes records.json beside itself: records of the binding and their schemas, made without any code of Kelmark.

needs: the Python package blake3
"""
import base64
import hashlib
import json
import pathlib

import blake3

SPKI = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9TmGEI74wp1dL3zA7dyPBT1OM_hNdNuBJB_maFR9LcYzXH4N6LSjr5raesykhKSvgq8Ye0lVznsgGDIgD2wQTQ"
ISSUER, CREDENTIAL, LOG = ("E" + base64.urlsafe_b64encode(b"\0" + bytes([n]) * 32).decode()[1:] for n in (1, 2, 3))


def said(data):
    return "E" + base64.urlsafe_b64encode(b"\0" + blake3.blake3(data).digest()).decode()[1:]


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def address(record, label="d"):
    record = dict(record) | {label: "#" * 44}
    return compact(record | {label: said(compact(record).encode())})


def unpad(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


KEY_ID = hashlib.sha1(unpad(SPKI)[-65:]).hexdigest()
STATEMENT = {
    "d": "", "t": "km.statement.1", "i": ISSUER, "td": "example.org", "kind": "x509", "kid": KEY_ID, "spki": SPKI,
    "nb": "2026-01-01T00:00:00Z", "na": "2027-01-01T00:00:00Z", "cred": CREDENTIAL, "log": "", "prev": ""}
WITHDRAWAL = {
    "d": "", "t": "km.withdrawal.1", "i": ISSUER, "td": "example.org", "subject": CREDENTIAL, "log": "", "size": 0,
    "reason": "key \"lost\"\n\u00fc"}
SUSPENSION = {
    "d": "", "t": "km.suspension.1", "i": ISSUER, "td": "example.org", "subject": CREDENTIAL,
    "at": "2026-08-01T12:00:00Z"}


def moved(record, label):
    return {name: value for name, value in record.items() if name != label} | {label: record[label]}


def without(record, label):
    return {name: value for name, value in record.items() if name != label}


cases = []


def valid(name, record):
    cases.append({"name": name, "record": address(record), "said": json.loads(address(record))["d"], "error": None})


def invalid(name, record, error, text=None):
    cases.append({"name": name, "record": text or address(record), "said": None, "error": error})


valid("statement", STATEMENT)
valid("statement with log and predecessor", STATEMENT | {"log": LOG, "prev": CREDENTIAL})
valid("statement of a JWT key", STATEMENT | {"kind": "jwt", "kid": "A" * 43})
valid("withdrawal", WITHDRAWAL)
valid("withdrawal with log", WITHDRAWAL | {"log": LOG, "size": 18446744073709551615})
valid("suspension", SUSPENSION)
valid("record of another type", {"d": "", "t": "note", "a": [1, {"b": None}]})
invalid("forged SAID", None, "record-said", address(STATEMENT).replace("example.org", "example.com"))
invalid("space behind a comma", None, "record-document", address(STATEMENT).replace(",", ", ", 1))
invalid("escaped letter", None, "record-document", address(STATEMENT).replace("example", "\\u0065xample"))
invalid("member twice", None, "record-document", address(STATEMENT)[:-1] + ',"prev":""}')
invalid("member missing", without(STATEMENT, "prev"), "record-members")
invalid("member moved", moved(STATEMENT, "td"), "record-members")
invalid("member too many", STATEMENT | {"x": ""}, "record-members")
invalid("unknown type of ours", STATEMENT | {"t": "km.statement.2"}, "record-type")
invalid("upper-case trust domain", STATEMENT | {"td": "Example.org"}, "record-value")
invalid("key id of another key", STATEMENT | {"kid": "0" * 40}, "record-value")
invalid("end before beginning", STATEMENT | {"na": STATEMENT["nb"]}, "record-value")
invalid("time with fraction", STATEMENT | {"nb": "2026-01-01T00:00:00.0Z"}, "record-value")
invalid("day that does not exist", STATEMENT | {"nb": "2026-02-29T00:00:00Z"}, "record-value")
invalid("no key", STATEMENT | {"spki": "AAAA"}, "record-value")
invalid("size without a log", WITHDRAWAL | {"size": 1}, "record-value")
invalid("negative size", WITHDRAWAL | {"size": -1, "log": LOG}, "record-value")
invalid("long reason", WITHDRAWAL | {"reason": "a" * 1025}, "record-value")
invalid("no subject", SUSPENSION | {"subject": ""}, "record-value")


def text(pattern):
    return {"type": "string", "pattern": pattern}


IDENTIFIER, OPTIONAL = text("^[A-Z0-9][A-Za-z0-9_-]{43,87}$"), text("^([A-Z0-9][A-Za-z0-9_-]{43,87})?$")
DOMAIN, TIME = text("^[a-z0-9._-]{1,255}$"), text("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")


def schema(title, kind, members):
    properties = {"d": text("^E[A-Za-z0-9_-]{43}$"), "t": {"const": kind}} | members
    return address({
        "$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "type": "object",
        "properties": properties, "required": list(properties), "additionalProperties": False}, "$id")


schemas = [
    schema("Authority statement", "km.statement.1", {
        "i": IDENTIFIER, "td": DOMAIN, "kind": {"enum": ["x509", "jwt"]},
        "kid": text("^([0-9a-f]{40}|[A-Za-z0-9_-]{43})$"), "spki": text("^[A-Za-z0-9_-]+$"), "nb": TIME, "na": TIME,
        "cred": IDENTIFIER, "log": OPTIONAL, "prev": OPTIONAL}),
    schema("Withdrawal", "km.withdrawal.1", {
        "i": IDENTIFIER, "td": DOMAIN, "subject": IDENTIFIER, "log": OPTIONAL,
        "size": {"type": "integer", "minimum": 0}, "reason": {"type": "string", "maxLength": 1024}}),
    schema("Suspension", "km.suspension.1", {"i": IDENTIFIER, "td": DOMAIN, "subject": IDENTIFIER, "at": TIME}),
]
target = pathlib.Path(__file__).with_name("records.json")
target.write_text(json.dumps({"cases": cases, "schemas": schemas}, indent=1, ensure_ascii=False) + "\n", "utf-8")
