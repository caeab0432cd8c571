// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import SPIFFE
internal import StorageSQLite
internal import TrustBinding

/// The authority credentials that a home folder knows: those that its organisations issued, and those that its issuers
/// hold.
struct AuthorityBook {
    let desk: IssuingDesk

    /// A credential with how it stands now.
    struct Entry {
        let authority: AuthorityCredential
        let credential: Credential
        let verdict: CredentialVerdict
    }

    /// All of them, in order of acceptance.
    func entries(issuer: AID? = nil) throws -> [Entry] {
        let filter = CredentialFilter(issuee: issuer, schema: SAID(AuthoritySchema.said))
        return try desk.credentials(filter).compactMap { credential in
            guard let authority = try? AuthorityCredential(reading: credential) else { return nil }
            let verdict = try desk.store.read(credentials: { try $0.verdict(of: credential.said) })
            return Entry(authority: authority, credential: credential, verdict: verdict)
        }
    }

    /// The credential with a SAID.
    func entry(_ said: SAID) throws -> Entry {
        guard let entry = try entries().first(where: { $0.authority.said == said }) else {
            throw CommandFailure(
                "KM-ISSUER-NO-AUTHORITY", "no authority credential \(said) is kept here",
                next: "\(Product.command) authority list")
        }
        return entry
    }

    /// The newest credential that lets an issuer sign for a trust domain, or the one asked for.
    func standing(for issuer: AID, name: String, domain: TrustDomain, said: SAID? = nil) throws -> Entry {
        let all = try entries(issuer: issuer)
            .filter { $0.authority.trustDomain == domain && (said == nil || $0.authority.said == said) }
        guard let entry = all.last(where: { $0.verdict.isValid }) else {
            let ended = all.last.map { ": \($0.authority.said) is \($0.verdict.state.rawValue)" } ?? ""
            throw CommandFailure(
                "KM-ISSUER-NO-AUTHORITY",
                "\(name) has no authority credential for \(domain.name) that stands\(ended)",
                next: "\(Product.command) issuer authorise \(name) --from ORGANISATION --trust-domain \(domain.name)")
        }
        return entry
    }

    // MARK: Authorising

    /// The name under which the registry of an organisation's authorities goes.
    static func registryName(of organisation: String) -> String { "\(organisation)-authorities" }

    /// Keeps the schema, without which nothing is accepted.
    func learnSchema(now: Timestamp) throws {
        guard !desk.isDryRun else { return }
        try desk.learn(try CredentialSchema(parsing: AuthoritySchema.bytes), now: now)
    }

    /// Writes the credential; it counts once it is issued.
    func credential(
        from organisation: AID, in registry: SAID, to issuer: AID, domain: TrustDomain, limits: AuthorityLimits,
        now: Timestamp
    ) throws -> Credential {
        guard let schema = SAID(AuthoritySchema.said) else {
            throw CommandFailure("KM-INTERNAL", "the schema of authority credentials has no SAID")
        }
        let attributes = AuthorityCredential.attributes(trustDomain: domain, limits: limits)
        return try CredentialBuilder.credential(
            CredentialDraft(
                issuer: organisation, registry: registry, schema: schema, content: .attributes(attributes),
                issuee: issuer, dated: now))
    }

    // MARK: Proofs

    /// The credential with the seal of its issuance.
    func message(of entry: Entry) throws -> [UInt8] {
        guard let status = entry.verdict.status else {
            throw CommandFailure("KM-ISSUER-NO-AUTHORITY", "\(entry.authority.said) is not issued in its registry")
        }
        return try CredentialExport<SQLiteKeyEventTransaction>.message(of: entry.credential, status)
    }
}
