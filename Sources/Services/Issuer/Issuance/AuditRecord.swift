// SPDX-License-Identifier: Apache-2.0

private import Crypto
internal import KelmarkBytes
public import SPIFFE

/// What somebody did or was refused, for those who ask later. Facts (SPIFFE) 15.5.
public struct AuditEvent: Hashable, Sendable {
    /// Most bytes of one text.
    static let longestText = 4_096
    /// Most details.
    static let mostDetails = 32

    /// When.
    public let at: CertificateTime
    /// Who: an ID, or how a caller without one was seen.
    public let actor: String
    /// What, such as `issue-x509`.
    public let action: String
    /// About whom or what.
    public let subject: String
    /// `done`, or the code of the refusal.
    public let outcome: String
    /// More, by name; no tokens, no keys.
    public let details: [String: String]

    /// Joins the parts. Longer texts are cut, more details are dropped: what is recorded must not fail for its length.
    public init(
        at: CertificateTime, actor: String, action: String, subject: String, outcome: String = "done",
        details: [String: String] = [:]
    ) {
        self.at = at
        self.actor = Self.bounded(actor)
        self.action = Self.bounded(action)
        self.subject = Self.bounded(subject)
        self.outcome = Self.bounded(outcome)
        var kept: [String: String] = [:]
        for (name, value) in details.sorted(by: { $0.key < $1.key }).prefix(Self.mostDetails) {
            kept[Self.bounded(name)] = Self.bounded(value)
        }
        self.details = kept
    }

    private static func bounded(_ text: String) -> String {
        text.utf8.count <= longestText ? text : String(decoding: text.utf8.prefix(longestText), as: UTF8.self)
    }

    /// Canonical JSON.
    package func encoded() throws(IssuerError) -> [UInt8] {
        var more = OrderedMap()
        for (name, value) in details { more[name] = .text(value) }
        let map: OrderedMap = [
            "at": OrderedValue(at.seconds), "actor": .text(actor), "action": .text(action), "subject": .text(subject),
            "outcome": .text(outcome), "details": .map(more),
        ]
        do {
            return try CanonicalJSON.encode(.map(map))
        } catch {
            throw IssuerError(.internal, "audit record can't be written", cause: error)
        }
    }
}

/// An audit event in its place: it names the digest of the record before, so that none can be changed, dropped or moved
/// without a trace.
public struct AuditRecord: Hashable, Sendable {
    /// What the first record names in place of a digest.
    public static let origin = [UInt8](repeating: 0, count: 32)

    /// The place, from 0.
    public let index: UInt64
    /// Digest of the record before.
    public let previous: [UInt8]
    /// The event in canonical JSON.
    public let content: [UInt8]
    /// SHA-256 of index (eight bytes), `previous` and content.
    public let digest: [UInt8]

    /// The record that follows one with this digest.
    public init(index: UInt64, previous: [UInt8], content: [UInt8]) {
        self.index = index
        self.previous = previous
        self.content = content
        digest = Self.digest(index, previous, content)
    }

    /// A record as a store has it; nothing is checked.
    public init(index: UInt64, previous: [UInt8], content: [UInt8], digest: [UInt8]) {
        self.index = index
        self.previous = previous
        self.content = content
        self.digest = digest
    }

    static func digest(_ index: UInt64, _ previous: [UInt8], _ content: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: (0..<8).map { UInt8(truncatingIfNeeded: index >> (56 - 8 * UInt64($0))) })
        hash.update(data: previous)
        hash.update(data: content)
        return Array(hash.finalize())
    }
}

/// The chain of audit records.
public enum AuditChain {
    /// Where the chain has been followed to.
    public struct Position: Hashable, Sendable {
        /// How many records lie behind.
        public let count: UInt64
        /// Digest of the last of them.
        public let digest: [UInt8]

        /// Before the first record.
        public static let start = Position(count: 0, digest: AuditRecord.origin)

        /// Joins the two.
        public init(count: UInt64, digest: [UInt8]) {
            self.count = count
            self.digest = digest
        }
    }

    /// What is wrong with a chain.
    public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// The first record that does not fit.
        public let index: UInt64
        /// What about it.
        public let detail: String

        /// Place and detail.
        public var description: String { "audit record \(index): \(detail)" }
    }

    /// Follows records from a position.
    /// - Returns: where they lead to.
    /// - Throws: ``Fault`` at the first record that was changed, or does not follow the one before.
    public static func follow(
        _ records: some Sequence<AuditRecord>, from position: Position = .start
    ) throws(Fault) -> Position {
        var position = position
        for record in records {
            guard record.index == position.count else {
                throw Fault(index: position.count, detail: "missing; \(record.index) stands in its place")
            }
            guard record.previous == position.digest else {
                throw Fault(index: record.index, detail: "does not follow the one before")
            }
            guard record.digest == AuditRecord.digest(record.index, record.previous, record.content) else {
                throw Fault(index: record.index, detail: "was changed")
            }
            position = Position(count: record.index + 1, digest: record.digest)
        }
        return position
    }
}
