// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import JOSE
internal import KelmarkBytes
public import SPIFFE

/// Attests nodes that hold the host key of an OpenSSH host certificate. Facts (SPIFFE) 12.3.
///
/// The certificate must be signed by a configured authority; the node then signs two nonces, its own and ours. Critical
/// options are refused, since no host certificate needs one and none is understood here.
public struct SSHPoPAttestor: NodeAttestor {
    /// `sshpop`.
    public static let type = "sshpop"
    /// The values that a path template may name.
    public static let templateValues: Set<String> = ["PluginName", "Fingerprint", "Hostname"]

    private let trustDomain: TrustDomain
    private let authorities: Set<SSHPublicKey>
    private let canonicalDomain: String
    private let template: AgentPathTemplate
    private let acceptsSHA1Proofs: Bool
    private let clock: any IssuerClock
    private let random: RandomSource

    /// - Parameters:
    ///   - authorities: whose certificates count.
    ///   - canonicalDomain: the domain that the first name of a certificate must lie in; empty for any.
    ///   - template: how agents are named; nil for the fingerprint.
    ///   - acceptsSHA1Proofs: whether an RSA host key may prove itself with SHA-1. SPIRE's agents do so; since our nonce
    ///     is in what they hash, a collision gains nothing, but it is off unless asked for.
    ///   - random: for nonces.
    public init(
        trustDomain: TrustDomain, authorities: [SSHPublicKey], canonicalDomain: String = "",
        template: AgentPathTemplate? = nil, acceptsSHA1Proofs: Bool = false, clock: any IssuerClock,
        random: RandomSource = .system
    ) {
        self.trustDomain = trustDomain
        self.authorities = Set(authorities)
        self.canonicalDomain = canonicalDomain
        self.template = template ?? AgentPathTemplate(of: "Fingerprint")
        self.acceptsSHA1Proofs = acceptsSHA1Proofs
        self.clock = clock
        self.random = random
    }

    /// `sshpop`.
    public var type: String { Self.type }

    /// The payload holds the certificate.
    public func attest(_ payload: [UInt8], from address: String?) async throws(IssuerError) -> AttestationStep {
        let wire = try AttestationJSON(payload, "attestation data").bytes("Certificate")
        let certificate = try SSHHostCertificate(wire: wire)
        let hostname = try hostname(of: certificate)
        let fingerprint = certificate.fingerprint
        let values = [
            "PluginName": Self.type, "Fingerprint": Base64URL.encodedString(fingerprint.span),
            "Hostname": hostname,
        ]
        let node = AttestedNode(
            id: try template.agentID(values, in: trustDomain), selectors: [], canReattest: true)
        let challenge = SSHPoPChallenge(
            key: certificate.key, nonce: try random.bytes(AttestationLimits.nonceBytes), node: node,
            acceptsSHA1: acceptsSHA1Proofs)
        return .challenge(try challenge.bytes(), challenge)
    }

    /// The name of a host whose certificate counts now, without the canonical domain.
    private func hostname(of certificate: SSHHostCertificate) throws(IssuerError) -> String {
        func refused(_ why: String) -> IssuerError {
            IssuerError(.permissionDenied, "failed to check host key: \(why)")
        }
        guard certificate.kind == SSHHostCertificate.hostKind else { throw refused("it is no host certificate") }
        guard authorities.contains(certificate.authority) else { throw refused("no authority of it is known") }
        guard certificate.isSigned else { throw refused("its signature is wrong") }
        let now = UInt64(max(0, clock.now().seconds))
        guard certificate.validAfter <= now else { throw refused("it is not yet valid") }
        guard now < certificate.validBefore else { throw refused("it has expired") }
        guard certificate.criticalOptions.isEmpty else { throw refused("it has critical options") }
        guard let name = certificate.principals.first, !name.isEmpty else { throw refused("it names no host") }
        guard !canonicalDomain.isEmpty else { return name }
        let suffix = "." + canonicalDomain
        guard name.utf8.count > suffix.utf8.count, name.hasSuffix(suffix) else {
            throw refused("its host is not in the canonical domain")
        }
        return String(name.dropLast(suffix.count))
    }
}

/// The question of ``SSHPoPAttestor``: sign our nonce and one of yours.
struct SSHPoPChallenge: AttestationChallenge {
    let key: SSHPublicKey
    let nonce: [UInt8]
    let node: AttestedNode
    let acceptsSHA1: Bool

    func bytes() throws(IssuerError) -> [UInt8] {
        try AttestationJSON.write(["Nonce": .text(StandardBase64.encodedString(nonce))])
    }

    func answered(_ response: [UInt8]) async throws(IssuerError) -> AttestationStep {
        let answer = try AttestationJSON(response, "challenge response")
        let own = try answer.bytes("Nonce")
        guard own.count == AttestationLimits.nonceBytes else {
            throw IssuerError(.invalidArgument, "invalid response nonce size")
        }
        guard let signature = try answer.object("Signature") else {
            throw IssuerError(.invalidArgument, "missing signature in challenge response")
        }
        // What follows the blob belongs to keys in hardware, which have no host certificates.
        guard try signature.bytes("Rest").isEmpty else {
            throw IssuerError(.invalidArgument, "the signature has a part that is not known")
        }
        // The digest itself is the message: the signature scheme hashes it once more.
        let message = Array(SHA256.hash(data: nonce + own))
        guard
            key.isSignature(
                try signature.bytes("Blob"), format: try signature.text("Format"), of: message, allowsSHA1: acceptsSHA1)
        else { throw IssuerError(.permissionDenied, "failed to verify signature") }
        return .attested(node)
    }
}
