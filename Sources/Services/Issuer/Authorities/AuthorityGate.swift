// SPDX-License-Identifier: Apache-2.0

/// Decides whether a key may become an authority, between its making and its publication.
///
/// With KERI behind it, the gate seals an authority statement and waits for its witnesses. `03-binding.md`, section 1,
/// rule 6.
public protocol AuthorityGate: Sendable {
    /// Admits a key. Asked again about a key that was admitted, it gives the same admission again.
    ///
    /// It must return soon after its task is cancelled: that is how it is told that its time is over.
    /// - Throws: ``AdmissionRefusal`` when the key may not become an authority; anything else counts as trouble that may
    ///   pass.
    func admit(_ key: PreparedKey) async throws -> Admission
    /// Whether what made a key an authority still holds. Where it does not, a successor takes over at once: nothing that the
    /// key signs would be allowed any more.
    /// - Throws: when it can't be told; the authority goes on then.
    func stands(_ admission: Admission) async throws -> Bool
}

extension AuthorityGate {
    /// What was admitted stays so.
    public func stands(_ admission: Admission) async throws -> Bool { true }
}

/// Why a key may not become an authority.
public struct AdmissionRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// One clause each, for the operator.
    public let reasons: [String]
    /// Whether only this key may not: what was stated about it has ended. Another key may, and takes its place.
    public let isKeySpent: Bool

    /// Collects reasons.
    public init(_ reasons: [String], isKeySpent: Bool = false) {
        self.reasons = reasons
        self.isKeySpent = isKeySpent
    }

    /// The reasons in one line.
    public var description: String { reasons.joined(separator: "; ") }
}

/// Admits every key: a plain SPIFFE server, whose authorities are `claimed`.
public struct OpenGate: AuthorityGate {
    /// A gate without conditions.
    public init() {}

    /// Admits the key.
    public func admit(_ key: PreparedKey) -> Admission { .open }
}
