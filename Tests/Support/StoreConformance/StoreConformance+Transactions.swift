// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import Dispatch
internal import KERI
internal import KelmarkBytes
internal import Synchronization

extension StoreConformance {
    func ownWrites(_ store: Store) throws {
        let history = try SampleHistory("own", events: 6)
        let proof = try fullProof(of: history.records[0])
        let entry = try escrow(.outOfOrder, "own", 3)
        try store.write { transaction in
            for (record, state) in zip(history.records, history.states) {
                try transaction.append(record, leadingTo: state)
                try expect(try transaction.keyState(of: history.aid), is: state)
                try expect(try transaction.record(of: history.aid, at: record.sn), is: record)
            }
            try transaction.setProof(proof, of: history.aid, ordinal: 0)
            try expect(try transaction.record(of: history.aid, at: .zero)?.proof, is: proof)
            try expect(try transaction.aids(after: nil, limit: 10), is: [history.aid])
            try expect(try transaction.records(of: history.aid, from: 1, limit: 10).count, is: 5)
            try transaction.putEscrow(entry)
            try expect(try transaction.escrow(entry.key), is: entry)
            try expect(try transaction.escrowCount(aid: nil), is: 1)
            try transaction.removeEscrow(entry.key)
            try expect(try transaction.escrow(entry.key), is: nil)
        }
        let state = try store.read { try $0.keyState(of: history.aid) }
        try expect(state, is: history.states.last)
    }

    func rollBackAppend(_ store: Store) throws {
        let kept = try SampleHistory("kept", events: 4)
        let gone = try SampleHistory("gone", events: 3)
        for (record, state) in zip(kept.records, kept.states).prefix(2) {
            try store.write { try $0.append(record, leadingTo: state) }
        }
        let proof = try fullProof(of: kept.records[0])
        try undone(in: store) { transaction in
            for (record, state) in zip(kept.records, kept.states).dropFirst(2) {
                try transaction.append(record, leadingTo: state)
            }
            for (record, state) in zip(gone.records, gone.states) {
                try transaction.append(record, leadingTo: state)
            }
            try transaction.setProof(proof, of: kept.aid, ordinal: 0)
        }
        let (state, records, aids) = try store.read {
            (
                try $0.keyState(of: kept.aid), try $0.records(of: kept.aid, from: 0, limit: 10),
                try $0.aids(after: nil, limit: 10)
            )
        }
        try expect(state, is: kept.states[1])
        try expect(records, is: Array(kept.records.prefix(2)))
        try expect(aids, is: [kept.aid])
        // The log goes on where it was.
        for (record, state) in zip(kept.records, kept.states).dropFirst(2) {
            try store.write { try $0.append(record, leadingTo: state) }
        }
        try append(gone, to: store)
        try expectLog(kept, in: store)
        try expectLog(gone, in: store)
    }

    func rollBackRest(_ store: Store) throws {
        let old = try escrow(.outOfOrder, "rest", 1)
        let new = try escrow(.partialSignatures, "rest", 2)
        let reply = try reply("/end/role", "rest", "watcher")
        let duplicity = try duplicity("rest", 1)
        try store.write {
            try $0.putEscrow(old)
            try $0.putReply(reply)
            try $0.addDuplicity(duplicity)
        }
        let changed = EscrowEntry(key: old.key, since: old.since, message: [1], missing: "changed")
        let changedReply = ReplyRecord(
            key: reply.key, dated: reply.dated, signerSn: nil, value: "changed", message: [2])
        let other = try self.duplicity("rest", 2)
        let otherReply = try self.reply("/loc/scheme", "rest", "http")
        try undone(in: store) { transaction in
            try transaction.putEscrow(changed)
            try transaction.putEscrow(new)
            try transaction.putReply(changedReply)
            try transaction.putReply(otherReply)
            try transaction.addDuplicity(other)
        }
        try undone(in: store) { try $0.removeEscrow(old.key) }
        try store.read { transaction in
            try expect(try transaction.escrows(reason: nil, aid: nil, limit: 10), is: [old])
            try expect(try transaction.escrowCount(aid: nil), is: 1)
            try expect(try transaction.escrowCount(aid: old.key.aid), is: 1)
            try expect(try transaction.replies(of: reply.key.aid), is: [reply])
            try expect(try transaction.duplicities(of: nil), is: [duplicity])
        }
    }

    private func undone(in store: Store, _ body: (inout Store.Transaction) throws -> Void) throws {
        do {
            try store.write { transaction in
                try body(&transaction)
                throw Undo()
            }
        } catch is Undo {
            return
        }
        throw ConformanceFailure("the error of the body was swallowed")
    }

