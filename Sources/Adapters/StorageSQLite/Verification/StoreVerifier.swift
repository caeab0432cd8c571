// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

extension SQLiteKeyEventStore {
    /// Verifies everything in the store, from one consistent view, without changing anything.
    ///
    /// SQLite checks its structures; every event is read again, its digest computed again, and KERI's decision made
    /// again from nothing in the original order, all signatures included; the key states must come out the same.
    /// Escrows, replies and evidence must be readable. Events of registries, credentials and schemas are read again with
    /// their digests; what registries say must be what their logs say, and each event must be sealed where it is noted.
    ///
    /// Takes memory for all logs, and about the time that it took to accept them.
    ///
    /// - Parameter progress: told now and then how many events of how many are done.
    /// - Throws: `StoreError` when the store can't be read at all; what is wrong inside is in the result.
    public func verifyAll(
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> StoreVerification {
        try read { transaction in
            var verifier = StoreVerifier(transaction)
            try verifier.checkFile()
            try verifier.replayEvents(progress)
            try verifier.compareLogs()
            try verifier.readMessages()
            try verifier.checkRegistries()
            try verifier.checkCredentials()
            try verifier.checkCredentialEscrows()
            return verifier.result
        }
    }
}

/// Replays a store into memory and compares.
struct StoreVerifier {
    let transaction: SQLiteKeyEventTransaction
    let replayed = MemoryKeyEventStore()
    private let processor: EventProcessor<MemoryKeyEventStore>
    var result = StoreVerification()
    /// Events that waited for others when they were replayed.
    private var waiting: [(aid: AID, ordinal: UInt64, reason: EscrowReason)] = []
    /// Events with receipts that could not be checked before the log of the signer was there.
    private var incomplete: [(aid: AID, ordinal: UInt64)] = []

    private static let page = 256
    /// Replay knows no time; nothing in escrow grows old.
    private static let now = Timestamp(seconds: 0)

    init(_ transaction: SQLiteKeyEventTransaction) {
        self.transaction = transaction
        processor = EventProcessor(
            store: replayed,
            policy: ProcessingPolicy(
                trustsReplayTimes: true, escrowLimits: EscrowLimits(perAID: .max, total: .max)))
    }

    // MARK: File

    mutating func checkFile() throws {
        for line in try transaction.texts("PRAGMA integrity_check(100)") where line != "ok" {
            result.add(.file, line)
        }
        let orphans = try transaction.integers("SELECT count(*) FROM pragma_foreign_key_check").first ?? 0
        if orphans != 0 { result.add(.file, "\(orphans) events belong to no log") }
        let lengths = try transaction.integers(
            "SELECT count(*) FROM logs WHERE count <> (SELECT count(*) FROM events WHERE log = logs.id)")
        if let wrong = lengths.first, wrong != 0 { result.add(.gap, "\(wrong) logs have another length than noted") }
        let total = try transaction.integers("SELECT (SELECT count FROM escrow_total) - (SELECT count(*) FROM escrows)")
        if total.first != 0 { result.add(.count, "the number of escrows is not what is noted") }
        let unverified = try transaction.integers(
            "SELECT (SELECT unverified FROM escrow_total) - (SELECT count(*) FROM escrows WHERE verified = 0)")
        if unverified.first != 0 { result.add(.count, "the number of unverified escrows is not what is noted") }
    }

    // MARK: Events

    mutating func replayEvents(_ progress: (Int, Int) -> Void) throws {
        let total = try transaction.integers("SELECT count(*) FROM events").first.map { Int($0) } ?? 0
        var last: Int64 = 0
        progress(0, total)
        while true {
            let rows = try transaction.acceptedEvents(after: last, limit: Self.page)
            guard let end = rows.last?.id else { break }
            last = end
            try replay(rows.map(\.record))
            result.events += rows.count
            progress(result.events, total)
        }
        _ = try processor.resume(now: Self.now)
        for item in waiting where try position(of: item.aid, item.ordinal) == nil {
            result.add(.refused, aid: item.aid, ordinal: item.ordinal, "it waits for \(item.reason.rawValue)")
        }
        for item in incomplete {
            let kept = try transaction.records(of: item.aid, from: item.ordinal, limit: 1).first
            if let kept, let made = try position(of: item.aid, item.ordinal), !made.proof.isSame(as: kept.proof) {
                result.add(
                    .proof, aid: item.aid, ordinal: item.ordinal, "a kept signature or receipt does not verify")
            }
        }
    }

    private func position(of aid: AID, _ ordinal: UInt64) throws -> EventRecord? {
        try replayed.read { $0.records(of: aid, from: ordinal, limit: 1).first }
    }

