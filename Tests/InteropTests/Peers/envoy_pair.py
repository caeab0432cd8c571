# SPDX-License-Identifier: Apache-2.0
"""Two unmodified Envoys, one calling the other by mutual TLS; both take identity and trust from our agent by SDS."""
import base64
import http.client
import json
import os
import pathlib
import re
import ssl
import subprocess
import time

from interop_histories import Disagreement
from kelmark_nodes import free_ports

CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)


def split(pem):
    """The certificates of a PEM file, in DER."""
    return [ssl.PEM_cert_to_DER_cert(one.decode()) for one in CERTIFICATE.findall(pem)]


class EnvoyPair:
    """The outer one takes plain HTTP and calls the inner one: below /new with a handshake for each request, below /kept over
    connections that stay. Both want the other to be `identity`.

    `resumes` tells whether TLS sessions may be resumed, as Envoy does unless told otherwise; without it each handshake
    shows certificates.
    """

    FAILURES = r"ssl\.(fail_verify|connection_error)|upstream_rq_5xx"

    def __init__(self, peers, folder, identity, context="ROOTCA", resumes=False):
        self.peers, self.identity, self.context, self.resumes = peers, identity, context, resumes
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port, inner, self.outer_admin, self.inner_admin = free_ports(4)
        self.binary = pathlib.Path(peers.envoy.python).parent / "envoy"
        self.processes = []
        try:
            self._start("inner", self._inner(inner))
            self._start("outer", self._outer(inner))
            self._wait_until_served()
            # Before the first secrets were there, nothing could be served.
            self.early = self.counts(self.FAILURES)
        except BaseException:
            self.close()
            raise

    # Configuration: JSON is YAML.

    def _start(self, name, configuration):
        file = self.folder / f"{name}.yaml"
        file.write_text(json.dumps(configuration))
        log = open(self.folder / f"{name}.log", "wb")
        process = subprocess.Popen(
            [self.binary, "-c", file, "--log-level", "warning", "--concurrency", "1", "--use-dynamic-base-id"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        print(f"peer    Envoy {self.peers.envoy.version}, {name}, PID {process.pid}", flush=True)
        if self.peers.is_killed:
            process.kill()

    @staticmethod
    def _typed(name, **members):
        return {"@type": f"type.googleapis.com/envoy.extensions.{name}", **members}

    @staticmethod
    def _address(port):
        return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

    def _secret(self, name):
        return {"name": name, "sds_config": {
            "resource_api_version": "V3", "api_config_source": {
                "api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [
                    {"envoy_grpc": {"cluster_name": "agent"}}]}}}

    def _tls(self):
        exact = {"san_type": "URI", "matcher": {"exact": self.identity}}
        return {
            "tls_certificate_sds_secret_configs": [self._secret("default")],
            "combined_validation_context": {
                "default_validation_context": {"match_typed_subject_alt_names": [exact]},
                "validation_context_sds_secret_config": self._secret(self.context)}}

    def _base(self, admin, listener, clusters):
        agent = {
            "name": "agent", "connect_timeout": "20s", "type": "STATIC",
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": self._typed(
                    "upstreams.http.v3.HttpProtocolOptions", explicit_http_config={"http2_protocol_options": {}})},
            "load_assignment": {"cluster_name": "agent", "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": str(self.peers.domain.socket)}}}}]}]}}
        return {
            "node": {"id": "drill", "cluster": "drill"}, "admin": {"address": self._address(admin)},
            "static_resources": {"listeners": [listener], "clusters": [agent, *clusters]}}

    def _http(self, prefix, routes):
        return {"name": "envoy.filters.network.http_connection_manager", "typed_config": self._typed(
            "filters.network.http_connection_manager.v3.HttpConnectionManager", stat_prefix=prefix,
            route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
            http_filters=[{"name": "envoy.filters.http.router", "typed_config": self._typed(
                "filters.http.router.v3.Router")}])}

    def _inner(self, port):
        answer = {
            "match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "mtls ok\n"}},
            "response_headers_to_add": [{"header": {"key": "x-peer", "value": "%DOWNSTREAM_PEER_URI_SAN%"}}]}
        return self._base(self.inner_admin, {
            "name": "inner", "address": self._address(port), "filter_chains": [{
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": self._typed(
                    "transport_sockets.tls.v3.DownstreamTlsContext", require_client_certificate=True,
                    disable_stateless_session_resumption=not self.resumes,
                    disable_stateful_session_resumption=not self.resumes, common_tls_context=self._tls())},
                "filters": [self._http("inner", [answer])]}]}, [])

    def _outer(self, port):
        def cluster(name, **limits):
            options = self._typed(
                "upstreams.http.v3.HttpProtocolOptions", explicit_http_config={"http_protocol_options": {}},
                **({"common_http_protocol_options": limits} if limits else {}))
            return {
                "name": name, "connect_timeout": "20s", "type": "STATIC",
                "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
                "load_assignment": {"cluster_name": name, "endpoints": [
                    {"lb_endpoints": [{"endpoint": {"address": self._address(port)}}]}]},
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": self._typed(
                    "transport_sockets.tls.v3.UpstreamTlsContext", common_tls_context=self._tls(),
                    **({} if self.resumes else {"max_session_keys": 0}))}}
        routes = [
            {"match": {"prefix": f"/{name}"}, "route": {"cluster": name, "timeout": "60s"}} for name in ("new", "kept")]
        return self._base(
            self.outer_admin,
            {"name": "outer", "address": self._address(self.port), "filter_chains": [{
                "filters": [self._http("outer", routes)]}]},
            [cluster("new", max_requests_per_connection=1), cluster("kept")])

    # Asking.

    def ask(self, path="/new", seconds=30):
        """One request on a connection of its own: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            body = answer.read().decode(errors="replace")
            if answer.status == 200 and answer.getheader("x-peer") != self.identity:
                raise Disagreement(f"Envoy takes its peer for {answer.getheader('x-peer')}")
            return answer.status, body
        finally:
            connection.close()

    def _wait_until_served(self):
        deadline = time.monotonic() + 60
        while True:
            self.require_running()
            try:
                status, body = self.ask()
                if status == 200 and "mtls ok" in body:
                    return
                problem = f"{status}: {body.strip()}"
            except (OSError, http.client.HTTPException) as error:
                problem = str(error)
            if time.monotonic() > deadline:
                raise Disagreement(f"the Envoys do not speak mutual TLS: {problem}")
            time.sleep(0.1)

    def require_running(self):
        for process, name in zip(self.processes, ("inner", "outer")):
            if process.poll() is not None:
                tail = (self.folder / f"{name}.log").read_text(errors="replace").strip()[-300:]
                raise Disagreement(f"Envoy {name} ended with {process.returncode}: {tail}")

    def _admin(self, port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            raise Disagreement(f"Envoy's administration does not answer: {error}") from None
        finally:
            connection.close()

    def counts(self, pattern):
        """Counters of both whose names contain a part, outer ones first."""
        found = {}
        for name, port in (("outer", self.outer_admin), ("inner", self.inner_admin)):
            for line in self._admin(port, "/stats").decode().splitlines():
                key, _, value = line.partition(": ")
                if re.search(pattern, key) and value.isdigit():
                    found[f"{name}.{key}"] = int(value)
        return found

    def failures(self):
        """Handshakes and requests that failed since the first one that did not."""
        return {name: count for name, count in self.counts(self.FAILURES).items() if count > self.early.get(name, 0)}

    def secrets(self):
        """What each Envoy uses now: the leaf and the authorities, in DER."""
        return [self._secrets(port) for port in (self.outer_admin, self.inner_admin)]

    def _secrets(self, port):
        dump = json.loads(self._admin(port, "/config_dump"))
        leaf, roots = None, set()
        for part in dump["configs"]:
            for one in part.get("dynamic_active_secrets", []):
                secret = one["secret"]
                if "tls_certificate" in secret:
                    chain = split(base64.b64decode(secret["tls_certificate"]["certificate_chain"]["inline_bytes"]))
                    leaf = chain[0]
                elif "validation_context" in secret:
                    validator = secret["validation_context"]["custom_validator_config"]["typed_config"]
                    for domain in validator["trust_domains"]:
                        roots.update(split(base64.b64decode(domain["trust_bundle"]["inline_bytes"])))
        return leaf, roots

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def openssl(*arguments, data=b""):
    """What one `openssl` command prints, as bytes."""
    done = subprocess.run(
        ["openssl", *map(str, arguments)], input=data, capture_output=True, timeout=60,
        env={"PATH": os.environ.get("PATH", "")})
    if done.returncode:
        raise Disagreement(f"openssl {' '.join(map(str, arguments))}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return done.stdout


def key_name(der, which):
    """The subject's or the authority's key identifier of a certificate, hex: how the issuer calls its authorities."""
    text = openssl(
        "x509", "-inform", "DER", "-noout", "-ext", f"{which}KeyIdentifier", data=der).decode()
    return "".join(re.findall(r"\b[0-9A-F]{2}(?=:|\s|$)", text.splitlines()[-1])).lower()
