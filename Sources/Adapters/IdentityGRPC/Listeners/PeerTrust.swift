// SPDX-License-Identifier: Apache-2.0

package import SPIFFE

/// By whose authorities the certificates of peers are judged, as of the moment of the question.
package struct PeerTrust: Sendable {
    /// The authorities of one trust domain; nil when nothing of it is trusted.
    package let bundle: @Sendable (TrustDomain) async -> X509Bundle?
    /// The time.
    package let now: @Sendable () -> CertificateTime

    package init(
        bundle: @escaping @Sendable (TrustDomain) async -> X509Bundle?, now: @escaping @Sendable () -> CertificateTime
    ) {
        self.bundle = bundle
        self.now = now
    }

    /// Judges a chain in DER, leaf first, by the authorities of the leaf's own trust domain.
    /// - Throws: ``PeerCertificateError``.
    func verify(_ chain: [[UInt8]]) async throws(PeerCertificateError) -> JudgedPeer {
        guard chain.count <= X509SVIDOutcome.longestChain else { throw .tooLong }
        var certificates: [X509Certificate] = []
        do {
            for der in chain { certificates.append(try X509Certificate(der: der)) }
        } catch {
            throw .malformed(error)
        }
        guard let leaf = certificates.first, leaf.uris.count == 1, let id = try? SPIFFEID(leaf.uris[0]) else {
            throw .noID
        }
        guard let bundle = await bundle(id.trustDomain) else { throw .unknownTrustDomain(id.trustDomain) }
        let outcome = X509SVIDOutcome.verifying(chain: certificates, against: bundle, at: now())
        guard let svid = outcome.svid else { throw .refused(outcome.faults) }
        return JudgedPeer(svid: svid, chain: certificates, bundle: bundle)
    }

    /// Whether a peer that was trusted still is: by the authorities of now, whatever the time. Nothing is computed as
    /// long as they are the same.
    func stillTrusts(_ peer: JudgedPeer) async -> JudgedPeer? {
        guard let bundle = await bundle(peer.svid.id.trustDomain) else { return nil }
        guard bundle != peer.bundle else { return peer }
        let outcome = X509SVIDOutcome.verifying(chain: peer.chain, against: bundle, at: peer.svid.verifiedAt)
        return outcome.svid.map { JudgedPeer(svid: $0, chain: peer.chain, bundle: bundle) }
    }
}

/// A peer's SVID with what it was judged by.
struct JudgedPeer: Sendable {
    let svid: VerifiedX509SVID
    let chain: [X509Certificate]
    let bundle: X509Bundle
}

/// Why a peer's certificate is not taken.
package enum PeerCertificateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// No certificate, or none with exactly one SPIFFE ID.
    case noID
    /// More certificates than are read.
    case tooLong
    /// A certificate that can't be read.
    case malformed(X509CertificateError)
    /// Nothing of the trust domain is trusted.
    case unknownTrustDomain(TrustDomain)
    /// Rules are broken.
    case refused([X509SVIDFault])
    /// A valid SVID of somebody else.
    case notExpected(SPIFFEID)

    /// A word for the log.
    var code: String {
        switch self {
        case .noID: "no-id"
        case .tooLong: "too-long"
        case .malformed: "malformed"
        case .unknownTrustDomain: "unknown-trust-domain"
        case .refused: "refused"
        case .notExpected: "not-expected"
        }
    }

    package var description: String {
        switch self {
        case .noID: "the certificate has not exactly one SPIFFE ID"
        case .tooLong: "too many certificates"
        case .malformed(let error): error.description
        case .unknownTrustDomain(let domain): "no bundle of \(domain)"
        case .refused(let faults): faults.map(\.description).joined(separator: "; ")
        case .notExpected(let id): "\(id) is not who is expected"
        }
    }
}
