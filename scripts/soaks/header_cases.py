# SPDX-License-Identifier: Apache-2.0
"""Calls of the Workload API with metadata that is missing, forged, or too much.

usage: header_cases.py USER OWN-ID       runs with py-spiffe's Python, as root at first

Prints one JSON object for each case: what was expected and what came."""
import encodings.idna  # noqa: F401
import json
import os
import pathlib
import secrets
import sys

import grpc
import grpc._channel  # noqa: F401
import grpc._interceptor  # noqa: F401

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import raw_calls  # noqa: E402

ENDPOINT = os.environ["SPIFFE_ENDPOINT_SOCKET"].replace("unix://", "unix:")
OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.default_authority", "localhost"), ("grpc.enable_retries", 0)]
GOOD = (("workload.spiffe.io", "true"),)
SERVICE = "/SpiffeWorkloadAPI/"
STREAMS = ("FetchX509SVID", "FetchX509Bundles", "FetchJWTBundles")
UNARY = {"FetchJWTSVID": b"\x0a\x01a", "ValidateJWTSVID": b"\x0a\x01a\x12\x03x.y"}
SDS = "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets"


def ask(method, metadata, message=b""):
    """(status, message): a stream's first message, or the answer."""
    with grpc.insecure_channel(ENDPOINT, options=OPTIONS) as channel:
        try:
            if method.rsplit("/", 1)[1] in STREAMS:
                call = channel.unary_stream(method, lambda one: one, lambda one: one)
                stream = call(message, metadata=metadata, timeout=30)
                answer = next(iter(stream))
                stream.cancel()
            else:
                call = channel.unary_unary(method, lambda one: one, lambda one: one)
                answer = call(message, metadata=metadata, timeout=30)
            return "OK", answer, ""
        except grpc.RpcError as error:
            return error.code().name, b"", error.details() or ""


def main():
    user, own = int(sys.argv[1]), sys.argv[2]
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)

    def case(name, expected, got, details=""):
        print(json.dumps({"case": f"{user}: {name}", "expected": expected, "got": got, "details": details[:160]}), flush=True)

    # Facts 8.1, 8.3: exactly one header with exactly this value, else InvalidArgument.
    wrong = {
        "missing": (), "empty": (("workload.spiffe.io", ""),), "TRUE": (("workload.spiffe.io", "TRUE"),),
        "True": (("workload.spiffe.io", "True"),), "1": (("workload.spiffe.io", "1"),),
        "false": (("workload.spiffe.io", "false"),), "true,true": (("workload.spiffe.io", "true,true"),),
        "true behind spaces": (("workload.spiffe.io", "  true x"),), "twice": GOOD + GOOD,
        "true and false": GOOD + (("workload.spiffe.io", "false"),), "false and true": (("workload.spiffe.io", "false"),) + GOOD,
        "another name": (("workload.spiffe.io.", "true"),), "binary": (("workload.spiffe.io-bin", b"true"),),
        "as x-": (("x-workload.spiffe.io", "true"),)}
    for name, metadata in wrong.items():
        for method in STREAMS:
            got, _, details = ask(SERVICE + method, metadata)
            case(f"{method}, header {name}", "INVALID_ARGUMENT", got, details)
        for method, message in UNARY.items():
            got, _, details = ask(SERVICE + method, metadata, message)
            case(f"{method}, header {name}", "INVALID_ARGUMENT", got, details)

    # Who calls is what the kernel says, whatever the call says.
    forged = {
        "our own name for callers": (("x-kelmark-caller", f"{secrets.token_hex(8)}-{secrets.token_hex(8)}"),),
        "the same, twice": (("x-kelmark-caller", "1-1"), ("x-kelmark-caller", "2-2")),
        "the same, empty": (("x-kelmark-caller", ""),), "the same, binary": (("x-kelmark-caller-bin", b"\0" * 16),),
        "pid and uid": (("x-kelmark-pid", "1"), ("pid", "1"), ("uid", "0"), ("x-peer-uid", "0"), ("gid", "0")),
        "certificates": (("x-forwarded-client-cert", f"URI={own}-other"), ("x-forwarded-for", "127.0.0.1")),
        "an id": (("spiffe-id", own + "-other"), ("x-spiffe-id", own + "-other"), ("authorization", "Bearer x.y.z")),
    }
    for name, metadata in forged.items():
        got, message, details = ask(SERVICE + "FetchX509SVID", GOOD + metadata)
        found = ",".join(raw_calls.svids(message)) if got == "OK" else got
        case(f"forged {name}", own, found, details)
        got, _, details = ask(SERVICE + "FetchX509SVID", metadata)
        case(f"forged {name}, without the header", "INVALID_ARGUMENT", got, details)

    # Too much: served as ever or refused, and nobody else notices.
    sizes = {"8 KB": 8 << 10, "64 KB": 64 << 10, "1 MB": 1 << 20, "8 MB": 8 << 20}
    for name, size in sizes.items():
        got, message, details = ask(SERVICE + "FetchX509SVID", GOOD + (("x-long", "a" * size),))
        found = ",".join(raw_calls.svids(message)) if got == "OK" else got
        expected = [own, "RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", "CANCELLED", "UNKNOWN"]
        case(f"a header of {name}", expected if size < 1 << 20 else expected[1:], found, details)
        again, message, details = ask(SERVICE + "FetchX509SVID", GOOD)
        case(f"a call after a header of {name}", own, ",".join(raw_calls.svids(message)) if again == "OK" else again, details)
    for count in (100, 5_000):
        got, message, details = ask(
            SERVICE + "FetchX509SVID", GOOD + tuple((f"x-{number}", "a") for number in range(count)))
        found = ",".join(raw_calls.svids(message)) if got == "OK" else got
        case(f"{count} headers", [own, "RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", "CANCELLED", "UNKNOWN"], found, details)

    # The rule is the Workload API's alone. Facts 8.3.
    got, _, details = ask("/grpc.health.v1.Health/Check", ())
    case("health without the header", "OK", got, details)
    got, _, details = ask(SDS, ())
    case("secrets without the header", "OK", got, details)
    got, message, details = ask(SERVICE + "FetchX509SVID", GOOD)
    case("a good call at the end", own, ",".join(raw_calls.svids(message)) if got == "OK" else got, details)


main()
