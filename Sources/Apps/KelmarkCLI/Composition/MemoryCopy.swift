// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KERINetwork
internal import StorageSQLite

/// A copy of a store in memory, for trying things out.
enum MemoryCopy {
    /// All logs and everything that waits.
    static func of(_ store: SQLiteKeyEventStore) throws -> MemoryKeyEventStore {
        let copy = MemoryKeyEventStore()
        var after: AID?
        while true {
            let page = try store.read { try $0.aids(after: after, limit: 200) }
            guard let last = page.last else { break }
            for aid in page { try logs(of: aid, from: store, to: copy) }
            after = last
        }
        let entries = try store.read { try $0.escrows(reason: nil, aid: nil, limit: 100_000) }
        try copy.write { transaction in for entry in entries { transaction.putEscrow(entry) } }
        return copy
    }

    /// Copies records as they are, states replayed by the same decisions.
    private static func logs(of aid: AID, from store: SQLiteKeyEventStore, to copy: MemoryKeyEventStore) throws {
        guard try copy.read({ $0.keyState(of: aid) }) == nil else { return }
        if let delegator = try store.read({ try $0.keyState(of: aid) })?.delegator {
            try logs(of: delegator, from: store, to: copy)
        }
        let stream = try LogReplay.stream(of: aid, from: store)
        var reader = StreamProcessor(
            EventProcessor(store: copy, policy: ProcessingPolicy(trustsReplayTimes: true)), batch: 512)
        try reader.process(stream, origin: .local, now: Timestamp(microseconds: 0))
    }
}

extension Wallet {
    /// Takes a stream in without touching the book; for stores that are only tried out.
    func ingestWithoutBook(_ stream: [UInt8], now: Timestamp) throws -> (
        messages: [MessageReport], resumed: [ResumedMessage]
    ) {
        var messages: [MessageReport] = []
        let policy = ProcessingPolicy(ownAIDs: Set(try book.load().map(\.aid)))
        var reader = StreamProcessor(EventProcessor(store: store, policy: policy), batch: 256)
        try reader.process(stream, now: now) { messages.append($0) }
        return (messages, try EventProcessor(store: store, policy: policy).resume(now: now))
    }
}
