// SPDX-License-Identifier: Apache-2.0

public import KERI

/// What came out when a whole store was verified.
public struct StoreVerification: Sendable, Hashable {
    /// How many AIDs have a log.
    public internal(set) var aids = 0
    /// How many events were read again and decided again.
    public internal(set) var events = 0
    /// How many escrowed messages were read again.
    public internal(set) var escrows = 0
    /// How many replies were read again.
    public internal(set) var replies = 0
    /// How many pieces of evidence of duplicity were read again.
    public internal(set) var duplicities = 0
    /// How many events of registries were read again.
    public internal(set) var registryEvents = 0
    /// How many credentials were read again.
    public internal(set) var credentials = 0
    /// How many registry events and credentials in escrow were read again.
    public internal(set) var credentialEscrows = 0
    /// What is wrong, at most ``problemLimit`` of it.
    public private(set) var problems: [StoreProblem] = []
    /// How many problems there are in all.
    public private(set) var problemCount = 0

    /// How many problems are kept.
    public static let problemLimit = 1000

    /// Whether nothing is wrong.
    public var isSound: Bool { problemCount == 0 }

    mutating func add(
        _ code: StoreProblem.Code, aid: AID? = nil, ordinal: UInt64? = nil, _ detail: String
    ) {
        problemCount += 1
        if problems.count < Self.problemLimit {
            problems.append(StoreProblem(code: code, aid: aid, ordinal: ordinal, detail: detail))
        }
    }
}

/// One thing that is wrong in a store.
public struct StoreProblem: Sendable, Hashable, CustomStringConvertible {
    /// What kind of thing. The raw values are stable codes.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// SQLite finds its own structures damaged.
        case file = "file-damaged"
        /// A stored value can't be read back.
        case unreadable
        /// The columns of an event are not what its bytes say, or the digest is not theirs.
        case mismatch
        /// A log has a gap, or its length is not what its row says.
        case gap = "log-gap"
        /// The event would not be accepted today.
        case refused = "event-refused"
        /// A signature or receipt that was kept as verified does not verify.
        case proof = "proof-invalid"
        /// The key state is not what the log leads to.
        case keyState = "key-state-differs"
        /// A count that is kept does not fit what it counts.
        case count = "count-differs"
    }

    /// What kind of thing.
    public let code: Code
    /// Whose log, if it is about one.
    public let aid: AID?
    /// Which event of the log, if it is about one.
    public let ordinal: UInt64?
    /// Words for the operator.
    public let detail: String

    /// Code, place and detail in one line.
    public var description: String {
        let place = [aid.map(\.text), ordinal.map { "event \($0)" }].compactMap { $0 }.joined(separator: " ")
        return place.isEmpty ? "\(code.rawValue): \(detail)" : "\(code.rawValue): \(place): \(detail)"
    }
}
