// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A store in memory: for verifying files, for tests, and as the yardstick of the other stores.
public final class MemoryKeyEventStore: KeyEventStore {
    private let lock = Mutex<Void>(())
    private let contents = MemoryTransaction()

    /// Starts empty.
    public init() {}

    /// As the protocol says.
    public func read<R: Sendable>(_ body: (inout MemoryTransaction) throws -> R) throws -> R {
        try locked { contents in
            // A read that wrote is undone, so that stores of all technologies behave alike.
            defer { contents.rollBack() }
            return try body(&contents)
        }
    }

    /// As the protocol says.
    public func write<R: Sendable>(_ body: (inout MemoryTransaction) throws -> R) throws -> R {
        try locked { contents in
            do {
                let result = try body(&contents)
                contents.commit()
                return result
            } catch {
                contents.rollBack()
                throw error
            }
        }
    }

    private func locked<R: Sendable>(_ body: (inout MemoryTransaction) throws -> R) throws -> R {
        try lock.withLock { _ in
            var contents = contents
            return try body(&contents)
        }
    }
}

/// The contents of a ``MemoryKeyEventStore`` during one transaction.
public final class MemoryTransaction: KeyEventTransaction, @unchecked Sendable {
    // Unchecked Sendable: reached only through the store, which holds its lock during every transaction.
    private final class Log {
        var state: State
        var events: [EventRecord]
        /// For each position of the log the ordinal of the event accepted last there.
        var latest: [Int] = []
        /// For the digest of a sealed event the ordinals of those that seal it.
        var sealings: [SAID: [Int]] = [:]

        init(state: State, first: EventRecord) {
            self.state = state
            events = []
            add(first, at: 0)
        }

        func add(_ record: EventRecord, at position: Int) {
            for said in record.sealedEvents { sealings[said, default: []].append(events.count) }
            if position == latest.count { latest.append(events.count) } else { latest[position] = events.count }
            events.append(record)
        }

        /// Undoes the last ``add(_:at:)``; `former` is what stood at its position.
        func removeLast(at position: Int, former: Int?) {
            if let former { latest[position] = former } else { latest.removeLast() }
            for said in events.removeLast().sealedEvents {
                sealings[said]?.removeLast()
                if sealings[said]?.isEmpty == true { sealings[said] = nil }
            }
        }
    }

    /// A key state in a place of its own, so that keeping the former one for undoing copies nothing.
    private final class State {
        let value: KeyState

        init(_ value: KeyState) { self.value = value }
    }

    /// How to undo one write.
    private enum Undo {
        case append(AID, previous: State?, position: Int, latest: Int?)
        case proof(AID, Int, EventProof)
        case escrow(EscrowKey, MemoryEscrows.Item?)
        case reply(ReplyKey, ReplyRecord?)
        case duplicity
    }

    private var logs: [AID: Log] = [:]
    private var escrowed = MemoryEscrows()
    private var arrivals: UInt64 = 0
    private var replyRecords: [ReplyKey: ReplyRecord] = [:]
    private var duplicityRecords: [DuplicityRecord] = []
    private var undo: [Undo] = []

    init() {}

    // MARK: Logs

    /// As the protocol says.
    public func keyState(of aid: AID) -> KeyState? { logs[aid]?.state.value }

    /// As the protocol says.
    public func record(of aid: AID, at sn: SequenceNumber) -> EventRecord? {
        guard let log = logs[aid], let position = Int(exactly: sn.value), position < log.latest.count else {
            return nil
        }
        return log.events[log.latest[position]]
    }

    /// As the protocol says.
    public func record(of aid: AID, at sn: SequenceNumber, said: SAID) -> EventRecord? {
        if let record = record(of: aid, at: sn), record.said == said { return record }
        return logs[aid]?.events.last { $0.sn == sn && $0.said == said }
    }

    /// As the protocol says.
    public func records(of aid: AID, from ordinal: UInt64, limit: Int) -> [EventRecord] {
        guard let events = logs[aid]?.events, let first = Int(exactly: ordinal), first < events.count else {
            return []
        }
        return Array(events[first...].prefix(limit))
    }

    /// As the protocol says.
    public func sealings(of said: SAID, by aid: AID) -> [SealSource] {
        guard let log = logs[aid] else { return [] }
        return (log.sealings[said] ?? []).reversed()
            .map { SealSource(sn: log.events[$0].sn, said: log.events[$0].said) }
    }

    /// As the protocol says.
    public func aids(after: AID?, limit: Int) -> [AID] {
        Array(logs.keys.filter { aid in after.map { $0 < aid } ?? true }.sorted().prefix(limit))
    }

