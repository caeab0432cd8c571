// SPDX-License-Identifier: Apache-2.0

internal import X509

/// Builds and judges paths from a leaf through a pool of certificates to one of the given authorities.
///
/// The order of the pool is free. Depth, pool and the number of signatures that are checked are bounded, because a
/// stranger chooses the pool.
struct CertificatePath {
    /// Most certificates between the leaf and the authority.
    static let deepest = 8
    /// Most signatures that one search checks.
    static let mostSignatures = 64

    let pool: [X509Certificate]
    let authorities: [X509Certificate]
    let time: CertificateTime
    private var signaturesChecked = 0
    private var faults: [X509SVIDFault] = []

    init(pool: [X509Certificate], authorities: [X509Certificate], time: CertificateTime) {
        self.pool = pool
        self.authorities = authorities
        self.time = time
    }

    enum Outcome {
        /// Leaf first, authority last.
        case found([X509Certificate])
        case refused([X509SVIDFault])
    }

    /// The first path that breaks no rule, or what was wrong with those tried.
    mutating func search(from leaf: X509Certificate) -> Outcome {
        if let path = extend([leaf]) { return .found(path) }
        if faults.isEmpty { faults.append(X509SVIDFault(.noPath)) }
        var seen: Set<X509SVIDFault> = []
        return .refused(faults.filter { seen.insert($0).inserted })
    }

    private mutating func extend(_ path: [X509Certificate]) -> [X509Certificate]? {
        guard let last = path.last else { return nil }
        for authority in authorities where authority.certificate.subject == last.certificate.issuer {
            // An authority that stands in the chain itself is no link of its own.
            if authority != last, let whole = link(path, to: authority) { return whole }
        }
        guard path.count <= Self.deepest else { return nil }
        for issuer in pool where issuer.certificate.subject == last.certificate.issuer {
            guard !path.contains(issuer), let longer = link(path, to: issuer) else { continue }
            if let whole = extend(longer) { return whole }
        }
        return nil
    }

    /// `path` with `issuer` behind it, if the issuer may and did sign the last certificate.
    private mutating func link(_ path: [X509Certificate], to issuer: X509Certificate) -> [X509Certificate]? {
        guard let last = path.last else { return nil }
        let name = issuer.certificate.subject.description
        guard signaturesChecked < Self.mostSignatures else {
            faults.append(X509SVIDFault(.searchBound))
            return nil
        }
        signaturesChecked += 1
        guard last.hasSignature(by: issuer) else {
            faults.append(X509SVIDFault(.signature, name))
            return nil
        }
        var found = AuthorityProfile.check(issuer)
        found += Self.validity(of: issuer, at: time)
        // Self-issued certificates below (key roll-over) do not count.
        let below = path.dropFirst().filter { !$0.isSelfIssued }.count
        if let most = issuer.pathLength, below > most {
            found.append(X509SVIDFault(.pathLength, name, detail: "\(below) below, \(most) allowed"))
        }
        if let constraints = issuer.nameConstraints {
            for (index, certificate) in path.enumerated() where index == 0 || !certificate.isSelfIssued {
                if let violation = NameConstraintRules.violation(constraints, of: certificate) {
                    found.append(X509SVIDFault(.nameConstraint, name, detail: violation))
                }
            }
        }
        faults += found
        return found.isEmpty ? path + [issuer] : nil
    }

    static func validity(of certificate: X509Certificate, at time: CertificateTime) -> [X509SVIDFault] {
        let name = certificate.uris.first ?? certificate.certificate.subject.description
        if time < certificate.notBefore {
            return [X509SVIDFault(.notYetValid, name, detail: "not before \(certificate.notBefore)")]
        }
        if time > certificate.notAfter {
            return [X509SVIDFault(.expired, name, detail: "not after \(certificate.notAfter)")]
        }
        return []
    }
}