    func readsDoNotWrite(_ store: Store) throws {
        let history = try SampleHistory("read", events: 2)
        try append(history, to: store)
        let entry = try escrow(.outOfOrder, "read", 1)
        let reply = try reply("/end/role", "read", "watcher")
        let duplicity = try duplicity("read", 1)
        let proof = try fullProof(of: history.records[0])
        let more = try SampleHistory("read", events: 3)
        let writes: [(inout Store.Transaction) throws -> Void] = [
            { try $0.putEscrow(entry) }, { try $0.putReply(reply) }, { try $0.addDuplicity(duplicity) },
            { try $0.setProof(proof, of: history.aid, ordinal: 0) },
            { try $0.append(more.records[2], leadingTo: more.states[2]) },
        ]
        for write in writes {
            // A store may refuse, or forget.
            do { try store.read { try write(&$0) } } catch is StoreError {}
        }
        try expectLog(history, in: store)
        try store.read { transaction in
            try expect(try transaction.escrowCount(aid: nil), is: 0)
            try expect(try transaction.replies(of: reply.key.aid), is: [])
            try expect(try transaction.duplicities(of: nil), is: [])
        }
    }

    func conflictInsideTransaction(_ store: Store) throws {
        let history = try SampleHistory("conflict", events: 2)
        try store.write { transaction in
            try transaction.append(history.records[0], leadingTo: history.states[0])
            try expect(.conflict) { try transaction.append(history.records[0], leadingTo: history.states[0]) }
            try expect(.conflict) { try transaction.setProof(EventProof(), of: history.aid, ordinal: 5) }
            try transaction.append(history.records[1], leadingTo: history.states[1])
        }
        try expectLog(history, in: store)
    }

    func bigBatch(_ store: Store) throws {
        let history = try SampleHistory("batch", events: 1000)
        try store.write { transaction in
            for (record, state) in zip(history.records, history.states) {
                try transaction.append(record, leadingTo: state)
            }
        }
        try expectLog(history, in: store)
    }

    func manyLogsInOneTransaction(_ store: Store) throws {
        // Records and states of one history, so that few signatures have to be made: the store does not judge.
        let histories = try (0..<2000).map { try SampleHistory("log \($0)", events: 1) }
        let longer = try histories.indices.filter { $0 % 100 == 0 }
            .map { try SampleHistory("log \($0)", events: 2) }
        try store.write { transaction in
            for history in histories { try transaction.append(history.records[0], leadingTo: history.states[0]) }
            for history in longer { try transaction.append(history.records[1], leadingTo: history.states[1]) }
        }
        let found = try store.read { try $0.aids(after: nil, limit: 5000) }
        try expect(found, is: histories.map(\.aid).sorted())
        for history in longer { try expectLog(history, in: store) }
        for place in [1, 1999] { try expectLog(histories[place], in: store) }
    }

    /// The outcomes of out-of-order, duplicate and duplicitous events over this store and over memory are the same.
    func processing(_ store: Store) throws {
        var controller = SampleController("processing")
        let memory = MemoryKeyEventStore()
        let now = SampleHistory.start
        var events = [try controller.incept()]
        var branch: [SampleController.SignedEvent] = []
        for place in 1..<8 {
            let shadow = MemoryKeyEventStore()
            for event in events {
                _ = try EventProcessor(store: shadow)
                    .process(.keyEvent(event.event), with: event.attachments, now: now)
            }
            guard let state = try shadow.read({ $0.keyState(of: events[0].event.aid) }) else {
                throw ConformanceFailure("no state")
            }
            branch.append(try controller.interact(behind: state, anchors: [["d": "other"]]))
            events.append(
                place % 3 == 0 ? try controller.rotate(behind: state) : try controller.interact(behind: state))
        }
        let offered = [events[0], events[2], events[1], events[1], branch[0], events[4], events[3]] + events[5...]
        for signed in offered {
            let ours = try EventProcessor(store: store)
                .process(.keyEvent(signed.event), with: signed.attachments, now: now)
            let theirs = try EventProcessor(store: memory)
                .process(.keyEvent(signed.event), with: signed.attachments, now: now)
            try expect(ours, is: theirs)
        }
        let ours = try EventProcessor(store: store).resume(now: now)
        let theirs = try EventProcessor(store: memory).resume(now: now)
        try expect(ours, is: theirs)
        let aid = events[0].event.aid
        let found = try store.read {
            (
                try $0.records(of: aid, from: 0, limit: 100), try $0.keyState(of: aid),
                try $0.escrows(reason: nil, aid: nil, limit: 100), try $0.duplicities(of: nil)
            )
        }
        let expected = try memory.read {
            (
                $0.records(of: aid, from: 0, limit: 100), $0.keyState(of: aid),
                $0.escrows(reason: nil, aid: nil, limit: 100), $0.duplicities(of: nil)
            )
        }
        try expect(found.0, is: expected.0)
        try expect(found.1, is: expected.1)
        try expect(found.2, is: expected.2)
        try expect(found.3, is: expected.3)
        try expect(found.0.count, is: 8)
        try expect(found.3.count, is: 1)
    }

    func concurrentWriters(_ store: Store) throws {
        let histories = try (0..<4).map { try SampleHistory("writer \($0)", events: 40) }
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: histories.count) { place in
            do { try append(histories[place], to: store) } catch { failures.withLock { $0.append("\(error)") } }
        }
        try expect(failures.withLock { $0 }, is: [])
        for history in histories { try expectLog(history, in: store) }
    }
}
