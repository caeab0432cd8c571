// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkCrypto

/// What a body throws to undo its transaction.
struct Undo: Error {}

extension StoreConformance {
    func append(_ history: SampleHistory, to store: Store) throws {
        for (record, state) in zip(history.records, history.states) {
            try store.write { try $0.append(record, leadingTo: state) }
        }
    }

    func expectLog(_ history: SampleHistory, in store: Store, line: Int = #line) throws {
        let (state, records) = try store.read {
            (try $0.keyState(of: history.aid), try $0.records(of: history.aid, from: 0, limit: 100_000))
        }
        try expect(state, is: history.states.last, line: line)
        try expect(records, is: history.records, line: line)
    }

    func emptyStore(_ store: Store) throws {
        let aid = try SampleController("nobody").incept().event.aid
        let said = try SampleController("nobody").incept().event.said
        let key = EscrowKey(reason: .outOfOrder, aid: aid, sn: .zero, said: said)
        try store.read { transaction in
            try expect(try transaction.keyState(of: aid), is: nil)
            try expect(try transaction.record(of: aid, at: .zero), is: nil)
            try expect(try transaction.record(of: aid, at: .zero, said: said), is: nil)
            try expect(try transaction.records(of: aid, from: 0, limit: 10), is: [])
            try expect(try transaction.records(of: aid, from: .max, limit: 10), is: [])
            try expect(try transaction.establishments(of: aid, through: SequenceNumber(.max)), is: [])
            try expect(try transaction.aids(after: nil, limit: 10), is: [])
            try expect(try transaction.escrow(key), is: nil)
            try expect(try transaction.escrows(reason: nil, aid: nil, limit: 10), is: [])
            try expect(try transaction.escrowCount(aid: nil), is: 0)
            try expect(try transaction.escrowCount(aid: aid), is: 0)
            try expect(try transaction.reply(ReplyKey(route: "/end/role", aid: aid, detail: "")), is: nil)
            try expect(try transaction.replies(of: aid), is: [])
            try expect(try transaction.duplicities(of: nil), is: [])
            try expect(try transaction.duplicities(of: aid), is: [])
        }
        try store.write { try $0.removeEscrow(key) }
        try expect(.conflict) { try store.write { try $0.setProof(EventProof(), of: aid, ordinal: 0) } }
    }

    func appendAndRead(_ store: Store) throws {
        let history = try SampleHistory("append", events: 12)
        for (record, state) in zip(history.records, history.states) {
            try store.write { try $0.append(record, leadingTo: state) }
            try store.read { transaction in
                try expect(try transaction.keyState(of: history.aid), is: state)
                try expect(try transaction.record(of: record.aid, at: record.sn), is: record)
                try expect(try transaction.record(of: record.aid, at: record.sn, said: record.said), is: record)
            }
        }
        try expectLog(history, in: store)
        for place in [0, 4, 5, 7, 11, 40] {
            let wanted = history.records.filter { $0.kind.isEstablishment && $0.sn.value <= place }
            let found = try store.read {
                try $0.establishments(of: history.aid, through: SequenceNumber(UInt128(place)))
            }
            try expect(found, is: wanted)
        }
        let other = history.records[1].said
        try store.read { transaction in
            try expect(try transaction.record(of: history.aid, at: .zero, said: other), is: nil)
            try expect(try transaction.record(of: history.aid, at: SequenceNumber(12)), is: nil)
            try expect(try transaction.record(of: history.aid, at: SequenceNumber(.max)), is: nil)
        }
    }

    func paging(_ store: Store) throws {
        let history = try SampleHistory("paging", events: 11)
        try append(history, to: store)
        var found: [EventRecord] = []
        while true {
            let page = try store.read { try $0.records(of: history.aid, from: UInt64(found.count), limit: 4) }
            try expect(page.count <= 4)
            if page.isEmpty { break }
            found += page
        }
        try expect(found, is: history.records)
        let none = try store.read { try $0.records(of: history.aid, from: 0, limit: 0) }
        try expect(none, is: [])
        let beyond = try store.read { try $0.records(of: history.aid, from: 11, limit: 4) }
        try expect(beyond, is: [])
    }

