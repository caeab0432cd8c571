# SPDX-License-Identifier: Apache-2.0
"""Workloads of one user that watch their SVIDs: streams of py-spiffe, raw streams, and one that takes tokens.

usage: workload_watcher.py USER RAW PY-SPIFFE TOKENS       runs with py-spiffe's Python, as root at first

Writes one JSON object for each thing that happens: `svids` with what each SVID is, `token`, or `error` with the status.
Ends when standard input does.
"""
import base64
import ctypes
import encodings.idna  # noqa: F401
import hashlib
import json
import os
import pathlib
import sys
import threading
import time

# Everything is loaded before the change of user: the interpreter may lie where that user can't read.
import grpc
import grpc._channel  # noqa: F401
import grpc._interceptor  # noqa: F401
import jwt  # noqa: F401
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from spiffe import WorkloadApiClient

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import raw_calls  # noqa: E402

ENDPOINT = os.environ["SPIFFE_ENDPOINT_SOCKET"]
HEADER = (("workload.spiffe.io", "true"),)
OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1), ("grpc.default_authority", "localhost"),
    ("grpc.initial_reconnect_backoff_ms", 200), ("grpc.min_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 2000)]
output = threading.Lock()


def say(who, event, **details):
    with output:
        print(json.dumps({"at": time.time(), "who": who, "event": event} | details), flush=True)


def leaf_facts(leaf):
    return {"serial": f"{leaf.serial_number:x}", "from": leaf.not_valid_before_utc.timestamp(),
            "until": leaf.not_valid_after_utc.timestamp()}


def raw_svids(message):
    found = {}
    for number, value in raw_calls.fields(message):
        if number != 1:
            continue
        parts = dict(reversed(list(raw_calls.fields(value))))
        leaf = x509.load_der_x509_certificate(raw_calls.certificates(parts[2])[0])
        key = serialization.load_der_private_key(parts[3], None)
        if key.public_key().public_numbers() != leaf.public_key().public_numbers():
            raise ValueError("the key is another certificate's")
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        if uris != [parts[1].decode()]:
            raise ValueError(f"{uris} under the name {parts[1]!r}")
        found[parts[1].decode()] = leaf_facts(leaf)
    return found


def watch_raw(who):
    pause = 0.2
    while True:
        with grpc.insecure_channel(ENDPOINT.replace("unix://", "unix:"), options=OPTIONS) as channel:
            try:
                stream = channel.unary_stream(raw_calls.FETCH_X509, lambda one: one, lambda one: one)
                for message in stream(b"", metadata=HEADER):
                    pause = 0.2
                    say(who, "svids", svids=raw_svids(message))
                say(who, "error", code="OK", details="the stream ended")
            except grpc.RpcError as error:
                say(who, "error", code=error.code().name, details=(error.details() or "")[:200])
            except ValueError as error:
                say(who, "error", code="MALFORMED", details=str(error))
        time.sleep(pause)
        pause = min(pause * 2, 2)


def watch_py_spiffe(who, client):
    def update(context):
        say(who, "svids", svids={str(one.spiffe_id): leaf_facts(one.leaf) for one in context.x509_svids})
    return client.stream_x509_contexts(update, lambda error: say(who, "error", code="ENDED", details=str(error)[:200]))


def take_tokens(who, period):
    """Always the same audience; every fifth time another one as well, which can't be had from what is kept."""
    number = 0
    while True:
        number += 1
        for audience in ["same"] + (["new-" + os.urandom(8).hex()] if number % 5 == 0 else []):
            raw = audience.encode()
            began = time.time()
            try:
                with grpc.insecure_channel(ENDPOINT.replace("unix://", "unix:"), options=OPTIONS) as channel:
                    call = channel.unary_unary("/SpiffeWorkloadAPI/FetchJWTSVID", lambda one: one, lambda one: one)
                    answer = call(b"\x0a" + bytes([len(raw)]) + raw, metadata=HEADER, timeout=60)
                for field, value in raw_calls.fields(answer):
                    parts = dict(raw_calls.fields(value)) if field == 1 else {}
                    if 2 in parts:
                        claims = parts[2].split(b".")[1]
                        claims = json.loads(base64.urlsafe_b64decode(claims + b"=" * (-len(claims) % 4)))
                        say(who, "token", audience=audience[:4], until=claims["exp"], id=claims["sub"], took=time.time() - began,
                            digest=hashlib.sha256(parts[2]).hexdigest()[:12])
            except grpc.RpcError as error:
                say(who, "error", code=error.code().name, details=(error.details() or "")[:200], audience=audience[:4],
                    took=time.time() - began)
        time.sleep(period)


def main():
    user, raw, libraries, tokens = map(int, sys.argv[1:5])
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        # The kernel took our /proc away with the change of user.
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
    say("all", "begin", pid=os.getpid())
    for number in range(raw):
        threading.Thread(target=watch_raw, args=(f"{user}/raw-{number}",), daemon=True).start()
    client = WorkloadApiClient(ENDPOINT) if libraries else None
    handles = [watch_py_spiffe(f"{user}/py-spiffe-{number}", client) for number in range(libraries)]
    if tokens:
        threading.Thread(target=take_tokens, args=(f"{user}/tokens", tokens), daemon=True).start()
    sys.stdin.read()
    for handle in handles:
        handle.cancel()
    os._exit(0)


main()
