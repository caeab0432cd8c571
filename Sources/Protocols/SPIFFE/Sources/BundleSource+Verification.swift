// SPDX-License-Identifier: Apache-2.0

extension BundleSource {
    /// Judges a chain in DER, leaf first, by the authorities of the trust domain that its leaf names.
    /// - Throws: what the source throws; every judgement is a value.
    public func outcome(
        ofChain chain: [[UInt8]], at time: CertificateTime, leafRules: LeafRules = .strict
    ) async throws -> X509SVIDOutcome {
        guard let first = chain.first else { return .refused([X509SVIDFault(.emptyChain)]) }
        let leaf: X509Certificate
        do {
            leaf = try X509Certificate(der: first)
        } catch {
            return .refused([X509SVIDFault(.malformed, "certificate 0", detail: error.description)])
        }
        let (id, faults) = LeafProfile.check(leaf)
        // Without an ID nothing tells whose authorities to ask for.
        guard let id else { return .refused(faults) }
        let known = try await bundle(of: id.trustDomain)?.x509Bundle
        let bundle = known ?? X509Bundle(trustDomain: id.trustDomain, authorities: [])
        return X509SVIDOutcome.verifying(chain: chain, against: bundle, at: time, leafRules: leafRules)
    }

    /// Reads a JWT-SVID and judges it by the keys of the trust domain that its subject names.
    /// - Throws: what the source throws; every judgement is a value.
    public func outcome(
        ofToken token: String, audience: String, at time: CertificateTime, leeway: TokenLeeway = .standard
    ) async throws -> JWTSVIDOutcome {
        let unverified: UnverifiedJWTSVID
        do {
            unverified = try UnverifiedJWTSVID(parsing: token)
        } catch {
            return .refused([error])
        }
        guard let bundle = try await bundle(of: unverified.subject.trustDomain) else {
            return .refused([TokenFault(.unknownTrustDomain)])
        }
        return unverified.verified(audience: audience, against: bundle.jwtBundle, at: time, leeway: leeway)
    }
}
