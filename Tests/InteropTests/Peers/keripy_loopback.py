# SPDX-License-Identifier: Apache-2.0
"""Imported first by scripts that run keripy: every listening socket on 127.0.0.1, every store below $KERI_HEAD."""
import os

from hio.base import filing
from hio.core.tcp import serving

head = os.environ["KERI_HEAD"]
os.makedirs(head, exist_ok=True)
filing.Filer.HeadDirPath = head
_bind = serving.Acceptor.__init__


def _on_loopback(self, ha=None, **rest):
    if ha and ha[0] in ("", "0.0.0.0", "::"):
        ha = ("127.0.0.1", ha[1])
    _bind(self, ha=ha, **rest)


serving.Acceptor.__init__ = _on_loopback
from keri.db import dbing  # noqa: E402

dbing.LMDBer.HeadDirPath = head
