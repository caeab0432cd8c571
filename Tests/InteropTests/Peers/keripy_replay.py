# SPDX-License-Identifier: Apache-2.0
"""How fast keripy replays a stream, with the durability of the store stated."""
import os
import time

from keripy_api import DISK_FOLDER, MEMORY_FOLDER, parsing, temporary_stores_in
from keripy_validator import Validator


def filesystem(folder):
    """The type of the filesystem below `folder` as /proc/mounts tells it."""
    folder = os.path.realpath(folder)
    best = ("", "unknown")
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            _, point, kind = line.split()[:3]
            if (folder + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best[0]):
                best = (point, kind)
    return best[1]


def replay(stream, disk=False):
    """Feeds `stream` into an empty store; `disk` puts the store on the disk instead of into memory."""
    folder = DISK_FOLDER if disk else MEMORY_FOLDER
    temporary_stores_in(folder)
    validator = Validator()
    try:
        parser = parsing.Parser(framed=True, kvy=validator.kevery, rvy=validator.revery)
        buffer = bytearray(stream)
        wall, cpu = time.perf_counter(), time.process_time()
        parser.parse(ims=buffer, kvy=validator.kevery)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        events = sum(kever.sn + 1 for kever in validator.kevery.kevers.values())
    finally:
        validator.close()
        temporary_stores_in(MEMORY_FOLDER)
    return dict(
        events=events, bytes=len(stream), wall=wall, cpu=cpu,
        durability=f"LMDB on {filesystem(folder)}, synchronous commit of every single write, several an event")
