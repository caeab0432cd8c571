# SPDX-License-Identifier: Apache-2.0
"""The parts of keripy that the peer uses, under one name for 1.1.17 and 1.2.13."""
import atexit
import logging
import os
import shutil
import tempfile

import keri
from hio.base import filing
from keri import help as keri_help
from keri import kering
from keri.core import eventing, parsing, routing, serdering
from keri.core.coring import Diger, Matter, MtrDex, Seqner, Tholder
from keri.db import basing, dbing
from keri.help import helping

try:  # 1.1
    from keri.core.coring import Counter, Signer

    NEWER = False
except ImportError:  # 1.2
    from keri.core.counting import Counter
    from keri.core.signing import Signer

    NEWER = True

__all__ = [
    "Counter", "DISK_FOLDER", "Diger", "MEMORY_FOLDER", "Matter", "MtrDex", "NEWER", "Seqner", "Signer", "Tholder", "VERSION", "basing", "counter",
    "dbing", "eventing", "helping", "kering", "keri_help", "parsing", "routing", "serdering", "temporary_stores_in",
]

VERSION = keri.__version__
logging.disable(logging.CRITICAL)

# Codes of CESR 1.0 groups by the names that 1.2 gives them.
_CODES = {
    "controller": ("-A", "ControllerIdxSigs"),
    "witness": ("-B", "WitnessIdxSigs"),
    "couples": ("-C", "NonTransReceiptCouples"),
    "seal-source": ("-G", "SealSourceCouples"),
    "attached": ("-V", "AttachmentGroup"),
}


def counter(group, count):
    """The text of a CESR 1.0 count code."""
    code, name = _CODES[group]
    if NEWER:
        return Counter(name, count=count, gvrsn=kering.Vrsn_1_0).qb64b
    return Counter(code=code, count=count).qb64b


def temporary_stores_in(folder):
    """Makes keripy put its temporary LMDB folders below `folder`."""
    filing.Filer.TempHeadDir = folder
    dbing.LMDBer.TempHeadDir = folder


def _scratch(parent):
    """A folder below `parent` that goes away with this process (keripy leaves empty folders behind)."""
    folder = tempfile.mkdtemp(prefix="kelmark-peer-", dir=parent)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


DISK_FOLDER = _scratch(None)
MEMORY_FOLDER = _scratch("/dev/shm") if os.access("/dev/shm", os.W_OK) else DISK_FOLDER
temporary_stores_in(MEMORY_FOLDER)
