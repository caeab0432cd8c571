// SPDX-License-Identifier: Apache-2.0

/// An X.509-SVID whose chain was verified against the authorities of its own trust domain at one moment.
///
/// Only ``X509SVIDOutcome`` makes one: holding it is the proof.
public struct VerifiedX509SVID: Hashable, Sendable {
    /// Who the leaf is.
    public let id: SPIFFEID
    /// Leaf first, the authority of the bundle last.
    public let path: [X509Certificate]
    /// The moment that the chain was judged for.
    public let verifiedAt: CertificateTime

    fileprivate init(id: SPIFFEID, path: [X509Certificate], verifiedAt: CertificateTime) {
        self.id = id
        self.path = path
        self.verifiedAt = verifiedAt
    }

    /// The leaf.
    public var leaf: X509Certificate { path[0] }
    /// The authority at which the path ends.
    public var authority: X509Certificate { path[path.count - 1] }
    /// First moment at which every certificate of the path is valid.
    public var notBefore: CertificateTime { path.reduce(.earliest) { max($0, $1.notBefore) } }
    /// Last moment at which every certificate of the path is valid.
    public var notAfter: CertificateTime { path.reduce(.latest) { min($0, $1.notAfter) } }
}

/// What became of a chain that somebody presented.
public enum X509SVIDOutcome: Hashable, Sendable {
    /// Every rule holds.
    case verified(VerifiedX509SVID)
    /// At least one rule is broken; the list names every one that was found.
    case refused([X509SVIDFault])

    /// Most certificates of a presented chain that are read.
    public static let longestChain = 16

    /// The SVID, when every rule holds.
    public var svid: VerifiedX509SVID? {
        if case .verified(let svid) = self { svid } else { nil }
    }

    /// The broken rules; empty when verified.
    public var faults: [X509SVIDFault] {
        if case .refused(let faults) = self { faults } else { [] }
    }

    /// Judges a chain in DER, leaf first, the others in any order, against one trust domain.
    ///
    /// The authorities of several trust domains are never pooled: a leaf of another domain than the bundle's is
    /// refused whoever signed it. X509-SVID standard, section 5.
    public static func verifying(
        chain: [[UInt8]], against bundle: X509Bundle, at time: CertificateTime, leafRules: LeafRules = .strict
    ) -> X509SVIDOutcome {
        guard !chain.isEmpty else { return .refused([X509SVIDFault(.emptyChain)]) }
        guard chain.count <= longestChain else { return .refused([X509SVIDFault(.chainTooLong)]) }
        var certificates: [X509Certificate] = []
        var faults: [X509SVIDFault] = []
        for (index, der) in chain.enumerated() {
            do {
                certificates.append(try X509Certificate(der: der))
            } catch {
                faults.append(X509SVIDFault(.malformed, "certificate \(index)", detail: error.description))
            }
        }
        guard faults.isEmpty else { return .refused(faults) }
        return verifying(chain: certificates, against: bundle, at: time, leafRules: leafRules)
    }

    /// Judges a parsed chain, leaf first, the others in any order, against one trust domain.
    public static func verifying(
        chain: [X509Certificate], against bundle: X509Bundle, at time: CertificateTime, leafRules: LeafRules = .strict
    ) -> X509SVIDOutcome {
        guard let leaf = chain.first else { return .refused([X509SVIDFault(.emptyChain)]) }
        guard chain.count <= longestChain else { return .refused([X509SVIDFault(.chainTooLong)]) }
        let (id, leafFaults) = LeafProfile.check(leaf)
        var faults = leafFaults.filter { !leafRules.tolerated.contains($0.code) }
        faults += CertificatePath.validity(of: leaf, at: time)
        if let id, id.trustDomain != bundle.trustDomain {
            let detail = "bundle of \(bundle.trustDomain)"
            return .refused(faults + [X509SVIDFault(.foreignTrustDomain, id.description, detail: detail)])
        }
        guard !bundle.authorities.isEmpty else { return .refused(faults + [X509SVIDFault(.noAuthorities)]) }
        var search = CertificatePath(
            pool: Array(chain.dropFirst()), authorities: bundle.authorities, time: time)
        switch search.search(from: leaf) {
        case .found(let path):
            guard faults.isEmpty, let id else { return .refused(faults) }
            return .verified(VerifiedX509SVID(id: id, path: path, verifiedAt: time))
        case .refused(let pathFaults):
            faults += pathFaults
            return .refused(faults)
        }
    }
}
