// SPDX-License-Identifier: Apache-2.0

/// Decides whether a key may become an authority, between its making and its publication, and how long it may stay one.
///
/// With KERI behind it, the gate seals an authority statement and waits for its witnesses. `03-binding.md`, section 1,
/// rules 2 and 6.
///
/// Each call must return soon after its task is cancelled: that is how it is told that its time is over.
public protocol AuthorityGate: Sendable {
    /// Admits a key. Asked again about a key that was admitted, it gives the same admission again.
    ///
    /// - Throws: ``AdmissionRefusal`` when the key may not become an authority; anything else counts as trouble that may
    ///   pass.
    func admit(_ key: PreparedKey) async throws -> Admission
    /// How these admissions stand now; what is left out is ``AdmissionStanding/unknown``.
    /// - Throws: when it can't be told of any; all authorities stay then.
    func standing(of admissions: Set<Admission>) async throws -> [Admission: AdmissionStanding]
    /// Withdraws the statement about an authority that is out of the bundle for good. Asked again about one that is
    /// withdrawn, it does nothing.
    /// - Throws: when that can't be done now; it is asked again later.
    func withdraw(_ authority: StatedAuthority) async throws
}

extension AuthorityGate {
    /// Whether what made a key an authority still holds.
    /// - Throws: when it can't be told.
    public func stands(_ admission: Admission) async throws -> Bool {
        try await standing(of: [admission])[admission] == .stands
    }
}

/// How what made a key an authority stands later.
public enum AdmissionStanding: Hashable, Sendable {
    /// It holds.
    case stands
    /// It holds no more: the authority signs no more, and leaves the bundle if a statement stood behind it.
    case ended
    /// Nothing is known of it here: the authority signs no more. What was only lost here was trusted with reason, and so
    /// the authority stays in the bundle.
    case unknown
}

/// An authority that a statement admitted.
public struct StatedAuthority: Hashable, Sendable {
    /// What it signs.
    public let kind: AuthorityKind
    /// What it is called.
    public let authorityID: String
    /// AID of the issuer that stated it.
    public let aid: String
    /// SAID of its statement.
    public let statement: String

    /// Joins the parts.
    package init(kind: AuthorityKind, authorityID: String, aid: String, statement: String) {
        self.kind = kind
        self.authorityID = authorityID
        self.aid = aid
        self.statement = statement
    }

    /// Nil for one that was admitted without a statement.
    init?(_ entry: AuthorityEntry) {
        guard let aid = entry.admission.aid, let statement = entry.admission.statement else { return nil }
        self.init(kind: entry.key.slot.kind, authorityID: entry.authorityID, aid: aid, statement: statement)
    }
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

    /// What was admitted stays so.
    public func standing(of admissions: Set<Admission>) -> [Admission: AdmissionStanding] {
        Dictionary(uniqueKeysWithValues: admissions.map { ($0, .stands) })
    }

    /// Statements are those of the issuer that was served before: it has to be served again.
    /// - Throws: ``IssuerError``, always. What was not withdrawn must not count as withdrawn.
    public func withdraw(_ authority: StatedAuthority) throws {
        throw IssuerError(.failedPrecondition, "statements are not this issuer's to withdraw")
    }
}
