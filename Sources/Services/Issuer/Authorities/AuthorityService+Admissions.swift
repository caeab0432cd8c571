// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import SPIFFE

// What becomes of admissions: a revoked authority loses its statement, and one that lost its statement is revoked.
// `03-binding.md`, section 1, rule 2.

extension AuthorityService {
    /// The revoked authorities whose statements still stand.
    var withdrawals: [StatedAuthority] { ledger.withdrawals }

    /// Has the gate withdraw the statement of a revoked authority, and forgets then that this is to be done.
    func withdraw(_ authority: StatedAuthority) async throws {
        try await withTimeLimit { [gate] in try await gate.withdraw(authority) }
        _ = try await audited("withdraw-\(authority.kind.rawValue)", authority.authorityID, by: .issuer) {
            try await change { (ledger) throws(IssuerError) in
                var next = ledger
                next.withdrawals.removeAll { $0 == authority }
                return next
            }
        }
        logger.notice(
            "statement of a revoked authority withdrawn",
            metadata: ["authority": "\(authority.authorityID)", "statement": "\(authority.statement)"])
    }

    /// The authorities whose statements have ended, as the gate says.
    func fallenStatements() async throws -> Set<StatedAuthority> {
        let stated = ledger.stated
        guard !stated.isEmpty else { return [] }
        let standing = try await withTimeLimit { [gate] in
            try await gate.standing(of: Set(stated.map { $0.admission }))
        }
        return Set(stated.filter { standing[$0.admission] == .ended }.map { $0.authority })
    }

    /// Takes authorities out of the bundle that nothing stands behind any more; also the one that signs, and the last.
    func drop(_ fallen: Set<StatedAuthority>) async throws {
        let now = clock.now()
        for authority in fallen {
            let (kind, id) = (authority.kind, authority.authorityID)
            _ = try await audited("drop-\(kind.rawValue)", id, by: .issuer) {
                try await change { (ledger) throws(IssuerError) in
                    guard ledger.stated.contains(where: { $0.authority == authority }) else { return ledger }
                    var next = ledger
                    // A root elsewhere is not ours to take out.
                    next.bundle = try ledger.bundle.changed { draft in _ = draft.remove(kind, id) }
                    next[kind].retire(id)
                    next.rememberEnd(of: kind, id, at: now)
                    return next
                }
            }
            logger.notice(
                "authority dropped: nothing stands behind it any more",
                metadata: ["kind": "\(kind.rawValue)", "authority": "\(id)", "statement": "\(authority.statement)"])
        }
    }
}
