// SPDX-License-Identifier: Apache-2.0

internal import JOSE
public import Logging
public import SPIFFE
internal import SwiftASN1
internal import X509

/// Signs SVIDs with the active authorities, and records each before anybody gets it.
///
/// Who may ask for what has been decided before (authorization of the call, entries authorised to an agent, rate
/// limits); here the issuer's own limits are asked (``IssuanceAuthorizer``). Facts (SPIFFE) 14, 15.4;
/// `03-binding.md`, section 3.
public final class IssuingService: Sendable {
    /// Most certificates of one batch.
    public static let mostRequests = 1_000

    let authorities: AuthorityService
    let store: any IssuanceStore
    let authorizer: any IssuanceAuthorizer
    let blinding: LeafBlinding
    let logger: Logger

    var configuration: IssuerConfiguration { authorities.configuration }
    var clock: any IssuerClock { authorities.clock }

    /// An issuer over its authorities.
    ///
    /// - Parameters:
    ///   - authorities: what signs.
    ///   - store: where issuances are recorded.
    ///   - authorizer: the limits of the issuer; ``OpenIssuance`` for a plain SPIFFE server.
    ///   - blinding: how the issuance log hides names.
    ///   - logger: takes what an operator should see.
    public init(
        authorities: AuthorityService, store: any IssuanceStore, authorizer: any IssuanceAuthorizer = OpenIssuance(),
        blinding: LeafBlinding, logger: Logger
    ) {
        self.authorities = authorities
        self.store = store
        self.authorizer = authorizer
        self.blinding = blinding
        self.logger = logger
    }

    // MARK: X.509-SVIDs

    /// Signs certificates for workloads of an agent. One commit for all; each fails alone.
    /// - Throws: ``IssuerError`` when nothing could be done at all.
    public func newX509SVIDs(
        _ requests: [X509SVIDRequest], for requester: Requester
    ) async throws -> [Result<IssuedX509SVID, IssuerError>] {
        guard requests.count <= Self.mostRequests else {
            throw IssuerError(.resourceExhausted, "too many certificates in one request")
        }
        let now = clock.now()
        var drafts: [Result<X509Draft, IssuerError>] = []
        for request in requests {
            guard let entry = request.entry, !entry.isExpired(at: now.seconds) else {
                drafts.append(.failure(IssuerError(.notFound, "entry not found or not authorized")))
                continue
            }
            drafts.append(
                await attempt {
                    try await self.draft(
                        X509Order(
                            id: entry.spiffeID, key: try Self.key(in: request.request), dnsNames: entry.dnsNames,
                            requestedTTL: Int64(entry.x509SVIDTTL), standardTTL: self.configuration.x509TTL,
                            entryID: entry.id, action: "issue-x509"), for: requester)
                })
        }
        return try await committed(drafts)
    }

    /// Signs the certificate of an agent that was attested.
    /// - Throws: ``IssuerError``.
    public func newAgentSVID(
        _ id: SPIFFEID, request: [UInt8], for requester: Requester
    ) async throws -> IssuedX509SVID {
        let standard = configuration.agentTTL ?? configuration.x509TTL
        let draft = try await draft(
            X509Order(
                id: id, key: try Self.key(in: request), standardTTL: standard, action: "issue-agent"), for: requester)
        return try await committed(draft)
    }

    /// Signs a certificate for a key of the server itself.
    func newServerSVID(key: PublicKey) async throws -> IssuedX509SVID {
        let id: SPIFFEID
        do {
            id = try SPIFFEID(trustDomain: configuration.trustDomain, path: "/spire/server")
        } catch {
            throw IssuerError(.internal, "trust domain is too long", cause: error)
        }
        let publicKey: Certificate.PublicKey
        do {
            publicKey = try Certificate.PublicKey(derEncoded: key.subjectPublicKeyInfo)
        } catch {
            throw IssuerError(.internal, "server key is unusable", cause: error)
        }
        let order = X509Order(
            id: id, key: IssuedKey(publicKey: publicKey, subjectPublicKeyInfo: key.subjectPublicKeyInfo),
            standardTTL: configuration.agentTTL ?? configuration.x509TTL, action: "issue-server")
        return try await committed(try await draft(order, for: Requester(id)))
    }

    /// Signs what a PKCS#10 request asks for: exactly one ID of a workload; DNS names and subject are copied.
    /// - Parameter ttl: seconds; 0 for the default.
    /// - Throws: ``IssuerError``.
    public func mintX509SVID(
        request der: [UInt8], ttl: Int64, for requester: Requester
    ) async throws -> IssuedX509SVID {
        let request: VerifiedCertificateRequest
        do {
            request = try VerifiedCertificateRequest(der: der)
        } catch {
            throw Self.refusal(of: error)
        }
        guard let id = request.id else { throw IssuerError(.invalidArgument, "CSR URI SAN is required") }
        try checkMintable(id)
        let spki: [UInt8] = try Self.key(in: der).subjectPublicKeyInfo
        let draft = try await draft(
            X509Order(
                id: id, key: IssuedKey(publicKey: request.publicKey, subjectPublicKeyInfo: spki),
                dnsNames: request.dnsNames, requestedTTL: ttl, standardTTL: configuration.x509TTL,
                subject: request.subject.isEmpty ? nil : request.subject, action: "mint-x509"), for: requester)
        return try await committed(draft)
    }

    /// Only identities of workloads are minted: whoever could have that of the issuer, or of an agent, could pass for it
    /// before everybody.
    func checkMintable(_ id: SPIFFEID) throws(IssuerError) {
        guard !IdentifierRules.isReserved(id.path) else {
            throw IssuerError(
                .invalidArgument,
                "\"\(id)\" is not a workload in trust domain \"\(id.trustDomain)\"; path is in the reserved namespace")
        }
    }

    static func key(in request: [UInt8]) throws(IssuerError) -> IssuedKey {
        do {
            let key = try ProvenPublicKey(requestDER: request)
            return IssuedKey(publicKey: key.publicKey, subjectPublicKeyInfo: key.subjectPublicKeyInfo)
        } catch {
            throw refusal(of: error)
        }
    }

    private static func refusal(of error: CertificateRequestError) -> IssuerError {
        let message =
            switch error.code {
            case .tooLarge, .malformed, .version: "malformed CSR"
            case .signature: "CSR is not signed by its key"
            case .publicKey: "CSR key is not supported"
            case .authority: "CSR asks for an authority"
            case .extensions: "CSR extensions are malformed"
            case .id: "CSR URI SAN is no workload SPIFFE ID"
            case .severalIDs: "only one URI SAN is expected"
            case .name: "CSR has a name that is not supported"
            }
        return IssuerError(.invalidArgument, message, cause: error)
    }

    func attempt<R>(_ body: () async throws -> R) async -> Result<R, IssuerError> {
        do {
            return .success(try await body())
        } catch let error as IssuerError {
            return .failure(error)
        } catch {
            return .failure(IssuerError(.internal, "failed to sign", cause: error))
        }
    }
}

/// A key that a certificate is made for.
struct IssuedKey: Sendable {
    let publicKey: Certificate.PublicKey
    let subjectPublicKeyInfo: [UInt8]
}
