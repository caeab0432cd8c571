// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import JOSE
public import SPIFFE

extension IssuingService {
    /// Signs a token for a workload of an agent.
    /// - Parameter entry: the entry, if it exists and is authorised to the caller.
    /// - Throws: ``IssuerError``.
    public func newJWTSVID(
        entry: RegistrationEntry?, audiences: [String], for requester: Requester
    ) async throws -> IssuedJWTSVID {
        guard let entry, !entry.isExpired(at: clock.now().seconds) else {
            throw IssuerError(.notFound, "entry not found or not authorized")
        }
        return try await token(
            entry.spiffeID, audiences: audiences, ttl: Int64(entry.jwtSVIDTTL), entryID: entry.id, action: "issue-jwt",
            for: requester)
    }

    /// Signs a token for whomever an administrator names.
    /// - Parameter ttl: seconds; 0 for the default.
    /// - Throws: ``IssuerError``.
    public func mintJWTSVID(
        id: SPIFFEID, audiences: [String], ttl: Int64, for requester: Requester
    ) async throws -> IssuedJWTSVID {
        try checkMintable(id)
        return try await token(id, audiences: audiences, ttl: ttl, entryID: nil, action: "mint-jwt", for: requester)
    }

    private func token(
        _ id: SPIFFEID, audiences: [String], ttl: Int64, entryID: String?, action: String, for requester: Requester
    ) async throws -> IssuedJWTSVID {
        guard configuration.signsTokens else { throw IssuerError(.unimplemented, "JWT-SVIDs are disabled") }
        guard id.trustDomain == configuration.trustDomain, !id.isTrustDomainID else {
            throw IssuerError(
                .invalidArgument, "SPIFFE ID is no workload of trust domain \(configuration.trustDomain)")
        }
        guard !audiences.isEmpty else { throw IssuerError(.invalidArgument, "at least one audience is required") }
        let now = clock.now()
        guard let entry = authorities.state.jwt.active else {
            throw IssuerError(.unavailable, "JWT authority is not available for signing")
        }
        let lifetime = try IssuanceLifetime.seconds(
            requested: ttl, standard: configuration.jwtTTL, remaining: entry.notAfter.seconds - now.seconds)
        guard lifetime > 0 else { throw IssuerError(.unavailable, "JWT authority has ended") }
        let expiresAt = now.advanced(by: lifetime)
        _ = try await allowed(
            IssuanceProposal(
                kind: .jwt, id: id, notBefore: now, notAfter: expiresAt, authorityID: entry.authorityID,
                statement: entry.admission.statement))
        let tokenID = try authorities.random.tokenID()
        let profile: JWTSVIDProfile
        do {
            profile = try JWTSVIDProfile(
                subject: id, audiences: audiences, issuedAt: now, expiresAt: expiresAt,
                issuer: configuration.tokenIssuer ?? configuration.trustDomain.id.description, tokenID: tokenID)
        } catch {
            throw IssuerError(.invalidArgument, "audience is not usable", cause: error)
        }
        let signer = AuthorityTokenSigner(keys: authorities.keys, key: entry.key)
        let draft = profile.draft(algorithm: signer.algorithm, keyID: entry.authorityID)
        // What no verifier of ours would read is not signed.
        guard draft.tokenByteCount(signedBy: signer.publicKey) <= UnverifiedJWS.largestToken else {
            throw IssuerError(.invalidArgument, "audience is not usable", detail: "the token would be too large")
        }
        let token: String
        do {
            token = try await draft.signed(by: signer)
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.internal, "token can't be signed", cause: error)
        }
        let record = IssuanceRecord(
            kind: .jwt, id: id, digest: Array(SHA256.hash(data: draft.signingInput)), serial: tokenID, keyDigest: [],
            dnsNames: [], notBefore: now, notAfter: expiresAt, authorityID: entry.authorityID,
            statement: entry.admission.statement, entryID: entryID, node: requester.id, issuedAt: now)
        let index = try await self.record([(record, record.event(action, by: requester))])[0]
        return IssuedJWTSVID(id: id, token: token, issuedAt: now, expiresAt: expiresAt, leafIndex: index)
    }
}
