# SPDX-License-Identifier: Apache-2.0
"""A service that speaks mutual TLS with the identity that the node agent gives it. Unmodified py-spiffe.

usage: SPIFFE_ENDPOINT_SOCKET=unix:///… serve.py PORT PEER-ID     answers one caller, which must be PEER-ID, and ends
"""
import sys

from spiffe import SpiffeId, X509Source
from spiffetls import ListenOptions, ServerTlsMode, listen
from spiffetls.tlsconfig.authorize import authorize_id

port, peer = int(sys.argv[1]), SpiffeId(sys.argv[2])
with X509Source(timeout_in_seconds=30) as source:
    me = source.get_x509_context().default_svid.spiffe_id
    print(f"serve: I am {me}", flush=True)
    listener = listen(
        f"127.0.0.1:{port}", source, ListenOptions(tls_mode=ServerTlsMode.MTLS, authorize_fn=authorize_id(peer)))
    connection, _ = listener.accept()
    connection.do_handshake()
    print(f"serve: the caller is {peer}", flush=True)
    connection.sendall(f"hello from {me}".encode())
    connection.shutdown()
    connection.close()
    listener.close()
