// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import SPIFFE
internal import X509

extension IssuingService {
    /// Certifies the key of an issuer below this one. Facts (SPIFFE) 14.1, 15.4, 16.3.
    ///
    /// - Parameters:
    ///   - der: PKCS#10; only its key is used.
    ///   - ttl: seconds that the authority should live; 0 for the lifetime of authorities here.
    /// - Throws: ``IssuerError``, `failedPrecondition` where the own authority may not certify another.
    public func newDownstreamAuthority(
        request der: [UInt8], ttl: Int64 = 0, for requester: Requester
    ) async throws -> IssuedAuthority {
        let key = try Self.key(in: der)
        let now = clock.now()
        let (entry, certificate) = try activeX509()
        let domain = configuration.trustDomain
        if let most = certificate.pathLength, most < 1 {
            throw IssuerError(.failedPrecondition, "this issuer may not certify another one")
        }
        let issuer = try self.issuer(entry, certificate)
        let lifetime = try IssuanceLifetime.seconds(
            requested: ttl, standard: configuration.authorityLifetime,
            remaining: issuer.notAfter.seconds - now.seconds)
        guard lifetime > 0 else { throw IssuerError(.unavailable, "X.509 authority has ended") }
        let validity = CertificateProfile.Validity(now: now, lifetime: lifetime, within: issuer)
        _ = try await allowed(
            IssuanceProposal(
                kind: .downstream, id: domain.id, notBefore: validity.notBefore, notAfter: validity.notAfter,
                authorityID: entry.authorityID, statement: entry.admission.statement))
        let content: CertificateContent
        do {
            content = try CertificateProfile.downstream(
                publicKey: key.publicKey, trustDomain: domain, names: configuration.authoritySubject, issuer: issuer,
                validity: validity, serial: try authorities.random.serial())
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.internal, "certificate can't be made", cause: error)
        }
        let authority = try await CertificateSigner(keys: authorities.keys).sign(content, by: entry.key)
        guard authority.hasSignature(by: certificate) else {
            throw IssuerError(.internal, "certificate can't be signed", detail: "the signature does not verify")
        }
        let record = IssuanceRecord(
            kind: .downstream, id: domain.id, digest: Array(SHA256.hash(data: authority.der)),
            serial: Hexadecimal.text(content.serial.magnitude),
            keyDigest: Array(SHA256.hash(data: key.subjectPublicKeyInfo)), dnsNames: [],
            notBefore: authority.notBefore, notAfter: authority.notAfter, authorityID: entry.authorityID,
            statement: entry.admission.statement, entryID: nil, node: requester.id, issuedAt: now)
        let index = try await self.record([(record, record.event("issue-downstream", by: requester))])[0]
        return IssuedAuthority(
            chain: [authority] + entry.shippedChain,
            roots: authorities.state.bundle.x509Authorities.map(\.certificate), leafIndex: index)
    }
}
