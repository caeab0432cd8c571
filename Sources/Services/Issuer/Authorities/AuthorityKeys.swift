// SPDX-License-Identifier: Apache-2.0

/// Where the private keys of the authorities are: in a vault of ours, or in a key manager elsewhere.
///
/// A place holds one key in use and at most one candidate, which becomes the key in use once it is admitted. A candidate
/// survives a restart, so that an admission that takes long, or is asked for again and again, costs one key and not many.
public protocol AuthorityKeys: Sendable {
    /// What is in a place.
    /// - Throws: ``IssuerError``.
    func content(of slot: AuthoritySlot) async throws -> AuthoritySlotContent
    /// Makes a candidate, in the stead of one that was there; it is durable when this returns. The key in use stays.
    /// - Throws: ``IssuerError``.
    func generateCandidate(in slot: AuthoritySlot, algorithm: AuthorityKeyAlgorithm) async throws -> AuthorityKey
    /// Puts the candidate into use; the key that was there is gone. Does nothing when it is in use already.
    /// - Throws: ``IssuerError``, `failedPrecondition` when the place has no such candidate.
    func adopt(_ candidate: AuthorityKey) async throws
    /// Signs with exactly this key, in use or candidate, and with its one algorithm
    /// (``AuthorityKeyAlgorithm/signatureAlgorithm``): r and s of fixed width, or an RSA signature.
    /// - Throws: ``IssuerError``, `failedPrecondition` when the place holds another key by now.
    func signature(over message: [UInt8], by key: AuthorityKey) async throws -> [UInt8]
    /// Destroys what is in a place.
    /// - Throws: ``IssuerError``.
    func delete(_ slot: AuthoritySlot) async throws
}

/// What is in a place for keys.
public struct AuthoritySlotContent: Hashable, Sendable {
    /// The key that signs, or signed last.
    public var inUse: AuthorityKey?
    /// The key that waits for its admission.
    public var candidate: AuthorityKey?

    /// Joins the two.
    public init(inUse: AuthorityKey? = nil, candidate: AuthorityKey? = nil) {
        self.inUse = inUse
        self.candidate = candidate
    }
}