    private mutating func replay(_ rows: [Result<EventRecord, StoreError>]) throws {
        for row in rows {
            let record: EventRecord
            switch row {
            case .failure(let error):
                result.add(.unreadable, error.detail)
                continue
            case .success(let readable): record = readable
            }
            guard let stored = try? StoredMessage(record.bytes), case .keyEvent(let event) = stored.message else {
                result.add(
                    .mismatch, aid: record.aid, ordinal: record.ordinal,
                    "the bytes are no key event, or not those of its digest")
                continue
            }
            guard event.aid == record.aid, event.sn == record.sn, event.said == record.said,
                event.kind == record.kind, event.format == record.format, event.bytes == record.bytes
            else {
                result.add(.mismatch, aid: record.aid, ordinal: record.ordinal, "the columns differ from the bytes")
                continue
            }
            try checkSeals(record)
            try decide(record, event)
        }
    }

    /// The index of sealed events must lead to every event that seals one; what it leads to besides does no harm, for
    /// whoever follows it looks at the event.
    private mutating func checkSeals(_ record: EventRecord) throws {
        for said in record.sealedEvents {
            let source = SealSource(sn: record.sn, said: record.said)
            guard try !transaction.sealings(of: said, by: record.aid).contains(source) else { continue }
            result.add(.mismatch, aid: record.aid, ordinal: record.ordinal, "the index of seals does not show \(said)")
        }
    }

    private mutating func decide(_ record: EventRecord, _ event: KeyEvent) throws {
        var attachments = record.proof.attachments
        guard let time = try? DateTime(microseconds: record.seenAt.microseconds) else {
            result.add(.mismatch, aid: record.aid, ordinal: record.ordinal, "the time of acceptance is impossible")
            return
        }
        attachments.firstSeenCouples = [FirstSeenCouple(ordinal: UInt128(record.ordinal), dateTime: time)]
        switch try processor.process(.keyEvent(event), with: attachments, now: Self.now) {
        case .accepted(let ordinal):
            if ordinal != record.ordinal {
                result.add(
                    .gap, aid: record.aid, ordinal: record.ordinal, "by its place it should be number \(ordinal)")
            } else if let made = try position(of: record.aid, ordinal), !made.proof.isSame(as: record.proof) {
                incomplete.append((record.aid, record.ordinal))
            }
        case .escrowed(let reason):
            waiting.append((record.aid, record.ordinal, reason))
            incomplete.append((record.aid, record.ordinal))
        case .rejected(let reason):
            result.add(.refused, aid: record.aid, ordinal: record.ordinal, reason.rawValue)
        case .duplicate, .verified:
            result.add(.mismatch, aid: record.aid, ordinal: record.ordinal, "the event is in the log twice")
        }
    }

    // MARK: Key states

    mutating func compareLogs() throws {
        for row in try transaction.storedStates() {
            result.aids += 1
            switch row {
            case .failure(let error): result.add(.unreadable, error.detail)
            case .success(let (aid, count, state)):
                if try replayed.read({ $0.keyState(of: aid) }) != state {
                    result.add(.keyState, aid: aid, "the key state is not what the log leads to")
                }
                if state.firstSeenOrdinal + 1 != count {
                    result.add(.gap, aid: aid, "the key state belongs to event \(state.firstSeenOrdinal) of \(count)")
                }
            }
        }
    }

    // MARK: Messages

    mutating func readMessages() throws {
        for row in try transaction.storedMessages("escrows", said: "NULL") {
            result.escrows += 1
            check(row, "an escrowed message")
        }
        for row in try transaction.storedMessages("replies", said: "NULL") {
            result.replies += 1
            check(row, "a reply")
        }
        for row in try transaction.storedMessages("duplicities", said: "other") {
            result.duplicities += 1
            check(row, "evidence of duplicity")
        }
    }

    private mutating func check(_ row: Result<SQLiteKeyEventTransaction.MessageRow, StoreError>, _ name: String) {
        switch row {
        case .failure(let error): result.add(.unreadable, error.detail)
        case .success(let row):
            guard let stored = try? StoredMessage(row.message) else {
                return result.add(.unreadable, aid: row.aid, "\(name) can't be read back")
            }
            guard let said = row.said else { return }
            guard case .keyEvent(let event) = stored.message, event.aid == row.aid, event.said == said else {
                return result.add(.mismatch, aid: row.aid, "\(name) is about another event")
            }
        }
    }
}

extension EventProof {
    /// Whether both hold the same signatures and receipts, in whatever order.
    fileprivate func isSame(as other: EventProof) -> Bool {
        self == other
            || Set(controllerSignatures) == Set(other.controllerSignatures)
                && Set(witnessSignatures) == Set(other.witnessSignatures) && sealSource == other.sealSource
                && Set(receipts) == Set(other.receipts)
                && Set(transferableReceipts) == Set(other.transferableReceipts)
    }
}