    /// As the protocol says.
    public func append(_ record: EventRecord, leadingTo state: KeyState) throws {
        guard let position = Int(exactly: record.sn.value) else {
            throw StoreError(.conflict, "sequence number \(record.sn) is too large")
        }
        guard let log = logs[record.aid] else {
            guard record.ordinal == 0, position == 0 else {
                throw StoreError(.conflict, "a log starts with ordinal 0, not \(record.ordinal)")
            }
            logs[record.aid] = Log(state: State(state), first: record)
            undo.append(.append(record.aid, previous: nil, position: 0, latest: nil))
            return
        }
        let count = log.events.count
        guard record.ordinal == UInt64(count), position <= log.latest.count else {
            throw StoreError(.conflict, "ordinal \(record.ordinal) does not continue a log of \(count) events")
        }
        let isNewPosition = position == log.latest.count
        undo.append(
            .append(
                record.aid, previous: log.state, position: position,
                latest: isNewPosition ? nil : log.latest[position]))
        log.add(record, at: position)
        log.state = State(state)
    }

    /// As the protocol says.
    public func setProof(_ proof: EventProof, of aid: AID, ordinal: UInt64) throws {
        guard let log = logs[aid], let place = Int(exactly: ordinal), place < log.events.count else {
            throw StoreError(.conflict, "\(aid) has no event with ordinal \(ordinal)")
        }
        undo.append(.proof(aid, place, log.events[place].proof))
        log.events[place].proof = proof
    }

    // MARK: Escrows, replies, duplicity

    /// As the protocol says.
    public func escrow(_ key: EscrowKey) -> EscrowEntry? { escrowed[key]?.entry }

    /// As the protocol says.
    public func escrows(reason: EscrowReason?, aid: AID?, limit: Int) -> [EscrowEntry] {
        escrowed.entries(reason: reason, aid: aid, limit: limit)
    }

    /// As the protocol says.
    public func escrowCount(aid: AID?) -> Int { aid.map(escrowed.count(of:)) ?? escrowed.count }

    /// As the protocol says.
    public func unverifiedEscrowCount(aid: AID?) -> Int {
        aid.map(escrowed.unverifiedCount(of:)) ?? escrowed.unverifiedCount
    }

    /// As the protocol says.
    public func nextEscrow(
        waitingFor position: AwaitedPosition, after place: EscrowPlace?
    ) -> (place: EscrowPlace, entry: EscrowEntry)? {
        escrowed.next(waitingFor: position, after: place)
    }

    /// As the protocol says.
    public func oldestUnverifiedEscrow(reason: EscrowReason, aid: AID?) -> EscrowKey? {
        escrowed.oldestUnverified(reason: reason, aid: aid)
    }

    /// As the protocol says.
    public func escrowKeys(reason: EscrowReason, before time: Timestamp, limit: Int) -> [EscrowKey] {
        escrowed.keys(reason: reason, before: time, limit: limit)
    }

    /// As the protocol says.
    public func putEscrow(_ entry: EscrowEntry) {
        let old = escrowed[entry.key]
        undo.append(.escrow(entry.key, old))
        escrowed.set(.init(arrival: old?.arrival ?? arrivals, entry: entry), under: entry.key)
        if old == nil { arrivals += 1 }
    }

    /// As the protocol says.
    public func removeEscrow(_ key: EscrowKey) {
        guard let old = escrowed[key] else { return }
        undo.append(.escrow(key, old))
        escrowed.set(nil, under: key)
    }

    /// As the protocol says.
    public func reply(_ key: ReplyKey) -> ReplyRecord? { replyRecords[key] }

    /// As the protocol says.
    public func replies(of aid: AID) -> [ReplyRecord] {
        replyRecords.values.filter { $0.key.aid == aid }
            .sorted { ($0.key.route, $0.key.detail) < ($1.key.route, $1.key.detail) }
    }

    /// As the protocol says.
    public func putReply(_ record: ReplyRecord) {
        undo.append(.reply(record.key, replyRecords[record.key]))
        replyRecords[record.key] = record
    }

    /// As the protocol says.
    public func duplicities(of aid: AID?) -> [DuplicityRecord] {
        duplicityRecords.filter { record in aid.map { $0 == record.aid } ?? true }
    }

    /// As the protocol says.
    public func addDuplicity(_ record: DuplicityRecord) {
        guard !duplicityRecords.contains(where: { $0.aid == record.aid && $0.other == record.other }) else { return }
        duplicityRecords.append(record)
        undo.append(.duplicity)
    }

    // MARK: Transactions

    /// As the protocol says.
    public func attempt<R>(_ body: (inout MemoryTransaction) throws -> R) throws -> R {
        let mark = undo.count
        do {
            var transaction = self
            return try body(&transaction)
        } catch {
            rollBack(to: mark)
            throw error
        }
    }

    func commit() { undo.removeAll(keepingCapacity: true) }

    func rollBack(to mark: Int = 0) {
        while undo.count > mark, let step = undo.popLast() {
            switch step {
            case .append(let aid, let previous, let position, let latest):
                guard let previous else {
                    logs[aid] = nil
                    continue
                }
                logs[aid]?.removeLast(at: position, former: latest)
                logs[aid]?.state = previous
            case .proof(let aid, let place, let proof): logs[aid]?.events[place].proof = proof
            case .escrow(let key, let item): escrowed.set(item, under: key)
            case .reply(let key, let record): replyRecords[key] = record
            case .duplicity: duplicityRecords.removeLast()
            }
        }
    }
}
