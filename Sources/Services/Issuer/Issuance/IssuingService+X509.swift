// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import SPIFFE
internal import X509

/// What a certificate should be.
struct X509Order: Sendable {
    let id: SPIFFEID
    let key: IssuedKey
    var dnsNames: [String] = []
    var requestedTTL: Int64 = 0
    let standardTTL: Int64
    /// In place of the configured subject.
    var subject: DistinguishedName?
    var entryID: String?
    let action: String
}

/// A certificate that is signed and not recorded yet: nobody may have it.
struct X509Draft: Sendable {
    let chain: [X509Certificate]
    let id: SPIFFEID
    let rootID: String
    let record: IssuanceRecord
    let event: AuditEvent
}

extension IssuingService {
    /// Signs a leaf.
    func draft(_ order: X509Order, for requester: Requester) async throws -> X509Draft {
        let now = clock.now()
        let (entry, certificate) = try activeX509()
        let domain = configuration.trustDomain
        guard order.id.trustDomain == domain, !order.id.isTrustDomainID else {
            throw IssuerError(.invalidArgument, "SPIFFE ID is no workload of trust domain \(domain)")
        }
        guard order.dnsNames.count <= CertificateProfile.mostDNSNames,
            order.dnsNames.allSatisfy({ EntryDNSName.fault(in: $0) == nil }),
            Set(order.dnsNames).count == order.dnsNames.count
        else { throw IssuerError(.invalidArgument, "DNS names are not usable") }
        let issuer = try self.issuer(entry, certificate)
        let lifetime = try IssuanceLifetime.seconds(
            requested: order.requestedTTL, standard: order.standardTTL, remaining: issuer.notAfter.seconds - now.seconds
        )
        guard lifetime > 0 else { throw IssuerError(.unavailable, "X.509 authority has ended") }
        let validity = CertificateProfile.Validity(now: now, lifetime: lifetime, within: issuer)
        let units = try await allowed(
            IssuanceProposal(
                kind: .x509, id: order.id, notBefore: validity.notBefore, notAfter: validity.notAfter,
                authorityID: entry.authorityID, statement: entry.admission.statement))
        let content: CertificateContent
        do {
            let subject =
                try order.subject
                ?? CertificateProfile.subject(configuration.subject, units: units, commonName: order.dnsNames.first)
            content = try CertificateProfile.leaf(
                publicKey: order.key.publicKey, id: order.id, dnsNames: order.dnsNames, subject: subject,
                issuer: issuer, validity: validity, serial: try authorities.random.serial())
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.internal, "certificate can't be made", cause: error)
        }
        let leaf = try await CertificateSigner(keys: authorities.keys).sign(content, by: entry.key)
        let chain = [leaf] + entry.shippedChain
        try checkAsPeersWould(chain, id: order.id, ownRoot: entry.upstreamAuthorityID == nil ? certificate : nil, now)
        let record = IssuanceRecord(
            kind: .x509, id: order.id, digest: Array(SHA256.hash(data: leaf.der)),
            serial: Hexadecimal.text(content.serial.magnitude),
            keyDigest: Array(SHA256.hash(data: order.key.subjectPublicKeyInfo)), dnsNames: order.dnsNames,
            notBefore: leaf.notBefore, notAfter: leaf.notAfter, authorityID: entry.authorityID,
            statement: entry.admission.statement, entryID: order.entryID, node: requester.id, issuedAt: now)
        return X509Draft(
            chain: chain, id: order.id, rootID: IssuerLedger.bundleID(of: entry), record: record,
            event: record.event(order.action, by: requester))
    }

    /// The authority that signs certificates now.
    func activeX509() throws(IssuerError) -> (AuthorityEntry, X509Certificate) {
        guard let entry = authorities.state.x509.active, let certificate = entry.certificate else {
            throw IssuerError(.unavailable, "X.509 authority is not available for signing")
        }
        return (entry, certificate)
    }

    func issuer(_ entry: AuthorityEntry, _ certificate: X509Certificate) throws(IssuerError)
        -> CertificateProfile.Issuer
    {
        CertificateProfile.Issuer(
            name: certificate.certificate.subject, keyIdentifier: entry.key.subjectKeyIdentifier,
            notBefore: certificate.notBefore, notAfter: min(certificate.notAfter, entry.notAfter))
    }

    /// The units of the subject that the limits ask for.
    func allowed(_ proposal: IssuanceProposal) async throws(IssuerError) -> [String] {
        switch await authorizer.decide(about: proposal) {
        case .allowed(let units):
            guard units.count <= SubjectUnit.most, units.allSatisfy(SubjectUnit.isValid) else {
                throw IssuerError(.internal, "subject units are not usable")
            }
            return units
        case .refused(let reasons, let detail):
            throw IssuerError(
                .permissionDenied, "issuance is outside the limits of this issuer: \(reasons.joined(separator: "; "))",
                detail: detail)
        // Passing trouble must not look like a refusal, at which an agent gives up what it still has. Facts (SPIFFE) 8.3.
        case .undecided(let detail):
            throw IssuerError(.unavailable, "the limits of this issuer can't be read now", detail: detail)
        }
    }

    /// Nothing is handed out that this library itself would refuse: the signature is checked here too.
    func checkAsPeersWould(
        _ chain: [X509Certificate], id: SPIFFEID, ownRoot: X509Certificate?, _ now: CertificateTime
    ) throws(IssuerError) {
        let roots = ownRoot.map { [$0] } ?? authorities.state.bundle.x509Authorities.map(\.certificate)
        let outcome = X509SVIDOutcome.verifying(
            chain: chain, against: X509Bundle(trustDomain: id.trustDomain, authorities: roots), at: now)
        guard outcome.svid?.id == id else {
            throw IssuerError(
                .internal, "certificate breaks its own profile",
                detail: outcome.faults.map(\.description).joined(separator: " "))
        }
    }

    // MARK: Committing

    /// Records one draft.
    func committed(_ draft: X509Draft) async throws -> IssuedX509SVID {
        try await committed([.success(draft)])[0].get()
    }

    /// Records what was signed, all at once, and hands it out.
    func committed(
        _ drafts: [Result<X509Draft, IssuerError>]
    ) async throws -> [Result<IssuedX509SVID, IssuerError>] {
        let signed = drafts.compactMap { try? $0.get() }
        var indexes = try await record(signed.map { ($0.record, $0.event) })[...]
        return drafts.map { draft in
            draft.flatMap { draft in
                guard let index = indexes.popFirst(),
                    let issued = IssuedX509SVID(draft, leafIndex: index)
                else { return .failure(IssuerError(.internal, "issuance was not recorded")) }
                return .success(issued)
            }
        }
    }

    /// Records issuances; durable when it returns.
    func record(_ issuances: [(IssuanceRecord, AuditEvent)]) async throws -> [UInt64] {
        guard !issuances.isEmpty else { return [] }
        do {
            let indexes = try await store.commit(
                IssuanceBatch(issuances: issuances.map { (record: $0.0, event: $0.1) }, blinding: blinding))
            guard indexes.count == issuances.count else {
                throw IssuerError(.internal, "issuance was not recorded")
            }
            return indexes
        } catch let error as IssuerStoreError {
            throw IssuerError(error, while: "issuance can't be recorded")
        }
    }
}

extension IssuanceRecord {
    /// What the audit says about the issuance.
    func event(_ action: String, by requester: Requester) -> AuditEvent {
        var details = [
            "serial": serial, "authority": authorityID, "expires": String(notAfter.seconds),
            "digest": Hexadecimal.text(digest),
        ]
        if let entryID { details["entry"] = entryID }
        if let call = requester.callID { details["request_id"] = call }
        return AuditEvent(
            at: issuedAt, actor: requester.name, action: action, subject: id.description, details: details)
    }
}
