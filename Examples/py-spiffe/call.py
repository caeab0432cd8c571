# SPDX-License-Identifier: Apache-2.0
"""A client that calls the service by mutual TLS, and shows a token as well. Unmodified py-spiffe.

usage: SPIFFE_ENDPOINT_SOCKET=unix:///… call.py PORT PEER-ID CERTIFICATE-OUT
"""
import sys

from cryptography.hazmat.primitives.serialization import Encoding
from spiffe import SpiffeId, WorkloadApiClient, X509Source
from spiffetls import dial
from spiffetls.tlsconfig.authorize import authorize_id

port, peer, out = int(sys.argv[1]), SpiffeId(sys.argv[2]), sys.argv[3]
with X509Source(timeout_in_seconds=30) as source:
    svid = source.get_x509_context().default_svid
    print(f"call: I am {svid.spiffe_id}", flush=True)
    connection = dial(f"127.0.0.1:{port}", source, authorize_fn=authorize_id(peer))
    answer = connection.recv(1024).decode()
    connection.close()
    print(f"call: {answer}", flush=True)
    # The certificate is public; it is what the organisation will be asked about.
    with open(out, "wb") as file:
        file.write(svid.leaf.public_bytes(Encoding.PEM))
with WorkloadApiClient() as client:
    token = client.fetch_jwt_svid({"billing"})
    client.validate_jwt_svid(token.token, "billing")
    print(f"call: a JWT-SVID for the audience billing, valid as {token.spiffe_id}", flush=True)
