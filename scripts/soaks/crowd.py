# SPDX-License-Identifier: Apache-2.0
"""Opens connections to the Workload API and does with them what nobody should.

usage: crowd.py USER SOCKET COUNT SEED KIND[,KIND…]

Says "open N" when all were tried, and leaves after a line on standard input: `close`, or `die` without a word."""
import collections
import os
import pathlib
import random
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import raw_calls  # noqa: E402

# Beside a silent connection: what is sent before nothing more comes.
WHOLE = raw_calls.request()
BEGINNINGS = {
    "silent": b"", "half preface": raw_calls.PREFACE[:11], "preface": raw_calls.opening(),
    "half header": WHOLE[:-60], "header": raw_calls.opening() + raw_calls.frame(raw_calls.HEADERS, 4, 1, raw_calls.header_block()),
    "stream": WHOLE, "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" * 40, "other protocol": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half-open": WHOLE, "long frame": raw_calls.opening() + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + b"x" * 500,
}


def main():
    user, path, count, seed = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    kinds = sys.argv[5].split(",") if sys.argv[5] != "all" else list(BEGINNINGS)
    chance = random.Random(seed)
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    held, opened, failed = [], 0, collections.Counter()
    for _ in range(count):
        kind = chance.choice(kinds)
        one = None
        try:
            one = raw_calls.connected(path, 60)
            opened += 1
            one.sendall(BEGINNINGS[kind])
            if kind == "half-open":
                one.shutdown(socket.SHUT_WR)
        except OSError as error:
            failed[type(error).__name__] += 1
            if one:
                one.close()
            continue
        held.append(one)
        time.sleep(0.001)
    print(f"open {opened} {dict(failed)}", flush=True)
    if sys.stdin.readline().strip() == "die":
        os._exit(0)
    for one in held:
        one.close()


main()