    func wrongOrdinals(_ store: Store) throws {
        let history = try SampleHistory("ordinals", events: 4)
        // A log does not begin in the middle.
        try expect(.conflict) {
            try store.write { try $0.append(history.records[1], leadingTo: history.states[1]) }
        }
        try store.write { try $0.append(history.records[0], leadingTo: history.states[0]) }
        for wrong in [0, 2, 3] {
            try expect(.conflict) {
                try store.write { try $0.append(history.records[wrong], leadingTo: history.states[wrong]) }
            }
        }
        let state = try store.read { try $0.keyState(of: history.aid) }
        try expect(state, is: history.states[0])
        try store.write { try $0.append(history.records[1], leadingTo: history.states[1]) }
        try expect(.conflict) { try store.write { try $0.setProof(EventProof(), of: history.aid, ordinal: 2) } }
        try expect(.conflict) { try store.write { try $0.setProof(EventProof(), of: history.aid, ordinal: .max) } }
    }

    func branches(_ store: Store) throws {
        let history = try SampleHistory(recovered: "recovered")
        try append(history, to: store)
        try expectLog(history, in: store)
        let (old, new) = (history.records[2], history.records[4])
        try expect(old.sn, is: new.sn)
        try store.read { transaction in
            try expect(try transaction.record(of: history.aid, at: new.sn), is: new)
            try expect(try transaction.record(of: history.aid, at: old.sn, said: old.said), is: old)
            try expect(try transaction.record(of: history.aid, at: new.sn, said: new.said), is: new)
            try expect(
                try transaction.establishments(of: history.aid, through: new.sn), is: [history.records[0], new])
            // Past the key state the old branch still shows.
            try expect(try transaction.record(of: history.aid, at: SequenceNumber(3)), is: history.records[3])
            try expect(try transaction.keyState(of: history.aid)?.sn, is: new.sn)
        }
    }

    func proofs(_ store: Store) throws {
        let history = try SampleHistory("proofs", events: 3)
        try append(history, to: store)
        var expected = history.records[1]
        expected.proof = try fullProof(of: history.records[1])
        let proof = expected.proof
        try store.write { try $0.setProof(proof, of: history.aid, ordinal: 1) }
        let found = try store.read { try $0.records(of: history.aid, from: 0, limit: 10) }
        try expect(found, is: [history.records[0], expected, history.records[2]])
        let state = try store.read { try $0.keyState(of: history.aid) }
        try expect(state, is: history.states[2])
        try store.write { try $0.setProof(EventProof(), of: history.aid, ordinal: 1) }
        let emptied = try store.read { try $0.record(of: history.aid, at: SequenceNumber(1)) }
        try expect(emptied?.proof, is: EventProof())
    }

    /// A proof with every member filled. Whether the signatures are good is not the store's business.
    func fullProof(of record: EventRecord) throws -> EventProof {
        let signer = try SampleController("signer").incept()
        let key = try SampleController("watcher").key(0)
        let watcher = try CreatedKey(seed: key.seed, isTransferable: false)
        guard let aid = AID(watcher.verificationKey.primitive) else { throw ConformanceFailure("no AID") }
        let signature = try Primitive(
            code: .ed25519Signature, raw: watcher.signingKey.signature(over: record.bytes))
        let indexed = try (0..<3).map { try key.indexedSignature(over: record.bytes, index: $0) }
        return EventProof(
            controllerSignatures: indexed, witnessSignatures: indexed.reversed(),
            sealSource: SealSource(sn: SequenceNumber(7), said: record.said),
            receipts: [EventProof.Receipt(signer: aid, signature: signature)],
            transferableReceipts: [
                EventProof.TransferableReceipt(
                    signer: EventSeal(aid: signer.event.aid, sn: .zero, said: signer.event.said),
                    signature: indexed[2])
            ])
    }

    func aids(_ store: Store) throws {
        var expected: [AID] = []
        for number in 0..<9 {
            let history = try SampleHistory("aid \(number)", events: 1)
            try append(history, to: store)
            expected.append(history.aid)
        }
        expected.sort()
        var found: [AID] = []
        while true {
            let page = try store.read { [found] in try $0.aids(after: found.last, limit: 2) }
            try expect(page.count <= 2)
            if page.isEmpty { break }
            found += page
        }
        try expect(found, is: expected)
    }
}
