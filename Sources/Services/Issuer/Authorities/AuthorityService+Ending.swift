// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import SPIFFE

extension AuthorityService {
    func end(
        _ kind: AuthorityKind, _ id: String, _ ending: AuthoritySlots.Ending
    ) async throws -> AuthorityEntry {
        try check(kind)
        if kind == .x509, upstream != nil {
            throw IssuerError(
                .failedPrecondition, "local authority can't be \(ending.participle) if there is an upstream authority")
        }
        var found: AuthorityEntry?
        let now = clock.now()
        try await change { (ledger) throws(IssuerError) in
            let entry = try ledger[kind].ending(id, ending)
            found = entry
            var next = ledger
            next.bundle = try Self.ending(kind, id, ending, in: ledger.bundle, missing: .internal)
            // Kept in the same step, so that no crash lets the statement stand. A tainted one stays in the bundle, and so
            // its statement stands.
            if ending == .revoke, let stated = StatedAuthority(entry) { next.withdrawals.append(stated) }
            if ending == .revoke { next.rememberEnd(of: kind, id, at: now) }
            return next
        }
        guard let found else { throw IssuerError(.internal, "authority is missing") }
        logger.notice(
            "authority \(ending.participle)", metadata: ["kind": "\(kind.rawValue)", "authority": "\(id)"])
        return found
    }

    func endUpstream(_ id: String, _ ending: AuthoritySlots.Ending) async throws {
        guard upstream != nil else { throw IssuerError(.failedPrecondition, "upstream authority is not configured") }
        // What is done here would be undone with the next look at the bundle above.
        guard !(upstream is any UpstreamIssuer) else {
            throw IssuerError(
                .failedPrecondition, "upstream authority can't be \(ending.participle) here: the issuer above decides")
        }
        guard !id.isEmpty else { throw IssuerError(.invalidArgument, "no subject key ID provided") }
        try await change { (ledger) throws(IssuerError) in
            let inUse = [ledger.x509.active, ledger.x509.prepared].compactMap { $0?.upstreamAuthorityID }
            guard !inUse.contains(id) else {
                throw IssuerError(.invalidArgument, "unable to \(ending.rawValue) upstream authority that is in use")
            }
            var next = ledger
            next.bundle = try Self.ending(.x509, id, ending, in: ledger.bundle, missing: .notFound)
            return next
        }
        logger.notice("upstream authority \(ending.participle)", metadata: ["authority": "\(id)"])
    }

    private static func ending(
        _ kind: AuthorityKind, _ id: String, _ ending: AuthoritySlots.Ending, in bundle: DomainBundle,
        missing: IssuerError.Code
    ) throws(IssuerError) -> DomainBundle {
        var isThere = false
        let next = try bundle.changed { (draft) throws(IssuerError) in
            isThere = ending == .taint ? draft.taint(kind, id) : draft.remove(kind, id)
        }
        guard isThere else {
            let what =
                kind == .jwt ? "JWT Key found with provided key ID" : "root CA found with provided subject key ID"
            throw IssuerError(missing, "failed to \(ending.rawValue) \(kind.title) authority: no \(what)")
        }
        return next
    }
}
