// SPDX-License-Identifier: Apache-2.0

public import Issuer
internal import KERI

extension SQLiteIssuerStore: AuthorityStore {
    /// The document, or nil when none was ever kept.
    /// - Throws: `IssuerStoreError`.
    public func authorityDocument() async throws -> AuthorityDocument? {
        try await read { try $0.authorityDocument() }
    }

    /// Puts a document in the stead of the one with `revision`, or of none.
    /// - Throws: `IssuerStoreError`.
    public func replaceAuthorityDocument(_ content: [UInt8], expecting revision: UInt64?) async throws -> UInt64 {
        try await write { transaction in
            guard try transaction.authorityDocument()?.revision == revision else {
                throw IssuerStoreError(.conflict, "somebody else has changed the authorities")
            }
            let next = (revision ?? 0) + 1
            try transaction.change(
                "INSERT INTO authority_document (id, revision, content) VALUES (0, ?, ?) "
                    + "ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, content = excluded.content"
            ) { statement in
                try statement.bind(Int64(clamping: next))
                try statement.bind(content)
            }
            return next
        }
    }
}

extension SQLiteIssuerTransaction {
    fileprivate func authorityDocument() throws -> AuthorityDocument? {
        try query("SELECT revision, content FROM authority_document WHERE id = 0") { statement in
            guard try statement.step() else { return nil }
            return AuthorityDocument(revision: try statement.count(0), content: try statement.bytes(1))
        }
    }
}
