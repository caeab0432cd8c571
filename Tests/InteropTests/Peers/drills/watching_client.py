# SPDX-License-Identifier: Apache-2.0
"""One workload: a process of its own, which follows its identity and, over it, either speaks mutual TLS with its peers all
the time or takes tokens all the time. What it sees it reports on a pipe, one JSON line each."""
import ctypes
import json
import os
import random
import socket
import ssl
import threading
import time

import jwt
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtensionOID

from workload_messages import certificates, fields, member, text_member
from workload_wire import Call, CallFailed

AUDIENCE = "drill"


class Identity:
    """What one message said: chain, key, authorities. Raises ValueError when it does not hold together."""

    def __init__(self, message, expected, folder):
        svids = [value for number, value in fields(message) if number == 1]
        if len(svids) != 1:
            raise ValueError(f"{len(svids)} identities")
        name = member(svids[0], 1).decode()
        chain, key = certificates(member(svids[0], 2)), member(svids[0], 3)
        roots = certificates(member(svids[0], 4))
        leaf = x509.load_der_x509_certificate(chain[0])
        names = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        if name != expected or names.get_values_for_type(x509.UniformResourceIdentifier) != [expected]:
            raise ValueError(f"the identity of {name}")
        self.ends = leaf.not_valid_after_utc.timestamp()
        if not leaf.not_valid_before_utc.timestamp() <= time.time() <= self.ends:
            raise ValueError("an SVID that is not valid now")
        authorities = [x509.load_der_x509_certificate(one) for one in roots]
        signers = [one for one in authorities if _signed(leaf, one)]
        if not signers:
            raise ValueError("an SVID that none of the authorities with it has signed")
        self.serial = f"{leaf.serial_number:x}"
        self.signer = _name(signers[0])
        self.roots = sorted(map(_name, authorities))
        self.server, self.client = (
            self._context(side, chain, key, roots, folder) for side in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))

    @staticmethod
    def _context(side, chain, key, roots, folder):
        context = ssl.SSLContext(side)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(cadata=b"".join(roots))
        # The library reads keys from files only.
        path = f"{folder}/pair.pem"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(ssl.DER_cert_to_PEM_cert(key).replace("CERTIFICATE", "PRIVATE KEY"))
            file.write("".join(map(ssl.DER_cert_to_PEM_cert, chain)))
        context.load_cert_chain(path)
        os.unlink(path)
        return context


def _signed(leaf, authority):
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _name(authority):
    return authority.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_KEY_IDENTIFIER).value.digest.hex()


