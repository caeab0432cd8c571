# SPDX-License-Identifier: Apache-2.0
"""kli on loopback with its stores below $KERI_HEAD.

usage: KERI_HEAD=FOLDER keripy_kli.py ARGUMENTS OF KLI…
"""
import sys

import keripy_loopback  # noqa: F401
from keri.app.cli import kli

sys.argv[0] = "kli"
kli.main()
