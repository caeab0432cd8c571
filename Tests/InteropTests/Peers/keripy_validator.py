# SPDX-License-Identifier: Apache-2.0
"""A remote validator: an empty keripy store that is fed streams, as a stranger's node would be."""
from keripy_api import NEWER, basing, dbing, eventing, kering, parsing, routing, serdering

# Escrow tables of keripy by the names that the vectors (Tests/Vectors/KERI) use.
ESCROWS = (
    ("ooes", "ooo"), ("pses", "partial-sig"), ("pwes", "partial-wit"), ("ldes", "likely-duplicitous"),
    ("uwes", "unver-wit-receipt"), ("ures", "unver-nontrans-receipt"), ("vres", "unver-trans-receipt"),
    ("misfits", "misfit"), ("delegables", "delegable"), ("qnfs", "query-not-found"),
) + ((("pdes", "partial-deleg"),) if NEWER else ())

PASSES = 200  # escrow passes at most; they stop when nothing changes


class Validator:
    """One temporary store with keripy's Kevery and Parser on it."""

    count = 0

    def __init__(self):
        Validator.count += 1
        self.db = basing.Baser(name=f"validator{Validator.count}", temp=True, reopen=True)
        self.router = routing.Router()
        self.revery = routing.Revery(db=self.db, rtr=self.router, lax=False, local=False)
        self.kevery = eventing.Kevery(db=self.db, lax=False, local=False, cloned=False, direct=True, rvy=self.revery)
        self.kevery.registerReplyRoutes(self.router)

    def close(self):
        self.db.close(clear=True)

    def feed(self, stream):
        """Parses everything in `stream`, then runs the escrows until nothing moves."""
        left = bytearray(stream)
        parsed, faults = 0, []
        parser = parsing.Parser(framed=True, kvy=self.kevery, rvy=self.revery)
        while left:
            step = parser.msgParsator(ims=left, framed=True, pipeline=False, kvy=self.kevery, rvy=self.revery)
            offset = len(stream) - len(left)
            try:
                for _ in range(50):
                    next(step)
                faults.append(dict(offset=offset, kind="Shortage"))
                break
            except StopIteration:
                parsed += 1
            except kering.SizedGroupError as error:
                faults.append(dict(offset=offset, kind=type(error).__name__))
            except (kering.ColdStartError, kering.ExtractionError) as error:
                faults.append(dict(offset=offset, kind=type(error).__name__))
                del left[:]
            except Exception as error:  # what keripy drops or escrows, it raises
                parsed += 1
                faults.append(dict(offset=offset, kind=type(error).__name__))
        passes = self.run_escrows()
        return dict(messages=parsed, leftover=len(left), faults=faults, passes=passes, **self.view())

    def run_escrows(self):
        before = None
        for done in range(PASSES):
            now = (self._positions(), self._escrow_sizes())
            if now == before:
                return done
            before = now
            self.kevery.processEscrows()
        return PASSES

    def view(self):
        """Key states, first-seen order and occupied escrows of every AID."""
        prefixes = list(self.kevery.kevers.keys())
        return dict(
            states={prefix: self.state(prefix) for prefix in prefixes},
            log={prefix: self.log(prefix) for prefix in prefixes},
            escrows=self.escrows(),
        )

    def state(self, prefix):
        """The key state record without its version and time."""
        record = self.kevery.kevers[prefix].state()._asdict()
        record.pop("vn", None)
        record.pop("dt", None)
        return record

    def log(self, prefix):
        """Accepted events in the order in which they were first seen."""
        entries = []
        for *_, number, digest in self.db.getFelItemPreIter(prefix.encode()):
            raw = self.db.getEvt(dbing.dgKey(prefix, bytes(digest)))
            event = serdering.SerderKERI(raw=bytes(raw))
            entries.append(dict(fn=int(number), s=event.sad["s"], t=event.ilk, d=event.said))
        return entries

    def escrows(self):
        """{prefix: sorted names of the escrows that hold something for it}"""
        found = {}
        for name, prefix in self._escrow_keys():
            found.setdefault(prefix, set()).add(name)
        return {prefix: sorted(names) for prefix, names in found.items()}

    def _escrow_keys(self):
        for table, name in ESCROWS:
            handle = getattr(self.db, table, None)
            handle = getattr(handle, "sdb", handle)
            if handle is None:
                continue
            with self.db.env.begin(db=handle, write=False, buffers=False) as transaction:
                for key, _ in transaction.cursor():
                    yield name, bytes(key).split(b".")[0].decode()

    def _escrow_sizes(self):
        sizes = {}
        for entry in self._escrow_keys():
            sizes[entry] = sizes.get(entry, 0) + 1
        return sizes

    def _positions(self):
        return {prefix: kever.serder.said for prefix, kever in self.kevery.kevers.items()}