class WatchingClient:
    """Runs in a process of its own until its pipe breaks or it is killed."""

    def __init__(self, number, plan, pipe):
        self.number, self.plan, self.pipe = number, plan, pipe
        self.name = plan["names"][number]
        self.random = random.Random(f"{plan['seed']}/{number}")
        self.identity = None
        self.keys = None
        self.handshakes = self.tokens = 0
        self.folder = f"{plan['folder']}/{number}"
        # Abstract sockets need no files that several users could write.
        self.address = lambda one: f"\0kelmark-drill-{plan['seed']}-{one}"
        self.listener = None
        if number < plan["handshakers"]:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.address(number))
            self.listener.listen(64)

    def tell(self, what, **members):
        line = json.dumps({"client": self.number, "what": what, "at": time.time(), **members}, separators=(",", ":"))
        os.write(self.pipe, line.encode()[:2000] + b"\n")

    def run(self, go):
        uid = self.plan["users"][self.number]
        if os.geteuid() == 0:
            os.chown(self.folder, uid, uid)
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            # The kernel took our /proc away with the change of user; the agent looks there.
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
        loops = [self.watch, self.count]
        if self.listener:
            loops += [self.serve, lambda: self.each(self.plan["handshake_seconds"], self.call, go)]
        else:
            loops += [self.follow_keys, lambda: self.each(self.plan["token_seconds"], self.take_token, go)]
        for loop in loops:
            threading.Thread(target=loop, daemon=True).start()
        while os.getppid() == self.plan["parent"]:
            time.sleep(1)
        os._exit(0)

    # What the agent says.

    def watch(self):
        """Follows the X.509 state. It must never end: there is an identity all the time."""
        while True:
            try:
                for message in Call(self.plan["socket"], "FetchX509SVID"):
                    identity = Identity(message, self.name, self.folder)
                    self.identity = identity
                    self.tell("svid", serial=identity.serial, signer=identity.signer, roots=identity.roots)
                self.tell("fault", why="the stream ended")
            except (CallFailed, OSError, ValueError, ssl.SSLError) as error:
                if self.identity or not isinstance(error, CallFailed):
                    self.tell("fault", why=f"watching: {error}")
            # Nobody knows the workload before its entry has reached the agent.
            time.sleep(0.5)

    def follow_keys(self):
        while True:
            try:
                for message in Call(self.plan["socket"], "FetchJWTBundles"):
                    documents = [json.loads(member(value, 2)) for number, value in fields(message) if number == 1]
                    self.keys = {key["kid"]: jwt.PyJWK(key, algorithm="ES256") for one in documents for key in one["keys"]}
                    self.tell("keys", kids=sorted(self.keys))
                self.tell("fault", why="the stream of keys ended")
            except (CallFailed, OSError, ValueError) as error:
                if self.keys or not isinstance(error, CallFailed):
                    self.tell("fault", why=f"watching keys: {error}")
            time.sleep(0.5)

    def count(self):
        """Says how often all was well, and looks whether the identity is good for now."""
        while True:
            time.sleep(0.5)
            if identity := self.identity:
                if identity.ends < time.time():
                    self.tell("fault", why="there is no valid SVID")
                self.tell("counts", handshakes=self.handshakes, tokens=self.tokens)

    # What it does with it.

    def each(self, seconds, act, go):
        go.wait()
        time.sleep(self.random.random() * seconds)
        while True:
            try:
                act()
            except (CallFailed, OSError, ValueError, ssl.SSLError, jwt.PyJWTError) as error:
                self.tell("fault", why=f"{act.__name__}: {type(error).__name__}: {error}")
            time.sleep(seconds * (0.5 + self.random.random()))

    def serve(self):
        while True:
            raw, _ = self.listener.accept()
            threading.Thread(target=self.answer, args=(raw,), daemon=True).start()

    def answer(self, raw):
        """Lets a peer of the drill in, and nobody else."""
        try:
            raw.settimeout(30)
            with self.identity.server.wrap_socket(raw, server_side=True) as connection:
                if _peer(connection) not in self.plan["names"]:
                    raise ValueError(f"a stranger calls: {_peer(connection)}")
                connection.sendall(b"hello")
        except (OSError, ValueError, ssl.SSLError) as error:
            self.tell("fault", why=f"answer: {type(error).__name__}: {error}")

    def call(self):
        peer = self.random.randrange(self.plan["handshakers"])
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(30)
            raw.connect(self.address(peer))
            with self.identity.client.wrap_socket(raw) as connection:
                if _peer(connection) != self.plan["names"][peer]:
                    raise ValueError(f"{_peer(connection)} answers for {self.plan['names'][peer]}")
                if connection.recv(16) != b"hello":
                    raise ValueError("no answer")
        self.handshakes += 1

    def take_token(self):
        call = Call(self.plan["socket"], "FetchJWTSVID", text_member(1, AUDIENCE), 30)
        try:
            message = next(iter(call))
        finally:
            call.close()
        token = member(member(message, 1), 2).decode()
        kid = jwt.get_unverified_header(token)["kid"]
        if kid not in (self.keys or {}):
            raise ValueError(f"a token of the key {kid}, which is not published")
        claims = jwt.decode(token, self.keys[kid].key, algorithms=["ES256"], audience=AUDIENCE)
        if claims["sub"] != self.name:
            raise ValueError(f"a token of {claims['sub']}")
        self.tokens += 1
        self.tell("token", kid=kid)


def _peer(connection):
    names = connection.getpeercert().get("subjectAltName", ())
    return next((value for kind, value in names if kind == "URI"), None)
