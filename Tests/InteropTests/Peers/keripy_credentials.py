# SPDX-License-Identifier: Apache-2.0
"""How fast keripy verifies issued credentials, with the durability of its stores stated.

usage: keripy_credentials.py STREAM SCHEMA [--disk]
The stream holds key events, registry events and credentials in the order in which they depend on each other; the schema
is learnt before. keripy's own parser feeds its Kevery, Tevery and Verifier.
"""
import json
import sys
import time

from keri.app import habbing
from keri.core import scheming
from keri.vdr import eventing as registries
from keri.vdr import verifying, viring
from keripy_api import DISK_FOLDER, MEMORY_FOLDER, VERSION, eventing, parsing, routing, temporary_stores_in
from keripy_replay import filesystem


def verify(stream, schema, disk=False):
    """Feeds `stream` into empty stores and tells how many credentials keripy saved, and how long that took."""
    folder = DISK_FOLDER if disk else MEMORY_FOLDER
    temporary_stores_in(folder)
    with habbing.openHby(name="bench", temp=True) as hby:
        store = viring.Reger(name="bench", temp=True)
        try:
            schemer = scheming.Schemer(raw=schema)
            hby.db.schema.pin(schemer.said, schemer)
            router = routing.Revery(db=hby.db, lax=False, local=False)
            kevery = eventing.Kevery(db=hby.db, lax=False, local=False, rvy=router)
            tevery = registries.Tevery(reger=store, db=hby.db, lax=False, local=False)
            verifier = verifying.Verifier(hby=hby, reger=store)
            parser = parsing.Parser(framed=True, kvy=kevery, tvy=tevery, vry=verifier)
            buffer = bytearray(stream)
            wall, cpu = time.perf_counter(), time.process_time()
            parser.parse(ims=buffer, kvy=kevery, tvy=tevery, vry=verifier)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            saved = sum(1 for _ in store.saved.getItemIter())
        finally:
            store.close(clear=True)
    return dict(
        saved=saved, bytes=len(stream), wall=wall, cpu=cpu,
        durability=f"LMDB on {filesystem(folder)}, synchronous commit of every single write, several an event")


def main():
    with open(sys.argv[1], "rb") as file:
        stream = file.read()
    with open(sys.argv[2], "rb") as file:
        schema = file.read()
    print(json.dumps(dict(name="keripy", version=VERSION, **verify(stream, schema, "--disk" in sys.argv))))


if __name__ == "__main__":
    main()
