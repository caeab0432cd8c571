# SPDX-License-Identifier: Apache-2.0
"""Mutual TLS with spiffe-tls, over and over, until the end of standard input. Prints a JSON line for each update of the
Workload API and for each handshake.
12_handshakes.py serve PORT | call PORT PEER-ID SECONDS-BETWEEN"""
import json, sys, threading, time
from cryptography.x509.oid import ExtensionOID, NameOID
from OpenSSL import SSL
from spiffe import SpiffeId, X509Source
from spiffetls import ListenOptions, ServerTlsMode, dial, listen
from spiffetls.tlsconfig.authorize import authorize_any, authorize_id
from checks import sock
side, port = sys.argv[1], int(sys.argv[2]); turn = threading.Lock()
def tell(**members):
    with turn: print(json.dumps({"at": time.time(), **members}), flush=True)
def name(certificate, oid=ExtensionOID.SUBJECT_KEY_IDENTIFIER):
    value = certificate.extensions.get_extension_for_oid(oid).value
    return (value.digest if oid == ExtensionOID.SUBJECT_KEY_IDENTIFIER else value.key_identifier).hex()
def update():
    try: context = source.get_x509_context()
    except Exception as error: return tell(what="lost", why=str(error)[:200])
    svid = context.default_svid
    roots = context.x509_bundle_set.get_bundle_for_trust_domain(svid.spiffe_id.trust_domain).x509_authorities
    tell(what="update", serial=f"{svid.leaf.serial_number:x}", signer=name(svid.leaf, ExtensionOID.AUTHORITY_KEY_IDENTIFIER),
         roots=sorted(map(name, roots)),
         units=[unit.value for root in roots for unit in root.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)])
source = X509Source(socket_path=sock(), timeout_in_seconds=20)
update(); source.subscribe_for_updates(update)
def serve():
    listener = listen(f"127.0.0.1:{port}", source, ListenOptions(tls_mode=ServerTlsMode.MTLS, authorize_fn=authorize_any(), backlog=64))
    tell(what="listening")
    while True:
        connection, _ = listener.accept()
        try:
            connection.do_handshake(); connection.sendall(b"hello"); connection.shutdown()
            tell(what="served")
        except (SSL.Error, OSError) as error: tell(what="refused", why=f"{type(error).__name__}: {error}"[:200])
        finally: connection.close()
def call():
    peer, pause = SpiffeId(sys.argv[3]), float(sys.argv[4])
    while True:
        connection = None
        try:
            connection = dial(f"127.0.0.1:{port}", source, authorize_fn=authorize_id(peer))
            tell(what="served" if connection.recv(16) == b"hello" else "silent")
        except Exception as error:
            tell(what="refused", why=f"{type(error).__name__}: {error} {getattr(error, 'context', {}).get('reason', '')}"[:200])
        finally:
            if connection: connection.close()
        time.sleep(pause)
threading.Thread(target=serve if side == "serve" else call, daemon=True).start()
sys.stdin.read()
