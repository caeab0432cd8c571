// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkCrypto
internal import SPIFFE
internal import StorageSQLite
internal import TrustBinding

extension IssuerService {
    /// A signed SVID with what proves it.
    struct Issued {
        let leaf: X509Certificate
        let statement: AuthorityStatement
        let authority: X509Certificate
        let proof: [UInt8]
        /// What our own verifier says of the proof.
        let report: VerdictReport
    }

    /// The sealed statements that are valid at a time and not withdrawn.
    func liveEntries(at now: CertificateTime) throws -> [IssuerFolder.Entry] {
        try unwithdrawnEntries().filter { $0.statement.notBefore <= now && now <= $0.statement.notAfter }
    }

    /// The sealed statements that are not withdrawn, whenever they are valid.
    func unwithdrawnEntries() throws -> [IssuerFolder.Entry] {
        let ended = try Set(
            sealedWithdrawals().compactMap { record in
                if case .withdrawal(let withdrawal) = record { withdrawal.subject } else { nil }
            })
        return try sealedEntries().filter { !ended.contains($0.statement.said) }
    }

    /// The withdrawals of ours that a log seals or sealed once.
    /// - Parameter subjects: what they withdraw; nil for all.
    func sealedWithdrawals(of subjects: Set<Primitive>? = nil) throws -> [BindingRecord] {
        let records = try folder.records.records().filter { record in
            guard let subjects else { return true }
            guard case .withdrawal(let withdrawal) = record else { return false }
            return subjects.contains(withdrawal.subject)
        }
        guard !records.isEmpty else { return [] }
        var authors: Set<AID> = [controller.aid]
        for entry in try book.entries(issuer: controller.aid) { authors.insert(entry.authority.organisation) }
        let sealed = try wallet.store.read { transaction in
            var found: Set<SAID> = []
            for aid in authors {
                for record in try transaction.records(of: aid, from: 0, limit: .max) {
                    for case .digest(let said)? in record.seals { found.insert(said) }
                }
            }
            return found
        }
        return records.filter { record in SAID(record.said).map(sealed.contains) ?? false }
    }

    /// Signs the SVID of a request with the newest authority, and writes its proof file.
    func sign(
        _ request: VerifiedCertificateRequest, id: SPIFFEID, dnsNames: [String], now: CertificateTime, lifetime: Int64
    ) async throws -> Issued {
        let entries = try liveEntries(at: now)
            .filter { $0.statement.trustDomain == id.trustDomain && $0.certificate?.isValid(at: now) == true }
        let name = controller.identifier.name
        let held = try await HomeAuthorityKeys.held(in: vault)
        // The keys of an issuer that is served are not here.
        guard
            let entry = entries.filter({ held.contains($0.statement.keyID) })
                .max(by: { $0.statement.notBefore < $1.statement.notBefore }),
            let certificate = entry.certificate, let credential = SAID(entry.statement.credential)
        else {
            throw CommandFailure(
                "KM-ISSUER-NO-STATEMENT",
                "\(name) has no sealed statement for \(id.trustDomain.name) that is valid now",
                next: "\(Product.command) issuer statement \(name) --trust-domain \(id.trustDomain.name)")
        }
        let authority = try book.standing(
            for: controller.aid, name: name, domain: id.trustDomain, said: credential)
        let limits = authority.authority.limits
        // Dating back counts too, so that a request for all that is allowed is shortened by it.
        let backdating = IssuingAuthority<SigningKey>.backdating
        let faults = limits.faults(ofX509: id, notBefore: now, notAfter: now.advanced(by: lifetime))
        guard faults.isEmpty, limits.longestX509 > backdating else {
            throw CommandFailure(
                "KM-ISSUER-LIMITS",
                faults.isEmpty ? "\(limits)" : faults.map(\.description).joined(separator: "; "),
                next: "\(Product.command) authority list")
        }
        let key = try await HomeAuthorityKeys.load(entry.statement.keyID, from: vault)
        let authorityKey = try IssuingAuthority(certificate: certificate, key: key)
        let leaf = try await authorityKey.issue(
            to: request, id: id, dnsNames: dnsNames, now: now,
            lifetime: min(lifetime, limits.longestX509 - backdating), serial: try Self.serial())
        return try proven(leaf, under: entry.statement, of: certificate, by: authority, at: now)
    }

    /// Writes the proof of an SVID that was signed before anew, as of the newest events.
    func prove(_ leaf: X509Certificate, now: CertificateTime) throws -> Issued {
        guard
            let entry = try sealedEntries().first(where: { entry in
                entry.certificate.map { leaf.hasSignature(by: $0) } ?? false
            }), let certificate = entry.certificate,
            let said = SAID(entry.statement.credential)
        else {
            throw CommandFailure(
                "KM-ISSUER-NO-STATEMENT", "no key of \(controller.identifier.name) signed the certificate")
        }
        return try proven(leaf, under: entry.statement, of: certificate, by: try book.entry(said), at: now)
    }

    private func proven(
        _ leaf: X509Certificate, under statement: AuthorityStatement, of certificate: X509Certificate,
        by authority: AuthorityBook.Entry, at now: CertificateTime
    ) throws -> Issued {
        let proof = try proof(of: leaf, under: statement, of: certificate, by: authority)
        return Issued(
            leaf: leaf, statement: statement, authority: certificate, proof: proof,
            report: ProofVerifier.verify(
                proof, root: authority.authority.organisation, trustDomain: statement.trustDomain, at: now))
    }

    /// The proof file: what every proof begins with, the authority, the SVID, and the manifest.
    private func proof(
        of leaf: X509Certificate, under statement: AuthorityStatement, of certificate: X509Certificate,
        by authority: AuthorityBook.Entry
    ) throws -> [UInt8] {
        var writer = try proof(under: [authority], first: statement)
        writer.append(authority: certificate)
        writer.append(svid: [leaf])
        return try writer.finish()
    }
}
