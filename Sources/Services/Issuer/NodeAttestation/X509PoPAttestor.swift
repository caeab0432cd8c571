// SPDX-License-Identifier: Apache-2.0

internal import Crypto
public import SPIFFE
internal import X509

/// Attests nodes that hold the key of a certificate which they were given by other means. Facts (SPIFFE) 12.3.
///
/// The chain must end at an authority of the configuration; the node then signs two nonces, its own and ours, so that
/// neither side alone chooses what is signed.
public struct X509PoPAttestor: NodeAttestor {
    /// `x509pop`.
    public static let type = "x509pop"
    /// Most certificates between leaf and authority.
    static let mostIntermediates = 4
    /// Most SANs of a leaf that become selectors.
    static let mostSANs = 64
    /// The values that a path template may name.
    public static let templateValues: Set<String> = [
        "PluginName", "Fingerprint", "TrustDomain", "Subject.CommonName", "SerialNumberHex", "SVIDPathTrimmed",
    ]

    /// Whose certificates count.
    public enum Trust: Sendable {
        /// Those of a company's own authorities, read anew for each attestation.
        case authorities(@Sendable () async throws -> [X509Certificate])
        /// X.509-SVIDs of the own trust domain whose path begins with a prefix; the rest names the agent.
        case ownSVIDs(prefix: String, bundle: @Sendable () async throws -> X509Bundle)
    }

    private let trustDomain: TrustDomain
    private let trust: Trust
    private let template: AgentPathTemplate
    private let clock: any IssuerClock
    private let random: RandomSource

    /// - Parameters:
    ///   - template: how agents are named; nil for the fingerprint, or the rest of the SVID's path.
    ///   - random: for nonces.
    public init(
        trustDomain: TrustDomain, trust: Trust, template: AgentPathTemplate? = nil, clock: any IssuerClock,
        random: RandomSource = .system
    ) {
        self.trustDomain = trustDomain
        self.trust = trust
        if case .ownSVIDs = trust {
            self.template = template ?? AgentPathTemplate(of: "SVIDPathTrimmed")
        } else {
            self.template = template ?? AgentPathTemplate(of: "Fingerprint")
        }
        self.clock = clock
        self.random = random
    }

    /// `x509pop`.
    public var type: String { Self.type }

    /// The payload names the chain, leaf first.
    public func attest(_ payload: [UInt8], from address: String?) async throws(IssuerError) -> AttestationStep {
        let chain = try Self.chain(AttestationJSON(payload, "attestation data").byteStrings("certificates"))
        let leaf = chain[0]
        guard let key = ProofKey(leaf) else {
            throw IssuerError(.invalidArgument, "the key of the leaf certificate can't prove anything")
        }
        guard leaf.keyUsage?.digitalSignature == true else {
            throw IssuerError(.permissionDenied, "leaf certificate not intended for digital signature use")
        }
        let (path, svidPath) = try await verify(chain)
        let node = try node(path, svidPath: svidPath)
        let nonce = try random.bytes(AttestationLimits.nonceBytes)
        let challenge = X509PoPChallenge(key: key, nonce: nonce, node: node)
        return .challenge(try challenge.bytes(), challenge)
    }

    private static func chain(_ encoded: [[UInt8]]) throws(IssuerError) -> [X509Certificate] {
        guard !encoded.isEmpty else { throw IssuerError(.invalidArgument, "no certificate to attest") }
        guard encoded.count <= 1 + mostIntermediates else {
            throw IssuerError(.invalidArgument, "too many intermediate certificates, at most \(mostIntermediates)")
        }
        var chain: [X509Certificate] = []
        for (index, der) in encoded.enumerated() {
            do {
                chain.append(try X509Certificate(der: der))
            } catch {
                throw IssuerError(.invalidArgument, "unable to parse certificate \(index)", cause: error)
            }
        }
        return chain
    }

    /// The path to an authority, and the rest of the SVID's path where SVIDs are exchanged.
    private func verify(_ chain: [X509Certificate]) async throws(IssuerError) -> ([X509Certificate], String?) {
        switch trust {
        case .authorities(let load):
            let authorities: [X509Certificate]
            do {
                authorities = try await load()
            } catch {
                throw IssuerError(.unavailable, "failed to load the authorities of nodes", cause: error)
            }
            switch CertificateChain.path(
                from: chain[0], through: Array(chain.dropFirst()), to: authorities, at: clock.now())
            {
            case .success(let path): return (path, nil)
            case .failure(let faults): throw Self.unverified(faults.description)
            }
        case .ownSVIDs(let prefix, let load):
            let bundle: X509Bundle
            do {
                bundle = try await load()
            } catch {
                throw IssuerError(.unavailable, "failed to load the own bundle", cause: error)
            }
            switch X509SVIDOutcome.verifying(chain: chain, against: bundle, at: clock.now()) {
            case .verified(let svid):
                let prefix = prefix.utf8.last == UInt8(ascii: "/") ? prefix : prefix + "/"
                guard svid.id.path.utf8.starts(with: prefix.utf8) else {
                    throw IssuerError(.permissionDenied, "x509 svid path does not have the expected prefix")
                }
                return (svid.path, String(svid.id.path.dropFirst(prefix.count)))
            case .refused(let faults): throw Self.unverified("\(faults)")
            }
        }
    }

    private static func unverified(_ detail: String) -> IssuerError {
        IssuerError(.permissionDenied, "certificate verification failed", detail: detail)
    }

    private func node(_ path: [X509Certificate], svidPath: String?) throws(IssuerError) -> AttestedNode {
        let leaf = path[0]
        let fingerprint = Self.fingerprint(leaf)
        let commonName = leaf.certificate.subject.commonName
        let serial = Hexadecimal.number(Array(leaf.certificate.serialNumber.bytes))
        var texts: Set<String> = []
        if let commonName { texts.insert("subject:cn:\(commonName)") }
        for authority in path.dropFirst() { texts.insert("ca:fingerprint:\(Self.fingerprint(authority))") }
        texts.insert("serialnumber:\(serial)")
        let prefix = "x509pop://\(trustDomain.name)/"
        for uri in leaf.uris.prefix(Self.mostSANs) where uri.utf8.starts(with: prefix.utf8) {
            let parts = uri.dropFirst(prefix.count).split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { continue }
            texts.insert("san:\(parts[0]):\(parts[1])")
        }
        var values = [
            "PluginName": Self.type, "Fingerprint": fingerprint, "TrustDomain": trustDomain.name,
            "SerialNumberHex": serial,
        ]
        values["Subject.CommonName"] = commonName
        values["SVIDPathTrimmed"] = svidPath
        return AttestedNode(
            id: try template.agentID(values, paths: ["SVIDPathTrimmed"], in: trustDomain),
            selectors: Set(texts.compactMap { try? Selector(type: Self.type, value: $0) }), canReattest: true)
    }

    private static func fingerprint(_ certificate: X509Certificate) -> String {
        Hexadecimal.text(Insecure.SHA1.hash(data: certificate.der))
    }
}

extension Hexadecimal {
    /// A number without leading zeros; `0` for none.
    static func number(_ bytes: [UInt8]) -> String {
        let digits = text(bytes).drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }
}

extension DistinguishedName {
    /// The last common name; nil where there is none that is text.
    fileprivate var commonName: String? {
        for relative in self.reversed() {
            for attribute in relative where attribute.type == .RDNAttributeType.commonName {
                if let text = String(attribute.value), !text.isEmpty { return text }
            }
        }
        return nil
    }
}
