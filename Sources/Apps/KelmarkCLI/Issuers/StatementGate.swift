// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import Issuer
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import SPIFFE
internal import TrustBinding

/// Admits the keys of an issuer that is served: each is stated, the statement sealed in the log of the issuer's AID and
/// receipted by its witnesses before anybody hears of the key. What is revoked is withdrawn in the same log.
/// `03-binding.md`, section 1, rules 2 and 6.
struct StatementGate: AuthorityGate {
    let context: CommandContext
    /// Opened once; the issuer's AID signs rarely, but at any hour.
    let vault: any KeyVault
    /// Name of the issuer's AID.
    let issuer: String

    func admit(_ prepared: PreparedKey) async throws -> Issuer.Admission {
        do {
            return try await context.issuing(with: vault) { desk in
                let service = try service(desk)
                let statement = try await service.state(prepared, at: context.now)
                guard
                    let admission = Issuer.Admission(
                        aid: service.controller.aid.text, statement: statement.said.text,
                        notBefore: statement.notBefore, notAfter: statement.notAfter)
                else { throw CommandFailure("KM-INTERNAL", "an identifier of 44 characters is none") }
                try await publish(service, "the statement \(statement.said.text)") { try service.isSealed(statement) }
                return admission
            }
        } catch let failure as CommandFailure where Self.refusals.contains(failure.code) {
            throw AdmissionRefusal(["\(failure.code): \(failure.cause)"])
        }
    }

    /// Those stand whose statements are sealed and not withdrawn, under credentials in force. A key that was never stated,
    /// because it was made when nobody stood behind the issuer, may sign nothing now. Reads only, so that it never waits
    /// for whoever changes the home.
    func standing(of admissions: Set<Issuer.Admission>) async throws -> [Issuer.Admission: AdmissionStanding] {
        let service = try service(context.readingIssuing())
        let standing = try service.standing(of: Set(admissions.compactMap(\.statement)))
        var found: [Issuer.Admission: AdmissionStanding] = [:]
        for admission in admissions {
            guard let said = admission.statement else {
                found[admission] = .ended
                continue
            }
            found[admission] =
                switch standing[said] {
                case .stands: .stands
                case .ended: .ended
                case nil: .unknown
                }
        }
        return found
    }

    /// What does not pass by itself.
    private static let refusals: Set<String> = ["KM-ISSUER-LIMITS", "KM-ISSUER-KEYS", "KM-ISSUER-NO-AUTHORITY"]

    func withdraw(_ authority: StatedAuthority) async throws {
        try await context.issuing(with: vault) { desk in
            let service = try service(desk)
            let name = service.controller.identifier.name
            guard authority.aid == service.controller.aid.text else {
                throw CommandFailure("KM-ISSUER-FOREIGN", "\(name) has not stated \(authority.statement)")
            }
            guard let statement = try service.statement(authority.statement) else {
                throw CommandFailure("KM-ISSUER-NO-STATEMENT", "\(authority.statement) is not in the home of \(name)")
            }
            try await service.withdraw(statement, now: context.now)
            try await publish(service, "the withdrawal of \(authority.statement)") {
                try service.isWithdrawn(statement)
            }
        }
    }

    private func service(_ desk: IssuingDesk) throws -> IssuerService {
        try IssuerService(desk, folder: IssuerFolder(path: context.home.issuers), name: issuer)
    }

    /// Brings a seal to the witnesses; without enough receipts nothing is sealed.
    private func publish(_ service: IssuerService, _ what: String, until isSealed: () throws -> Bool) async throws {
        guard try !isSealed() else { return }
        let report = try await context.publish(service.controller.aid, of: service.wallet)
        try service.wallet.refresh(now: context.now)
        guard try isSealed() else {
            let missing = report?.witnesses.count { $0.result != .receipted } ?? 0
            throw CommandFailure(
                "KM-ISSUER-NOT-SEALED", "\(what) waits: \(missing) witnesses have not receipted its seal",
                next: "\(Product.command) waiting")
        }
    }
}

extension AuthorityKind {
    /// The same in statements.
    var stated: AuthorityStatement.Kind {
        switch self {
        case .x509: .x509
        case .jwt: .jwt
        }
    }
}

extension IssuerService {
    /// Whether the issuer's log seals a statement.
    func isSealed(_ statement: AuthorityStatement) throws -> Bool {
        guard let digest = SAID(statement.said) else { return false }
        return try sealedDigests(in: controller.aid, among: [digest]).contains(digest)
    }

    /// The statement about a key of an issuer that is served: the one that there is, or a new one, whose seal may still
    /// wait for witnesses.
    func state(_ prepared: PreparedKey, at time: Timestamp) async throws -> AuthorityStatement {
        let key = prepared.key
        let kind = key.slot.kind.stated
        let known = try folder.entries(of: controller.aid).map(\.statement).first { statement in
            statement.kind == kind && statement.trustDomain == prepared.trustDomain
                && statement.subjectPublicKeyInfo == key.subjectPublicKeyInfo
        }
        if let known {
            // A key is stated once. When that has ended, nothing makes the key an authority any more.
            guard known.notAfter > prepared.notBefore, try stands(known) else {
                throw AdmissionRefusal(
                    ["the statement \(known.said.text) about this key has ended"], isKeySpent: true)
            }
            if let digest = SAID(known.said), try isKnown(digest, in: controller.aid) { return known }
        }
        let authority = try authority(for: kind, in: prepared.trustDomain, at: prepared.notBefore)
        guard !prepared.allowsDownstream || authority.limits.allowsDownstream else {
            throw CommandFailure("KM-ISSUER-LIMITS", "\(authority.said) does not allow downstream issuers")
        }
        let statement =
            try known
            ?? AuthorityStatement.stating(
                kind, issuer: controller.aid.primitive, trustDomain: prepared.trustDomain, keyID: key.authorityID,
                subjectPublicKeyInfo: key.subjectPublicKeyInfo, notBefore: prepared.notBefore,
                notAfter: prepared.notAfter,
                credential: authority.said.primitive, previous: try previous(in: prepared.trustDomain))
        guard let digest = SAID(statement.said) else { throw CommandFailure("KM-INTERNAL", "the SAID is none") }
        // The file first: a seal of something that nobody can show would never be explained.
        try folder.save(IssuerFolder.Entry(statement: statement, certificate: nil))
        _ = try await Self.seal([.digest(digest)], by: controller, nil, time)
        return statement
    }

    /// Whether nobody withdrew a statement, and the credential that it rests on is in force.
    func stands(_ statement: AuthorityStatement) throws -> Bool {
        guard try !isWithdrawn(statement) else { return false }
        return try book.entries(issuer: controller.aid).contains { entry in
            entry.verdict.isValid && entry.authority.said.primitive == statement.credential
        }
    }

    /// Keeps the certificate that was made of an admitted key, for the proofs of what it signs.
    func keep(_ certificate: X509Certificate) throws {
        guard
            var entry = try folder.entries(of: controller.aid).first(where: { entry in
                entry.certificate == nil && entry.statement.kind == .x509
                    && entry.statement.subjectPublicKeyInfo == certificate.subjectPublicKeyInfo
            })
        else { return }
        entry.certificate = certificate
        try folder.save(entry)
    }
}
