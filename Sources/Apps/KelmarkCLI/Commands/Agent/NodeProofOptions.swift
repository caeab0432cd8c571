// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import JOSE
internal import KelmarkCrypto
internal import Logging
internal import NodeAgent
internal import NodeLocal
internal import SPIFFE
internal import ServiceLifecycle

/// How an agent proves which node it is: one way, or none once it has attested.
struct NodeProofOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A file with the join token; not needed once the agent has attested.", valueName: "file"),
        completion: .file())
    var joinTokenFile: String?
    @Option(
        help: ArgumentHelp("The node's certificate and its chain (PEM), to prove it by x509pop.", valueName: "file"),
        completion: .file())
    var x509popCertificate: String?
    @Option(
        help: ArgumentHelp("The key of the node's certificate (PEM, PKCS#8).", valueName: "file"), completion: .file())
    var x509popKey: String?
    @Option(
        help: ArgumentHelp(
            "The certificate of the node's SSH host key, to prove it by sshpop.", valueName: "file"),
        completion: .file())
    var sshpopCertificate: String?
    @Option(
        help: ArgumentHelp("The SSH host key of the certificate, in OpenSSH's form.", valueName: "file"),
        completion: .file())
    var sshpopKey: String?
    @Option(
        help: ArgumentHelp(
            "The DNS name of the node, to prove it by answering HTTP there (http_challenge).", valueName: "name"))
    var httpChallengeHost: String?
    @Option(
        help: ArgumentHelp("Where the challenge is answered; port 0 takes a free one.", valueName: "host:port"))
    var httpChallengeListen = NetworkPlace(host: "0.0.0.0", port: 0)
    @Option(
        help: ArgumentHelp("The port at which the issuer asks, if not the one that is listened at.", valueName: "port"))
    var httpChallengePort: UInt16?
    @Option(
        help: ArgumentHelp("Tells several agents of one node apart.", valueName: "name"))
    var httpChallengeAgent = "default"
    @Option(
        help: ArgumentHelp(
            "The cluster's name at the issuer, to prove the node by its service account token (k8s_psat).",
            valueName: "name"))
    var k8sPsatCluster: String?
    @Option(
        help: ArgumentHelp("The projected service account token.", valueName: "file"), completion: .file())
    var k8sPsatToken = "/var/run/secrets/tokens/spire-agent"

    func validate() throws {
        let ways = [joinTokenFile, x509popCertificate, sshpopCertificate, httpChallengeHost, k8sPsatCluster]
        guard ways.count(where: { $0 != nil }) <= 1 else {
            throw ValidationError("A node proves itself in one way; several are given.")
        }
        guard (x509popCertificate == nil) == (x509popKey == nil) else {
            throw ValidationError("--x509pop-certificate and --x509pop-key go together.")
        }
        guard (sshpopCertificate == nil) == (sshpopKey == nil) else {
            throw ValidationError("--sshpop-certificate and --sshpop-key go together.")
        }
        if let httpChallengeHost, !DNSName.isValid(httpChallengeHost) {
            throw ValidationError("--http-challenge-host is a DNS name.")
        }
        guard (1...HTTPChallengeProof.longestName).contains(httpChallengeAgent.utf8.count),
            httpChallengeAgent.utf8.allSatisfy(Self.isNameByte)
        else {
            throw ValidationError("--http-challenge-agent is letters, digits, - and _, at most 32 of them.")
        }
        guard httpChallengePort != 0 else { throw ValidationError("--http-challenge-port is a port.") }
    }

    /// The proof, and what must run beside the agent for it. Nil when no way was named.
    /// - Throws: ``CommandFailure`` when files that are needed now can't be used.
    func proof(threads: BlockingThreads, logger: Logger) async throws -> (
        proof: any NodeProof, services: [any Service]
    )? {
        if let joinTokenFile {
            let token = try SecretFile.firstLine(ofFile: joinTokenFile, .joinToken).withBytes { (bytes: Span<UInt8>) in
                String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
            }
            return (JoinTokenProof(token: token), [])
        }
        if let certificate = x509popCertificate, let key = x509popKey {
            return (try await Self.reread(threads) { try Self.certificateProof(certificate, key) }, [])
        }
        if let certificate = sshpopCertificate, let key = sshpopKey {
            return (
                try await Self.reread(threads) {
                    try SSHHostProof(
                        certificate: try DurableFile.read(certificate, atMost: SSHHostProof.largestFile),
                        key: try Self.privateFile(key, atMost: SSHHostProof.largestFile))
                }, []
            )
        }
        if let host = httpChallengeHost {
            let listener = ChallengeListener(
                host: httpChallengeListen.host, port: UInt16(clamping: httpChallengeListen.port), logger: logger)
            let proof = HTTPChallengeProof(
                host: host, name: httpChallengeAgent, advertisedPort: httpChallengePort, port: listener)
            return (proof, [listener])
        }
        if let cluster = k8sPsatCluster {
            let file = k8sPsatToken
            let proof = KubernetesTokenProof(cluster: cluster) {
                try await threads.run {
                    try OpenFile.contents(of: file, limit: KubernetesTokenProof.largestToken + 2)
                }
            }
            return (proof, [])
        }
        return nil
    }

    /// A proof from files that are read for each attestation, and once now, so that what is wrong is told at once.
    private static func reread(
        _ threads: BlockingThreads, _ make: @escaping @Sendable () throws -> any NodeProof
    ) async throws -> any NodeProof {
        do {
            _ = try await threads.run(make)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("KM-AGENT-NODE-PROOF", "\(error)")
        }
        return RereadProof { try await threads.run(make) }
    }

    private static func certificateProof(_ certificate: String, _ key: String) throws -> CertificateProof {
        let chain = try DurableFile.read(certificate, atMost: 1 << 16)
        guard let ders = try? CertificateEncoding.certificates(inPEM: String(decoding: chain, as: UTF8.self)) else {
            throw AttestorError("\(certificate) holds no certificates")
        }
        var pem = try privateFile(key, atMost: 1 << 16)
        defer { wipe(&pem) }
        guard let pkcs8 = try? CertificateEncoding.pkcs8(inPEM: String(decoding: pem, as: UTF8.self)),
            let privateKey = try? PrivateKey(pkcs8: pkcs8)
        else {
            throw AttestorError("\(key) is not one key in PKCS#8; openssl pkey -in FILE -out FILE writes it so")
        }
        return try CertificateProof(chain: ders, key: privateKey)
    }

    /// A file with a key, which must not be everybody's to read.
    private static func privateFile(_ path: String, atMost limit: Int) throws -> [UInt8] {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & 0o007 != 0 {
            throw CommandFailure(
                "KM-INPUT-EXPOSED", "\(path) has mode \(String(status.st_mode & 0o777, radix: 8))",
                next: "chmod 600 \(path)")
        }
        return try DurableFile.read(path, atMost: limit)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
