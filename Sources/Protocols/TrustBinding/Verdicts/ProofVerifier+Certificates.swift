// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE
internal import X509

extension ProofVerifier {
    private func chain() -> [X509Certificate]? {
        let parts = file.parts(.svid)
        guard parts.count == 1, let ders = ProofFileReader.certificates(in: parts[0].content) else { return nil }
        let certificates = ders.compactMap { try? X509Certificate(der: $0) }
        return certificates.count == ders.count ? certificates : nil
    }

    /// Who the file speaks of, believed or not.
    func subject() -> SPIFFEID? {
        chain()?.first?.uris.first.flatMap { try? SPIFFEID($0) }
    }

    /// The authority that signed the SVID; without one, the first of the file.
    func authorityCertificate() -> X509Certificate? {
        let authorities = file.parts(.authority).compactMap { try? X509Certificate(der: $0.content) }
        guard let last = chain()?.last else { return authorities.first }
        let candidates = authorities.filter { $0.certificate.subject == last.certificate.issuer }
        return candidates.first { last.hasSignature(by: $0) } ?? authorities.first
    }

    func authorityRung(
        _ authority: X509Certificate?, _ statement: AuthorityStatement?, _ limits: AuthorityLimits?
    ) -> Rung {
        guard let part = file.parts(.authority).first else {
            return Rung(.authority, .undecidable, [Reason("authority-missing", "the file has no authority")])
        }
        guard let authority else {
            return Rung(.authority, .contradicted, [Reason("authority-malformed", part.name.id)])
        }
        guard let statement else {
            let reasons = certificateFaults(of: authority) + [Reason("needs-statement", "no statement names a key")]
            return Rung(.authority, reasons.count == 1 ? .undecidable : .contradicted, reasons)
        }
        let reasons = faults(of: authority, under: statement, limits)
        guard reasons.isEmpty else { return Rung(.authority, .contradicted, reasons) }
        let holds = Reason("authority-named", "key \(statement.keyID) is the one that the statement names")
        return Rung(.authority, .proven, [holds])
    }

    private func certificateFaults(of authority: X509Certificate) -> [Reason] {
        AuthorityCertificateFault.check(authority, trustDomain: trustDomain).map {
            Reason($0.rawValue, "certificate \(hexadecimal(authority.subjectKeyIdentifier ?? []))")
        }
    }

    /// What is wrong with an authority certificate by itself, or other than a statement and limits have it.
    func faults(
        of authority: X509Certificate, under statement: AuthorityStatement, _ limits: AuthorityLimits?
    ) -> [Reason] {
        certificateFaults(of: authority) + differences(of: authority, from: statement, limits)
    }

    private func differences(
        of authority: X509Certificate, from statement: AuthorityStatement, _ limits: AuthorityLimits?
    ) -> [Reason] {
        var reasons: [Reason] = []
        if authority.subjectPublicKeyInfo != statement.subjectPublicKeyInfo {
            reasons.append(Reason("authority-key", "the statement names another key"))
        }
        if authority.notBefore < statement.notBefore || authority.notAfter > statement.notAfter {
            reasons.append(Reason("authority-validity", "the certificate's validity exceeds the statement's"))
        }
        if authority.pathLength != 0, authority.pathLength != 1 || limits?.allowsDownstream != true {
            reasons.append(Reason("authority-downstream", "nothing authorises issuers below this one"))
        }
        return reasons
    }

    func svidRung(_ authority: X509Certificate?, _ limits: AuthorityLimits?) -> Rung {
        let parts = file.parts(.svid)
        guard let part = parts.first else {
            return Rung(.svid, .undecidable, [Reason("svid-missing", "the file has no SVID")])
        }
        guard parts.count == 1, let chain = chain() else {
            let code = parts.count == 1 ? "svid-malformed" : "svid-several"
            return Rung(.svid, .contradicted, [Reason(code, part.name.description)])
        }
        guard let authority else {
            return Rung(.svid, .undecidable, [Reason("needs-authority", "no authority to verify the chain with")])
        }
        guard chain.count == 1 else {
            // No statement names the key between, so that no withdrawal would reach it and no limit would count it. A
            // path length would not keep it out: self-issued certificates don't count towards it.
            return Rung(
                .svid, .contradicted, [Reason("svid-intermediate", "the authority did not sign the SVID itself")])
        }
        let bundle = X509Bundle(trustDomain: trustDomain, authorities: [authority])
        switch X509SVIDOutcome.verifying(chain: chain, against: bundle, at: time) {
        case .verified(let svid):
            guard let limits else {
                return Rung(.svid, .undecidable, [Reason("needs-credential", "no credential says what is allowed")])
            }
            let faults = limits.faults(ofX509: svid.id, notBefore: svid.notBefore, notAfter: svid.notAfter)
            guard faults.isEmpty else { return Rung(.svid, .contradicted, faults) }
            let detail = "\(svid.id) holds from \(svid.notBefore) to \(svid.notAfter)"
            return Rung(.svid, .proven, [Reason("svid-verified", detail)])
        case .refused(let faults):
            return Rung(
                .svid, .contradicted,
                faults.map { fault in
                    Reason(
                        fault.code.rawValue,
                        [fault.subject, fault.detail].filter { !$0.isEmpty }.joined(separator: ": "))
                })
        }
    }
}
