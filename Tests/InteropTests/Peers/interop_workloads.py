# SPDX-License-Identifier: Apache-2.0
"""Stories of workloads: unmodified py-spiffe, PyJWT, Envoy, Authlib and OpenSSL judge what our issuer and node agent give."""
import functools
import pathlib
import signal
import subprocess

import interop_certificates
import interop_discovery
import interop_rotation
import peer_environments
from interop_histories import Disagreement
from kelmark_domain import Domain
from kelmark_nodes import free_ports
from workload_peers import Peers

NOBODY = 65534


def contexts(peers):
    peers.domain.entry("/web", "--hint", "main")
    return f"{peers.script('01_x509_context')} checks"


def watching(peers):
    peers.domain.entry("/short", "--x509-ttl", "20")
    return f"{peers.script('02_watch', 3, 60)} checks"


def tokens(peers):
    peers.domain.entry("/web")
    return f"{peers.script('03_jwt')} checks"


def refusals(peers):
    peers.domain.entry("/web")
    return f"{peers.script('04_raw_negative')} checks"


def mutual(peers):
    peers.domain.entry("/web")
    return f"{peers.script('05_mtls', PORT=str(free_ports(1)[0]))} checks"


def lifecycle(peers):
    domain, made = peers.domain, []

    def step(name):
        if name == "create":
            made.append(domain.entry("/lc", "--x509-ttl", "20", selector=f"unix:uid:{NOBODY}"))
        elif name == "second":
            made.append(domain.entry("/lc2", "--hint", "second", selector=f"unix:uid:{NOBODY}"))
        else:
            for one in made:
                domain.ask("entry", "delete", "--entry-id", one)
    return f"{peers.script('06_lifecycle', NOBODY, on_step=step)} checks"


def secrets(peers):
    peers.domain.entry("/web")
    return f"{peers.script('07_sds')} checks"


def envoy(peers, context):
    identity = f"spiffe://{peers.domain.name}/proxy"
    peers.domain.entry("/proxy")
    ports = free_ports(3)
    binary = pathlib.Path(peers.envoy.python).parent / "envoy"
    process = peers.start(
        f"Envoy {peers.envoy.version}, {context}", ["./08_envoy.sh"], ENVOY=str(binary),
        AGENT_SOCK=str(peers.domain.socket), ID=identity, CTX=context, PY=peers.py_spiffe.python, P1=str(ports[0]),
        P2=str(ports[1]), P3=str(ports[2]))
    try:
        output, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        raise Disagreement("Envoy does not come to an end") from None
    if process.returncode or "PASS envoy mTLS" not in output or identity not in output:
        raise Disagreement(f"Envoy ended with {process.returncode}: {' / '.join(output.splitlines()[-6:])}")
    return "mTLS to itself by both identities of SDS"


STORIES = {
    "py-spiffe fetches X.509 contexts and bundles": contexts,
    "py-spiffe watches an SVID rotate": watching,
    "py-spiffe and PyJWT take JWT-SVIDs": tokens,
    "raw gRPC: the security header, codes, health, reflection": refusals,
    "spiffe-tls: mutual TLS, wrong peers refused": mutual,
    "the life of an entry, seen by an unprivileged workload": lifecycle,
    "raw SDS: names, acknowledgements, forms for Envoy's versions": secrets,
    "Envoy, mutual TLS through SDS with ROOTCA": lambda peers: envoy(peers, "ROOTCA"),
    "Envoy, mutual TLS through SDS with ALL": lambda peers: envoy(peers, "ALL"),
    "two Envoys under load through a forced rotation": interop_rotation.rotation,
    "OpenSSL judges every certificate of a running domain": interop_certificates.certificates,
    "PyJWT finds the keys of JWT-SVIDs through discovery": interop_discovery.pyjwt,
    "Authlib, an OpenID client, takes JWT-SVIDs through discovery": interop_discovery.authlib,
}
# What has to be said to the domain before it starts.
PREPARATIONS = {
    "PyJWT finds the keys of JWT-SVIDs through discovery": interop_discovery.prepare,
    "Authlib, an OpenID client, takes JWT-SVIDs through discovery": interop_discovery.prepare,
}
# `make test` plays everything that a workload or a proxy sees; the OpenID clients come with `make interop`.
SMOKE = tuple(title for title in STORIES if title not in PREPARATIONS)


@functools.cache
def environment(name):
    """A peer's environment, installed when a story asks for it first."""
    return peer_environments.prepare_kind(peer_environments.WORKLOADS[name])


def play(title, binary, folder, is_killed=False):
    """One story with a fresh domain; what it counts, in words."""
    domain = Domain(binary, folder)
    try:
        if title in PREPARATIONS:
            PREPARATIONS[title](domain)
        domain.start()
        return STORIES[title](Peers(environment, domain, is_killed))
    finally:
        domain.close()
