# SPDX-License-Identifier: Apache-2.0
"""JWT-SVIDs at verifiers that know nothing of SPIFFE: they find the keys through OpenID Connect discovery over HTTPS, and
refuse what a revoked key signed."""
import subprocess

from envoy_pair import openssl
from interop_histories import Disagreement
from peer_process import PeerLost, PeerProcess
from workload_peers import SCRIPTS


def issuer(domain):
    return f"https://localhost:{domain.bundle_port}"


def prepare(domain):
    """A certificate as public authorities give them for the issuer's port, and the `iss` of its tokens."""
    folder = domain.folder / "web"
    folder.mkdir()
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1")
    openssl(
        "req", "-x509", *curve, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=public authority",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-new", *curve[:-2], "-keyout", folder / "key.pem", "-out", folder / "csr.pem", "-subj", "/CN=localhost")
    (folder / "names").write_text(
        "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
        "keyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
    openssl(
        "x509", "-req", "-in", folder / "csr.pem", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial",
        "-days", "1", "-extfile", folder / "names", "-out", folder / "cert.pem")
    domain.issuer_arguments += [
        "--jwt-issuer", issuer(domain), "--bundle-certificate", str(folder / "cert.pem"),
        "--bundle-key", str(folder / "key.pem")]


class Keys:
    """The JWT authorities of a domain, moved by an operator."""

    def __init__(self, domain):
        self.domain = domain
        self.old = self._ask("show")["active"]["authority_id"]
        self.new = None

    def _ask(self, *arguments):
        return self.domain.ask("localauthority", "jwt", *arguments)

    def _is_at_agent(self):
        program = self.domain.program
        options = [one for one in program.options if one != "--json"]
        return self.new in subprocess.run(
            [program.binary, "workload", "fetch", "jwt", "--audience", "keys", "--socket-path", str(self.domain.socket), *options],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60).stdout

    def step(self, name):
        if name == "prepare":
            self.new = self._ask("prepare")["prepared_authority"]["authority_id"]
            # Nothing is activated before the agent has heard of it.
            self.domain.wait("the next key at the agent", self._is_at_agent)
        elif name == "activate":
            self._ask("activate", self.new)
        else:
            self._ask(name, self.old, "--yes")


def pyjwt(peers):
    domain = peers.domain
    domain.entry("/web")
    checks = peers.script(
        "10_openid_pyjwt", issuer(domain), domain.folder / "web" / "ca.pem", on_step=Keys(domain).step)
    return f"{checks} checks"


def authlib(peers):
    """The client judges tokens that this story has from the Workload API."""
    domain = peers.domain
    domain.entry("/web")
    environment = peers.environments("authlib")
    client = PeerProcess(
        [environment.python, str(SCRIPTS / "11_openid_authlib.py"), issuer(domain), str(domain.folder / "web" / "ca.pem"),
         "billing"])
    print(f"peer    {client.name}, PID {client.about['pid']}", flush=True)
    if peers.is_killed:
        client.kill()
    judged = 0

    def token(audience):
        data = domain.program.run(
            ["workload", "fetch", "jwt", "--socket-path", str(domain.socket), "--audience", audience])
        return data["svids"][0]["svid"]

    def judge(what, text, is_taken):
        nonlocal judged
        verdict = client.ask("judge", token=text)
        judged += 1
        if verdict["taken"] != is_taken or is_taken and verdict["sub"] != f"spiffe://{domain.name}/web":
            raise Disagreement(f"{client.name}, {what}: {verdict}")

    try:
        keys = Keys(domain)
        first = token("billing")
        judge("a token for it", first, True)
        judge("a token for somebody else", token("other"), False)
        head, body, signature = first.split(".")
        judge("another signature", f"{head}.{body}.{'A' * len(signature)}", False)
        keys.step("prepare")
        keys.step("activate")
        keys.step("taint")
        # The agent drops its token of the tainted key with its next round.
        second = domain.wait("a token of the new key", lambda: other_than(first, token("billing")))
        judge("a token of the new key, not seen before", second, True)
        judge("a token of the old key, until it is revoked", first, True)
        keys.step("revoke")
        client.ask("refresh")
        judge("a token of the revoked key", first, False)
        judge("a token of the new key", second, True)
        return f"{judged} tokens judged by {client.name}"
    except PeerLost as error:
        raise Disagreement(str(error)) from None
    finally:
        client.close()


def other_than(first, token):
    """A token whose header, and so whose key, is another."""
    return token if token.split(".")[0] != first.split(".")[0] else None
