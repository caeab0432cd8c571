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
PATH = "^/([A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)?$"
SECONDS = {"type": "integer", "minimum": 1, "maximum": 315360000}
attributes = {
    "d": {"type": "string"}, "i": IDENTIFIER, "dt": {"type": "string", "format": "date-time"}, "trustDomain": DOMAIN,
    "pathPrefixes": {"type": "array", "items": text(PATH), "minItems": 1, "maxItems": 64, "uniqueItems": True},
    "svidTypes": {"type": "array", "items": {"enum": ["x509", "jwt"]}, "minItems": 1, "uniqueItems": True},
    "maxX509TTL": SECONDS, "maxJWTTL": SECONDS, "maxKeys": {"type": "integer", "minimum": 1, "maximum": 64},
    "downstream": {"type": "boolean"},
    "bindings": {"type": "object", "propertyNames": {"pattern": PATH}, "additionalProperties": IDENTIFIER,
                 "maxProperties": 64}}
block = json.loads(address({
    "$id": "", "description": "Attributes", "type": "object", "properties": attributes,
    "required": [name for name in attributes if name != "bindings"], "additionalProperties": False}, "$id"))
properties = {
    "v": {"description": "Version", "type": "string"}, "d": {"description": "SAID of the credential", "type": "string"},
    "i": {"description": "AID of the organisation", "type": "string"},
    "ri": {"description": "Registry of the organisation", "type": "string"},
    "s": {"description": "SAID of this schema", "type": "string"},
    "a": {"oneOf": [text("^E[A-Za-z0-9_-]{43}$"), block]}}
authority = address({
    "$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Authority credential",
    "description": "An organisation lets an issuer sign SVIDs of a trust domain, within limits.", "type": "object",
    "credentialType": "KelmarkAuthorityCredential", "version": "1.0.0", "properties": properties,
    "required": list(properties), "additionalProperties": False}, "$id")


def credential(**changes):
    """An authority credential (ACDC 1.0, JSON) with members of its attributes changed."""
    values = {
        "d": "", "i": ISSUER, "dt": "2026-01-01T00:00:00.000000+00:00", "trustDomain": "example.org",
        "pathPrefixes": ["/"], "svidTypes": ["x509"], "maxX509TTL": 86400, "maxJWTTL": 300, "maxKeys": 2,
        "downstream": False} | changes
    body = {
        "v": "ACDC10JSON000000_", "d": "#" * 44, "i": LOG, "ri": CREDENTIAL, "s": json.loads(authority)["$id"],
        "a": json.loads(address({name: value for name, value in values.items() if value is not None}))}
    body["v"] = f"ACDC10JSON{len(compact(body)):06x}_"
    return compact(body | {"d": said(compact(body).encode())})


def right(name, **changes):
    return {"name": name, "credential": credential(**changes), "error": None}


def wrong(name, error, **changes):
    return {"name": name, "credential": credential(**changes), "error": error}


V, M = "credential-value", "credential-members"
credentials = [
    right("all limits"),
    right("narrow", pathPrefixes=["/dev", "/test/web"], svidTypes=["x509", "jwt"], downstream=True, maxKeys=64),
    right("bindings", bindings={"/web": LOG, "/db/main": ISSUER}),
    right("no bindings", bindings={}),
    wrong("no trust domain", M, trustDomain=None),
    wrong("no maximum of keys", M, maxKeys=None),
    wrong("unknown limit", M, maxSSHTTL=60),
    wrong("upper-case trust domain", V, trustDomain="Example.org"),
    wrong("no path", V, pathPrefixes=[]),
    wrong("path twice", V, pathPrefixes=["/a", "/a"]),
    wrong("path without slash", V, pathPrefixes=["dev"]),
    wrong("path with slash behind", V, pathPrefixes=["/dev/"]),
    wrong("path with dots", V, pathPrefixes=["/a/../b"]),
    wrong("path is no list", V, pathPrefixes="/"),
    wrong("no type", V, svidTypes=[]),
    wrong("unknown type", V, svidTypes=["ssh"]),
    wrong("type twice", V, svidTypes=["x509", "x509"]),
    wrong("lifetime of nothing", V, maxX509TTL=0),
    wrong("lifetime as text", V, maxX509TTL="86400"),
    wrong("lifetime of eleven years", V, maxX509TTL=346896000),
    wrong("negative lifetime of tokens", V, maxJWTTL=-1),
    wrong("no key", V, maxKeys=0),
    wrong("many keys", V, maxKeys=65),
    wrong("downstream as number", V, downstream=1),
    wrong("binding of everything", V, bindings={"/": LOG}),
    wrong("binding to no AID", V, bindings={"/web": "x"}),
    wrong("bindings as list", V, bindings=[]),
]
target = pathlib.Path(__file__).with_name("records.json")
target.write_text(json.dumps({"cases": cases, "schemas": schemas, "authority": authority, "credentials": credentials}, indent=1, ensure_ascii=False) + "\n", "utf-8")
