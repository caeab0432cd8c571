// SPDX-License-Identifier: Apache-2.0

/// Where key event logs, key states, escrows and replies are kept. Also called Baser in KERIpy.
///
/// One decision is one write transaction: either all of it is durable when `write` returns, or none of it happened.
/// A store never judges what it keeps; the only rule of its own is that a log grows one ordinal at a time.
public protocol KeyEventStore: Sendable {
    /// What a transaction can see and do.
    associatedtype Transaction: KeyEventTransaction

    /// Runs `body` on a consistent view.
    /// - Throws: what `body` throws, and ``StoreError``.
    func read<R: Sendable>(_ body: (inout Transaction) throws -> R) throws -> R

    /// Runs `body` and makes its writes durable at once, or undoes all of them when it throws.
    /// - Throws: what `body` throws, and ``StoreError``.
    func write<R: Sendable>(_ body: (inout Transaction) throws -> R) throws -> R
}

/// What can be read and written in one transaction. Every method may throw ``StoreError``.
public protocol KeyEventTransaction {
    /// The state of an AID after its latest accepted event, nil when none was.
    func keyState(of aid: AID) throws -> KeyState?
    /// The event accepted last at a position. After a recovery, positions past the key state still show the old branch.
    func record(of aid: AID, at sn: SequenceNumber) throws -> EventRecord?
    /// The event with this digest at a position, of any branch.
    func record(of aid: AID, at sn: SequenceNumber, said: SAID) throws -> EventRecord?
    /// Events in the order of acceptance, from an ordinal on, at most `limit`.
    func records(of aid: AID, from ordinal: UInt64, limit: Int) throws -> [EventRecord]
    /// The establishment events among those that ``record(of:at:)`` shows from the inception through a position, in order.
    func establishments(of aid: AID, through sn: SequenceNumber) throws -> [EventRecord]
    /// The events of a log, of any branch, that seal an event with this digest, the one accepted last first.
    func sealings(of said: SAID, by aid: AID) throws -> [SealSource]
    /// Known AIDs in ascending text order behind `after`, at most `limit`.
    func aids(after: AID?, limit: Int) throws -> [AID]

    /// Appends an accepted event together with the state it leads to.
    /// - Throws: ``StoreError/Code/conflict`` unless the ordinal is the next one of the log.
    mutating func append(_ record: EventRecord, leadingTo state: KeyState) throws
    /// Replaces the proof of an accepted event.
    /// - Throws: ``StoreError/Code/conflict`` when there is no such event.
    mutating func setProof(_ proof: EventProof, of aid: AID, ordinal: UInt64) throws

    /// The escrowed message under a key.
    func escrow(_ key: EscrowKey) throws -> EscrowEntry?
    /// Escrowed messages in order of arrival, optionally of one reason and one AID, at most `limit`.
    func escrows(reason: EscrowReason?, aid: AID?, limit: Int) throws -> [EscrowEntry]
    /// How many messages are escrowed, of one AID or of all.
    func escrowCount(aid: AID?) throws -> Int
    /// How many of them have no verified signature.
    func unverifiedEscrowCount(aid: AID?) throws -> Int
    /// The first escrowed message behind `place` that waits for a log to come as far as `position` or less, with its
    /// place; nil when there is none.
    func nextEscrow(
        waitingFor position: AwaitedPosition, after place: EscrowPlace?
    ) throws -> (place: EscrowPlace, entry: EscrowEntry)?
    /// The escrowed message without a verified signature that arrived first, of one reason and optionally one AID.
    func oldestUnverifiedEscrow(reason: EscrowReason, aid: AID?) throws -> EscrowKey?
    /// Escrowed messages of one reason that have been here since before `time`, the oldest first, at most `limit`.
    func escrowKeys(reason: EscrowReason, before time: Timestamp, limit: Int) throws -> [EscrowKey]
    /// Adds or replaces an escrowed message; a replaced one keeps its place.
    mutating func putEscrow(_ entry: EscrowEntry) throws
    /// Removes an escrowed message, if it is there.
    mutating func removeEscrow(_ key: EscrowKey) throws

    /// The reply kept under a key.
    func reply(_ key: ReplyKey) throws -> ReplyRecord?
    /// All replies of one AID, in order of their keys.
    func replies(of aid: AID) throws -> [ReplyRecord]
    /// Adds or replaces a reply.
    mutating func putReply(_ record: ReplyRecord) throws

    /// Evidence of duplicity of one AID, or of all, in order of discovery.
    func duplicities(of aid: AID?) throws -> [DuplicityRecord]
    /// Adds evidence; the same evidence twice is kept once.
    mutating func addDuplicity(_ record: DuplicityRecord) throws

    /// Runs `body` and undoes what it wrote, and nothing else, when it throws: so that several decisions can share one
    /// transaction and fail alone.
    /// - Throws: what `body` throws.
    mutating func attempt<R>(_ body: (inout Self) throws -> R) throws -> R
}

extension KeyEventTransaction {
    /// Looks at every position; stores that can find establishment events faster do.
    public func establishments(of aid: AID, through sn: SequenceNumber) throws -> [EventRecord] {
        var found: [EventRecord] = []
        var position: SequenceNumber? = .zero
        while let place = position, place <= sn, let record = try record(of: aid, at: place) {
            if record.kind.isEstablishment { found.append(record) }
            position = place.next
        }
        return found
    }
}

/// What can go wrong in a store.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Another writer was faster, or the write does not continue the log.
        case conflict
        /// The medium is full; nothing was written.
        case full
        /// The store can't be opened or written.
        case unavailable
        /// What is stored can't be read back.
        case corrupt
        /// The store was written by a newer version.
        case tooNew
    }

    /// What happened.
    public let code: Code
    /// Words for the operator.
    public let detail: String

    /// Collects the two.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// The text form.
    public var description: String { "\(code.rawValue): \(detail)" }
}
