// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

extension StoreConformance {
    private func waiting(
        _ name: String, _ sn: UInt128, for position: AwaitedPosition?, reason: EscrowReason = .outOfOrder,
        isVerified: Bool = false, seconds: Int64 = 0
    ) throws -> EscrowEntry {
        let base = try escrow(reason, name, sn, seconds: seconds)
        return EscrowEntry(
            key: base.key, since: base.since, message: base.message, missing: base.missing, waitsFor: position,
            isVerified: isVerified)
    }

    func escrowWaiting(_ store: Store) throws {
        let a = try SampleController("a").incept().event.aid
        let b = try SampleController("b").incept().event.aid
        func position(_ aid: AID, _ sn: UInt128) -> AwaitedPosition {
            AwaitedPosition(aid: aid, sn: SequenceNumber(sn))
        }
        let entries = [
            try waiting("x", 1, for: position(a, 5)), try waiting("x", 2, for: position(a, 1 << 70)),
            try waiting("x", 3, for: position(b, 0)), try waiting("x", 4, for: position(a, 0)),
            try waiting("x", 5, for: nil), try waiting("x", 6, for: position(a, 5), isVerified: true),
        ]
        for entry in entries { try store.write { try $0.putEscrow(entry) } }
        func found(_ aid: AID, _ sn: UInt128) throws -> [EscrowEntry] {
            try store.read { transaction in
                var found: [EscrowEntry] = []
                var place: EscrowPlace?
                while let next = try transaction.nextEscrow(waitingFor: position(aid, sn), after: place) {
                    found.append(next.entry)
                    place = next.place
                }
                return found
            }
        }
        try expect(try found(a, 0), is: [entries[3]])
        try expect(try found(a, 4), is: [entries[3]])
        try expect(try found(a, 5), is: [entries[3], entries[0], entries[5]])
        try expect(try found(a, .max), is: [entries[3], entries[0], entries[5], entries[1]])
        try expect(try found(b, 9), is: [entries[2]])
        // What waits for something else now is found there, and what left is not found.
        let moved = try waiting("x", 1, for: position(b, 3))
        let freed = try waiting("x", 4, for: nil)
        try store.write {
            try $0.putEscrow(moved)
            try $0.putEscrow(freed)
            try $0.removeEscrow(entries[5].key)
        }
        try expect(try found(a, .max), is: [entries[1]])
        try expect(try found(b, .max), is: [entries[2], moved])
        do {
            try store.write { transaction in
                try transaction.putEscrow(entries[0])
                try transaction.removeEscrow(entries[2].key)
                throw Undo()
            }
        } catch is Undo {}
        try expect(try found(b, .max), is: [entries[2], moved])
        try expect(try store.read { try $0.escrow(moved.key) }, is: moved)
    }

    func escrowQuotas(_ store: Store) throws {
        let entries = [
            try waiting("a", 1, for: nil, isVerified: true), try waiting("a", 2, for: nil),
            try waiting("b", 1, for: nil, reason: .unverifiedReceipt), try waiting("b", 2, for: nil),
            try waiting("a", 3, for: nil),
        ]
        for entry in entries { try store.write { try $0.putEscrow(entry) } }
        let (a, b) = (entries[0].key.aid, entries[2].key.aid)
        func expect(_ all: Int, _ ofA: Int, _ ofB: Int, _ oldest: [EscrowKey?], line: Int = #line) throws {
            let (counts, keys) = try store.read { transaction in
                (
                    try [nil, a, b].map { try transaction.unverifiedEscrowCount(aid: $0) },
                    [
                        try transaction.oldestUnverifiedEscrow(reason: .outOfOrder, aid: nil),
                        try transaction.oldestUnverifiedEscrow(reason: .outOfOrder, aid: b),
                        try transaction.oldestUnverifiedEscrow(reason: .unverifiedReceipt, aid: nil),
                        try transaction.oldestUnverifiedEscrow(reason: .unverifiedReceipt, aid: a),
                    ]
                )
            }
            try same(counts, is: [all, ofA, ofB], line: line)
            try same(keys, is: oldest, line: line)
        }
        try expect(4, 2, 2, [entries[1].key, entries[3].key, entries[2].key, nil])
        // Verified by a later decision, and the other way round.
        try store.write {
            try $0.putEscrow(try waiting("a", 2, for: nil, isVerified: true))
            try $0.putEscrow(try waiting("a", 1, for: nil))
            try $0.removeEscrow(entries[3].key)
        }
        try expect(3, 2, 1, [entries[0].key, nil, entries[2].key, nil])
        let total = try store.read { try $0.escrowCount(aid: nil) }
        try same(total, is: 4)
    }

