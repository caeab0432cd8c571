// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Where the issuer keeps what it knows about its authorities: one document, replaced as a whole.
public protocol AuthorityStore: Sendable {
    /// The document, or nil when none was ever kept.
    /// - Throws: ``IssuerStoreError``.
    func authorityDocument() async throws -> AuthorityDocument?
    /// Puts a document in the stead of the one with `revision`, or of none; durable when this returns.
    /// - Returns: the revision of the new one.
    /// - Throws: ``IssuerStoreError``, `conflict` when somebody else has replaced it meanwhile.
    func replaceAuthorityDocument(_ content: [UInt8], expecting revision: UInt64?) async throws -> UInt64
}

/// A document of an ``AuthorityStore``.
public struct AuthorityDocument: Hashable, Sendable {
    /// Grows with every replacement.
    public let revision: UInt64
    /// The bytes.
    public let content: [UInt8]

    /// Joins the two.
    public init(revision: UInt64, content: [UInt8]) {
        self.revision = revision
        self.content = content
    }
}

/// A document in memory, for tests and for servers that may forget.
public final class MemoryAuthorityStore: AuthorityStore {
    private let document: Mutex<AuthorityDocument?>

    /// Begins without a document.
    public init() { document = Mutex(nil) }

    /// The document, or nil.
    public func authorityDocument() -> AuthorityDocument? { document.withLock { $0 } }

    /// Replaces the document.
    public func replaceAuthorityDocument(
        _ content: [UInt8], expecting revision: UInt64?
    ) throws(IssuerStoreError) -> UInt64 {
        try document.withLock { (document) throws(IssuerStoreError) in
            guard document?.revision == revision else {
                throw IssuerStoreError(.conflict, "somebody else has changed the authorities")
            }
            let next = (revision ?? 0) + 1
            document = AuthorityDocument(revision: next, content: content)
            return next
        }
    }
}
