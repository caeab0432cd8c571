# SPDX-License-Identifier: Apache-2.0
"""The `openssl` command judges every certificate that a running domain hands out: form, chain, time, and TLS with each port."""
import base64
import json
import re
import ssl
import subprocess
import time

from envoy_pair import split
from interop_histories import Disagreement
from workload_peers import tool

CHAIN_USES = "Certificate Sign, CRL Sign"
LEAF_USES = "Digital Signature, Key Encipherment, Key Agreement"
PURPOSES = "TLS Web Server Authentication, TLS Web Client Authentication"


class OpenSSL:
    """Runs the command and counts what was checked by it."""

    def __init__(self, is_killed, folder):
        self.binary, self.is_killed, self.folder = tool("openssl", "openssl"), is_killed, folder
        self.folder.mkdir()
        self.commands = self.checks = 0
        self.version = self.run("version")[1].split()[1]

    def run(self, *arguments, data=""):
        """Exit code and everything that it printed."""
        process = subprocess.Popen(
            [self.binary, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace")
        if self.commands == 0:
            print(f"peer    openssl, first PID {process.pid}", flush=True)
        self.commands += 1
        if self.is_killed:
            process.kill()
        try:
            output, _ = process.communicate(data, timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Disagreement(f"openssl {' '.join(map(str, arguments))} does not come to an end") from None
        if process.returncode < 0:
            raise Disagreement(f"openssl was killed by signal {-process.returncode}")
        return process.returncode, output

    def make(self, *arguments, data=""):
        status, output = self.run(*arguments, data=data)
        if status:
            raise Disagreement(f"openssl {' '.join(map(str, arguments))}: {output.strip()[-300:]}")
        return output

    def check(self, what, is_so, found=""):
        self.checks += 1
        if not is_so:
            raise Disagreement(f"{what}: {str(found)[:300]}")

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content)
        return path

    def pem(self, name, *certificates):
        """A file of certificates that are DER."""
        return self.file(name, "".join(map(ssl.DER_cert_to_PEM_cert, certificates)))


class Certificate:
    """What `openssl x509 -text` says."""

    def __init__(self, tool, path):
        self.text = tool.make("x509", "-in", path, "-noout", "-text", "-nameopt", "RFC2253", "-certopt", "no_pubkey,no_sigdump")
        self.serial = tool.make("x509", "-in", path, "-noout", "-serial").split("=", 1)[1].strip()
        found = re.findall(r"^ {12}(X509v3 [^:\n]*): ?(critical)?[ ]*\n {16}(.*)$", self.text, re.M)
        self.extensions = {name.removeprefix("X509v3 "): (value.strip(), bool(critical)) for name, critical, value in found}

    def field(self, name):
        return re.search(rf"^ *{name}: ?(.*)$", self.text, re.M)[1].strip()

    def key(self, name):
        """A key identifier in hex, or None."""
        value = self.extensions.get(f"{name} Key Identifier")
        return value and value[0].removeprefix("keyid:").replace(":", "").lower()


def form(tool, what, path, uri, authority=None, dns=(), path_length=None):
    """Every rule of the form; `authority` is the key identifier of who signed, None for who signed itself."""
    certificate = Certificate(tool, path)
    check = lambda rule, is_so, found="": tool.check(f"{what}, {rule}", is_so, found)
    check("version 3", certificate.field("Version").startswith("3 "), certificate.field("Version"))
    check("serial positive, at most 20 bytes",
          re.fullmatch(r"[0-9A-F]+", certificate.serial) and 0 < int(certificate.serial, 16) < 1 << 159, certificate.serial)
    check("ECDSA with SHA-256", certificate.field("Signature Algorithm") == "ecdsa-with-SHA256")
    extensions = dict(certificate.extensions)

    def extension(name, value, critical):
        check(name, extensions.pop(name, None) == (value, critical), certificate.extensions.get(name))
    is_authority = path_length is not None
    extension("Basic Constraints", f"CA:TRUE, pathlen:{path_length}" if is_authority else "CA:FALSE", True)
    extension("Key Usage", CHAIN_USES if is_authority else LEAF_USES, True)
    if not is_authority:
        extension("Extended Key Usage", PURPOSES, False)
    extension("Subject Alternative Name", ", ".join([*(f"DNS:{one}" for one in dns), f"URI:{uri}"]), False)
    own, signer = certificate.key("Subject"), certificate.key("Authority")
    check("subject key identifier, SHA-1", re.fullmatch(r"[0-9a-f]{40}", own or ""), own)
    check("authority key identifier", signer == authority, signer)
    for name in ("Subject Key Identifier", "Authority Key Identifier"):
        check(f"{name} not critical", not extensions.pop(name, ("", False))[1])
    check("no other extension", not extensions, extensions)
    subject = certificate.field("Subject")
    check("subject", re.search(r"O=SPIFFE,C=US$" if is_authority else r"O=SPIRE,C=US$", subject), subject)
    check("common name is the first DNS name", ("CN=" in subject) == bool(dns) and (not dns or f"CN={dns[0]}" in subject), subject)
    check("valid now", tool.run("x509", "-in", path, "-noout", "-checkend", "0")[0] == 0)
    return own


def chain(tool, what, leaf, roots, *options, refused=None):
    """`openssl verify` with all of its strictness: accepted, or refused for a reason."""
    status, output = tool.run("verify", "-x509_strict", "-policy_check", *options, "-CAfile", roots, leaf)
    if refused is None:
        tool.check(f"{what} verifies", status == 0, output)
    else:
        tool.check(f"{what} is refused because {refused}", status != 0 and refused in output, output)


def certificates(peers):
    domain = peers.domain
    tool = OpenSSL(peers.is_killed, domain.folder / "openssl")
    uri = f"spiffe://{domain.name}"
    names = ("web.example.org", "www.example.org")
    domain.entry("/web")
    domain.entry("/dns", *[part for name in names for part in ("--dns", name)])
    folder = domain.folder / "svids"
    folder.mkdir()
    domain.program.run(["workload", "fetch", "x509", "--socket-path", str(domain.socket), "--write", str(folder)])

    # The authority, as it stands in the bundle.
    roots = tool.file("roots.pem", domain.say("bundle", "show", "--format", "pem"))
    authorities = split(roots.read_bytes())
    tool.check("one authority", len(authorities) == 1, len(authorities))
    root = form(tool, "authority", roots, uri, path_length=0)
    tool.check("the authority is called by its key", root == active(domain), root)
    chain(tool, "authority", roots, roots)

    # Workloads, agent, issuer.
    leaves = {}
    for path, dns in (("/web", ()), ("/dns", names)):
        number = next(
            one for one in range(2)
            if f"URI:{uri}{path}\n" in tool.make("x509", "-in", folder / f"svid.{one}.pem", "-noout", "-ext", "subjectAltName"))
        leaves[path] = folder / f"svid.{number}.pem", folder / f"svid.{number}.key"
        form(tool, path, leaves[path][0], uri + path, root, dns)
        own = tool.make("x509", "-in", leaves[path][0], "-noout", "-pubkey")
        tool.check(f"{path}, the key is the certificate's", own == tool.make("pkey", "-in", leaves[path][1], "-pubout"))
        tool.check(f"{path}, the bundle is the issuer's",
                   split((folder / f"bundle.{number}.pem").read_bytes()) == authorities)
    record = json.loads((domain.folder / "agent" / "agent.json").read_text())
    agent = tool.pem("agent.pem", *map(base64.b64decode, record["chain"]))
    node = domain.agent_id
    form(tool, "agent", agent, uri + node["path"], root)
    ports = {"agents' port": domain.port, "bundle port": domain.bundle_port}
    for what, port in ports.items():
        shown = served(tool, port, roots)
        form(tool, what, tool.file("server.pem", shown), f"{uri}/spire/server", root)
        leaves[what] = tool.folder / "server.pem", None
    leaves["agent"] = agent, None
    for what, (leaf, _) in leaves.items():
        for purpose in ("sslserver", "sslclient"):
            chain(tool, f"{what} as {purpose}", leaf, roots, "-purpose", purpose)

    refusals(tool, domain, roots, leaves["/web"], uri)
    return f"{tool.checks} checks in {tool.commands} commands of OpenSSL {tool.version}"


def active(domain):
    return domain.ask("localauthority", "x509", "show")["active"]["authority_id"]


def served(tool, port, roots, *options, refused=None):
    """Speaks TLS with a port and shows the certificate of the server. With `refused` it must not come to that."""
    status, output = tool.run(
        "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", roots, "-verify_return_error", "-x509_strict",
        "-alpn", "h2,http/1.1", *options)
    if refused:
        tool.check(f"port {port}: {refused}", status != 0 and refused in output, output[-300:])
        return None
    tool.check(f"port {port} is trusted", status == 0 and "Verify return code: 0 (ok)" in output, output[-300:])
    tool.check(f"port {port}, TLS 1.2 or 1.3", re.search(r"(?:New|Reused), TLSv1\.[23]", output), output[-300:])
    return re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", output, re.S)[0]


def refusals(tool, domain, roots, web, uri):
    """What has to be refused: strangers' authorities, other times, leaves that sign."""
    leaf, key = web
    other_key, other = tool.folder / "other.key", tool.folder / "other.pem"
    tool.make(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", other_key, "-out", other,
        "-days", "1", "-subj", "/C=US/O=SPIFFE", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-addext", f"subjectAltName=URI:{uri}")
    chain(tool, "leaf under a stranger's authority", leaf, other, refused="unable to get local issuer certificate")
    now = int(time.time())
    chain(tool, "leaf after its end", leaf, roots, "-attime", now + 7200, refused="certificate has expired")
    chain(tool, "leaf before its beginning", leaf, roots, "-attime", now - 7200, refused="certificate is not yet valid")
    chain(tool, "authority after its end", roots, roots, "-attime", now + 90_000, refused="certificate has expired")
    # A workload signs for somebody else with the key that it has.
    request, forged = tool.folder / "forged.csr", tool.folder / "forged.pem"
    tool.make("req", "-new", "-key", key, "-subj", "/O=SPIRE", "-out", request)
    names = tool.file(
        "forged.ext", f"subjectAltName=URI:{uri}/admin\nkeyUsage=critical,digitalSignature\nbasicConstraints=critical,CA:FALSE\n"
        "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
    tool.make("x509", "-req", "-in", request, "-CA", leaf, "-CAkey", key, "-CAcreateserial", "-days", "1", "-extfile", names,
              "-out", forged)
    chain(tool, "certificate signed by a leaf", forged, roots, "-untrusted", leaf, refused="invalid CA certificate")
    # TLS: who shows an SVID is let in, who shows a stranger's is not, and an agent does not trust a stranger.
    served(tool, domain.port, roots, "-cert", leaf, "-key", key)
    served(tool, domain.port, other, refused="unable to get local issuer certificate")
    stranger = tool.folder / "stranger.pem"
    tool.make("x509", "-req", "-in", request, "-CA", other, "-CAkey", other_key, "-CAcreateserial", "-days", "1", "-extfile",
              names, "-out", stranger)
    served(tool, domain.port, roots, "-cert", stranger, "-key", key, "-tls1_2", refused="alert")