    func escrowAges(_ store: Store) throws {
        let entries = try [5, 3, 9, 3].enumerated().map { place, seconds in
            try waiting("a", UInt128(place), for: nil, seconds: Int64(seconds))
        }
        let other = try waiting("a", 0, for: nil, reason: .partialReply)
        try store.write {
            for entry in entries + [other] { try $0.putEscrow(entry) }
        }
        func keys(_ seconds: Int64, _ limit: Int) throws -> [EscrowKey] {
            try store.read {
                try $0.escrowKeys(
                    reason: .outOfOrder, before: SampleHistory.start.advanced(bySeconds: seconds), limit: limit)
            }
        }
        try expect(try keys(3, 10), is: [])
        try expect(try keys(4, 10), is: [entries[1].key, entries[3].key])
        try expect(try keys(100, 3), is: [entries[1].key, entries[3].key, entries[0].key])
        try store.write { try $0.removeEscrow(entries[1].key) }
        try expect(try keys(100, 10), is: [entries[3].key, entries[0].key, entries[2].key])
    }

    func sealings(_ store: Store) throws {
        let other = try SampleController("sealed").incept().event
        let seal = EventSeal(aid: other.aid, sn: other.sn, said: other.said).value
        let memory = MemoryKeyEventStore()
        var controller = SampleController("sealing")
        var states: [KeyState] = []
        var records: [EventRecord] = []
        func accept(_ signed: SampleController.SignedEvent) throws {
            let aid = signed.event.aid
            _ = try EventProcessor(store: memory)
                .process(.keyEvent(signed.event), with: signed.attachments, now: SampleHistory.start)
            let (all, state) = try memory.read { ($0.records(of: aid, from: 0, limit: 99), $0.keyState(of: aid)) }
            guard let state, let record = all.last else { throw ConformanceFailure("no state") }
            states.append(state)
            records.append(record)
        }
        try accept(controller.incept(anchors: [seal, seal]))
        try accept(controller.interact(behind: states[0]))
        try accept(controller.interact(behind: states[1], anchors: ["text", seal]))
        // A recovery that seals it again: both branches are found.
        try accept(controller.rotate(behind: states[0], anchors: [seal]))
        for place in records.indices {
            try store.write { try $0.append(records[place], leadingTo: states[place]) }
        }
        let aid = records[0].aid
        func found() throws -> [SealSource] { try store.read { try $0.sealings(of: other.said, by: aid) } }
        let expected = [3, 2, 0].map { SealSource(sn: records[$0].sn, said: records[$0].said) }
        try expect(try found(), is: expected)
        try expect(try store.read { try $0.sealings(of: other.said, by: other.aid) }, is: [])
        try expect(try store.read { try $0.sealings(of: records[0].said, by: aid) }, is: [])
        let next = try controller.interact(behind: states[3], anchors: [seal])
        do {
            try store.write { transaction in
                _ = try EventProcessor(store: store)
                    .apply(
                        .keyEvent(next.event), with: next.attachments, to: &transaction, now: SampleHistory.start)
                try expect(try transaction.sealings(of: other.said, by: aid).count, is: 4)
                throw Undo()
            }
        } catch is Undo {}
        try expect(try found(), is: expected)
    }

    func attempts(_ store: Store) throws {
        let one = try SampleHistory("one", events: 3)
        let two = try SampleHistory("two", events: 2)
        let kept = try escrow(.outOfOrder, "kept", 1)
        let gone = try escrow(.outOfOrder, "gone", 1)
        try store.write { transaction in
            try transaction.append(one.records[0], leadingTo: one.states[0])
            do {
                try transaction.attempt { transaction in
                    try transaction.append(one.records[1], leadingTo: one.states[1])
                    try transaction.append(two.records[0], leadingTo: two.states[0])
                    try transaction.putEscrow(gone)
                    throw Undo()
                }
            } catch is Undo {}
            try expect(try transaction.keyState(of: one.aid), is: one.states[0])
            try expect(try transaction.keyState(of: two.aid), is: nil)
            try transaction.putEscrow(kept)
            let count = try transaction.attempt { transaction in
                try transaction.append(one.records[1], leadingTo: one.states[1])
                return try transaction.escrowCount(aid: nil)
            }
            try expect(count, is: 1)
            // A conflict inside is an error like any other.
            try expect(.conflict) {
                try transaction.attempt { try $0.append(one.records[1], leadingTo: one.states[1]) }
            }
            try transaction.append(one.records[2], leadingTo: one.states[2])
            try transaction.attempt { transaction in
                try? transaction.attempt { transaction in
                    try transaction.putEscrow(gone)
                    throw Undo()
                }
                try transaction.append(two.records[0], leadingTo: two.states[0])
            }
        }
        try expectLog(one, in: store)
        let (state, escrows) = try store.read {
            (try $0.keyState(of: two.aid), try $0.escrows(reason: nil, aid: nil, limit: 9))
        }
        try expect(state, is: two.states[0])
        try expect(escrows, is: [kept])
    }
}

/// As `expect`, where a function of that name is in the way.
private func same<T: Equatable>(_ found: T, is expected: T, line: Int = #line) throws {
    try expect(found, is: expected, line: line)
}
