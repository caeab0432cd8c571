# SPDX-License-Identifier: Apache-2.0
"""Calls of the Workload API made by hand, with nothing but a socket: whole, cut anywhere, or left in the middle."""
import pathlib
import select
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "InteropTests" / "Peers" / "drills"))
from workload_messages import certificates, fields, member  # noqa: E402

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
FETCH_X509 = "/SpiffeWorkloadAPI/FetchX509SVID"


class Refused(Exception):
    """The call ended, or the connection did, without a message."""


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def text(value):
    """A string of HPACK without Huffman's code."""
    raw = value.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    count, rest = bytearray([127]), len(raw) - 127
    while rest >= 128:
        count.append(rest & 127 | 128)
        rest >>= 7
    return bytes(count) + bytes([rest]) + raw


def header_block(method=FETCH_X509, more=(("workload.spiffe.io", "true"),)):
    """The headers of a call; each is written out, and none is remembered."""
    lines = [(":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"), ("te", "trailers"),
             ("content-type", "application/grpc"), *more]
    return b"".join(b"\x00" + text(name) + text(value) for name, value in lines)


def opening():
    return PREFACE + frame(SETTINGS, 0, 0)


def request(method=FETCH_X509, more=(("workload.spiffe.io", "true"),), message=b""):
    """Everything that a client sends for one call, from the first byte of the connection on."""
    body = b"\0" + struct.pack(">I", len(message)) + message
    return opening() + frame(HEADERS, 4, 1, header_block(method, more)) + frame(DATA, 1, 1, body)


def connected(path, seconds=10):
    """A connection; waits while the queue at the door is full, as every client does."""
    deadline = time.monotonic() + seconds
    while True:
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(seconds)
        try:
            one.connect(path)
            return one
        except OSError as error:
            one.close()
            if not isinstance(error, BlockingIOError) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def first_message(one, seconds=10):
    """The first message of the answer, without its prefix."""
    deadline, seen, body = time.monotonic() + seconds, b"", b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([one], [], [], left)[0]:
            raise Refused("no answer in time")
        try:
            part = one.recv(65536)
        except ConnectionError as error:
            raise Refused(f"the connection is gone: {error}") from None
        if not part:
            raise Refused("the connection is gone")
        seen += part
        while len(seen) >= 9:
            count = int.from_bytes(seen[:3], "big")
            if len(seen) < 9 + count:
                break
            kind, flags, stream = seen[3], seen[4], int.from_bytes(seen[5:9], "big") & 0x7FFFFFFF
            payload, seen = seen[9:9 + count], seen[9 + count:]
            if kind == SETTINGS and not flags & 1:
                one.sendall(frame(SETTINGS, 1, 0))
            elif kind == PING and not flags & 1:
                one.sendall(frame(PING, 1, 0, payload))
            elif kind == DATA and stream == 1:
                body += payload
                if len(body) >= 5 and len(body) >= 5 + int.from_bytes(body[1:5], "big"):
                    return body[5:5 + int.from_bytes(body[1:5], "big")]
            elif (kind == HEADERS and flags & 1 or kind == RESET) and stream == 1:
                raise Refused("the call was refused")


def svids(message):
    """The SVIDs of an X509SVIDResponse: {id: leaf in DER}."""
    found = {}
    for number, value in fields(message):
        if number == 1:
            found[member(value, 1).decode()] = certificates(member(value, 2))[0]
    return found


def fetch(path, seconds=10, **options):
    """The SVIDs that this process gets over a connection of its own."""
    one = connected(path, seconds)
    try:
        one.sendall(request(**options))
        return svids(first_message(one, seconds))
    finally:
        one.close()
