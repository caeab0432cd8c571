# SPDX-License-Identifier: Apache-2.0
"""Runs a Python program as another user, also when the interpreter lies where that user can't read: everything is loaded
first. Needs root. After the change of user the kernel keeps our /proc from everybody but root; so we ask for it back.

usage: run_as.py UID PROGRAM [ARGUMENT…]
"""
import ctypes
import encodings.idna  # noqa: F401
import os
import sys

import cryptography.hazmat.primitives.serialization  # noqa: F401
import grpc._channel  # noqa: F401  (these two are loaded only when a channel is opened)
import grpc._interceptor  # noqa: F401
import jwt  # noqa: F401
import OpenSSL.SSL  # noqa: F401
import spiffe  # noqa: F401
import spiffetls.tlsconfig.authorize  # noqa: F401

uid, program = int(sys.argv[1]), sys.argv[2]
with open(program, "rb") as file:
    code = compile(file.read(), program, "exec")
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
sys.argv = sys.argv[2:]
exec(code, {"__name__": "__main__", "__file__": program})
