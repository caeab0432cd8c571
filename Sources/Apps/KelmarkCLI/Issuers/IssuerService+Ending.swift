// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import SPIFFE
internal import StorageSQLite
internal import TrustBinding

extension IssuerService {
    /// Why a revoked authority's statement is withdrawn.
    private static let reasonOfRevocation = "revoked at the issuer"

    /// Whether the log of the issuer or the organisation seals the withdrawal of a statement.
    func isWithdrawn(_ statement: AuthorityStatement) throws -> Bool {
        try !sealedWithdrawals(of: [statement.said]).isEmpty
    }

    /// Seals the withdrawal of the statement about a revoked authority, if that has not been done yet. The same record
    /// comes out each time, so that a crash on the way is made good by asking again; its seal may still wait for
    /// witnesses then.
    func withdraw(_ statement: AuthorityStatement, now: Timestamp) async throws {
        guard try !isWithdrawn(statement) else { return }
        let withdrawal = try Withdrawal(
            author: controller.aid.primitive, trustDomain: statement.trustDomain, subject: statement.said,
            reason: Self.reasonOfRevocation)
        guard let digest = SAID(withdrawal.said) else { throw CommandFailure("KM-INTERNAL", "the SAID is none") }
        guard try !isKnown(digest, in: controller.aid) else { return }
        _ = try await withdraw(withdrawal, by: controller, signers: nil, now: now)
    }

    /// One of the issuer's statements; nil when there is no such.
    func statement(_ said: String) throws -> AuthorityStatement? {
        try folder.entry(said).map(\.statement).flatMap { $0.issuer == controller.aid.primitive ? $0 : nil }
    }

    /// How a statement of the issuer stands.
    enum Standing {
        /// Sealed, not withdrawn, and under a credential in force with these limits.
        case stands(AuthorityStatement, AuthorityLimits)
        case ended
    }

    /// How statements stand, by SAID. One that is not in the home, or whose credential is not, is left out: what was lost
    /// here has not ended.
    func standing(of saids: Set<String>) throws -> [String: Standing] {
        let statements = try saids.compactMap(statement)
        guard !statements.isEmpty else { return [:] }
        var credentials: [Primitive: AuthorityBook.Entry] = [:]
        for entry in try book.entries(issuer: controller.aid) { credentials[entry.authority.said.primitive] = entry }
        let sealed = try sealedDigests(in: controller.aid, among: Set(statements.compactMap { SAID($0.said) }))
        let withdrawn = try sealedWithdrawals(of: Set(statements.map(\.said)))
        var found: [String: Standing] = [:]
        for statement in statements {
            guard let credential = credentials[statement.credential] else { continue }
            let stands =
                (SAID(statement.said).map(sealed.contains) ?? false) && credential.verdict.isValid
                && !withdrawn.contains { record in
                    if case .withdrawal(let withdrawal) = record { withdrawal.subject == statement.said } else { false }
                }
            found[statement.said.text] = stands ? .stands(statement, credential.authority.limits) : .ended
        }
        return found
    }

    /// Seals the withdrawal of a statement. Record first, then seal.
    func withdraw(
        _ withdrawal: Withdrawal, by author: Controller<SQLiteKeyEventStore>, signers: [Int]?, now: Timestamp
    ) async throws -> AuthoredEvent {
        let record = BindingRecord.withdrawal(withdrawal)
        guard let digest = SAID(withdrawal.said) else { throw CommandFailure("KM-INTERNAL", "the SAID is none") }
        if !wallet.isDryRun { try folder.records.save(record) }
        do {
            return try await Self.seal([.digest(digest)], by: author, signers, now)
        } catch {
            if !wallet.isDryRun, (try? isKnown(digest, in: author.aid)) == false { folder.records.remove(record) }
            throw error
        }
    }

    /// The statements and withdrawals that a recovery of the issuer at a position would leave without their seals.
    func superseded(at position: SequenceNumber) throws -> [BindingRecord] {
        let known =
            try folder.entries(of: controller.aid).map { BindingRecord.statement($0.statement) }
            + folder.records.records()
        return try wallet.superseded(known, at: position, of: controller.aid)
    }
}
