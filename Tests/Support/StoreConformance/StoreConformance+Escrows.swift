// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

extension StoreConformance {
    func escrow(
        _ reason: EscrowReason, _ name: String, _ sn: UInt128, source: String = "", seconds: Int64 = 0
    ) throws -> EscrowEntry {
        let event = try SampleController(name).incept().event
        return EscrowEntry(
            key: EscrowKey(
                reason: reason, aid: event.aid, sn: SequenceNumber(sn), said: event.said, source: source),
            since: SampleHistory.start.advanced(bySeconds: seconds), message: event.bytes + Array("\(sn)".utf8),
            missing: "missing of \(name) at \(sn)")
    }

    func reply(_ route: String, _ name: String, _ detail: String) throws -> ReplyRecord {
        let event = try SampleController(name).incept().event
        return ReplyRecord(
            key: ReplyKey(route: route, aid: event.aid, detail: detail), dated: SampleHistory.start,
            signerSn: .zero, value: "value of \(detail)", message: event.bytes)
    }

    func duplicity(_ name: String, _ sn: UInt128) throws -> DuplicityRecord {
        let event = try SampleController(name).incept().event
        let other = try SampleController("other of \(name) \(sn)").incept().event
        return DuplicityRecord(
            aid: event.aid, sn: SequenceNumber(sn), accepted: event.said, other: other.said,
            seenAt: SampleHistory.start, message: other.bytes)
    }

    func escrowOrder(_ store: Store) throws {
        let entries = [
            try escrow(.partialSignatures, "b", 9, seconds: 5), try escrow(.outOfOrder, "a", 3, seconds: 9),
            try escrow(.outOfOrder, "b", 2, seconds: 1), try escrow(.partialWitnesses, "a", 1, seconds: 2),
            try escrow(.outOfOrder, "a", 1, seconds: 3),
        ]
        for entry in entries { try store.write { try $0.putEscrow(entry) } }
        let a = entries[1].key.aid
        try store.read { transaction in
            try expect(try transaction.escrows(reason: nil, aid: nil, limit: 100), is: entries)
            try expect(try transaction.escrows(reason: nil, aid: nil, limit: 2), is: Array(entries.prefix(2)))
            try expect(try transaction.escrows(reason: nil, aid: nil, limit: 0), is: [])
            try expect(
                try transaction.escrows(reason: .outOfOrder, aid: nil, limit: 100),
                is: [entries[1], entries[2], entries[4]])
            try expect(
                try transaction.escrows(reason: nil, aid: a, limit: 100), is: [entries[1], entries[3], entries[4]])
            try expect(
                try transaction.escrows(reason: .outOfOrder, aid: a, limit: 1), is: [entries[1]])
            try expect(try transaction.escrows(reason: .misfit, aid: nil, limit: 100), is: [])
        }
        // What is removed and comes again is the youngest.
        try store.write {
            try $0.removeEscrow(entries[0].key)
            try $0.putEscrow(entries[0])
        }
        let moved = try store.read { try $0.escrows(reason: nil, aid: nil, limit: 100) }
        try expect(moved, is: Array(entries.dropFirst()) + [entries[0]])
    }

    func escrowKeys(_ store: Store) throws {
        let base = try escrow(.partialReply, "keys", 1, source: "/end/role")
        let other = try escrow(.partialReply, "other keys", 1, source: "/end/role")
        let said = other.key.said
        let keys = [
            base.key,
            EscrowKey(
                reason: .queryNotFound, aid: base.key.aid, sn: base.key.sn, said: base.key.said,
                source: base.key.source),
            EscrowKey(
                reason: base.key.reason, aid: other.key.aid, sn: base.key.sn, said: base.key.said,
                source: base.key.source),
            EscrowKey(
                reason: base.key.reason, aid: base.key.aid, sn: SequenceNumber(2), said: base.key.said,
                source: base.key.source),
            EscrowKey(
                reason: base.key.reason, aid: base.key.aid, sn: base.key.sn, said: said, source: base.key.source),
            EscrowKey(reason: base.key.reason, aid: base.key.aid, sn: base.key.sn, said: base.key.said),
            // Routes are texts of strangers.
            EscrowKey(
                reason: base.key.reason, aid: base.key.aid, sn: base.key.sn, said: base.key.said,
                source: "/end/role\u{0}"),
            EscrowKey(
                reason: base.key.reason, aid: base.key.aid, sn: base.key.sn, said: base.key.said,
                source: "/end/role\u{0}1 ' \" % \u{1F511}"),
        ]
        let entries = keys.enumerated().map { place, key in
            EscrowEntry(key: key, since: base.since, message: [UInt8(place)], missing: "\(place)\u{0}x")
        }
        try store.write { for entry in entries { try $0.putEscrow(entry) } }
        try store.read { transaction in
            for entry in entries { try expect(try transaction.escrow(entry.key), is: entry) }
            try expect(try transaction.escrowCount(aid: nil), is: entries.count)
        }
        try store.write { try $0.removeEscrow(keys[6]) }
        let left = try store.read { try $0.escrows(reason: nil, aid: nil, limit: 100) }
        try expect(left, is: entries.enumerated().filter { $0.offset != 6 }.map(\.element))
    }

    func escrowCounts(_ store: Store) throws {
        let a = try (0..<5).map { try escrow(.outOfOrder, "a", $0) }
        let b = try (0..<3).map { try escrow(.outOfOrder, "b", $0) }
        func counts(_ all: Int, _ ofA: Int, _ ofB: Int, line: Int = #line) throws {
            let found = try store.read {
                [
                    try $0.escrowCount(aid: nil), try $0.escrowCount(aid: a[0].key.aid),
                    try $0.escrowCount(aid: b[0].key.aid),
                ]
            }
            try expect(found, is: [all, ofA, ofB], line: line)
        }
        for entry in a + b { try store.write { try $0.putEscrow(entry) } }
        try counts(8, 5, 3)
        try store.write { try $0.putEscrow(a[2]) }
        try counts(8, 5, 3)
        try store.write { try $0.removeEscrow(a[2].key) }
        try store.write { try $0.removeEscrow(a[2].key) }
        try counts(7, 4, 3)
        try store.write { for entry in b { try $0.removeEscrow(entry.key) } }
        try counts(4, 4, 0)
    }

    func escrowReplacement(_ store: Store) throws {
        let entries = try (0..<4).map { try escrow(.partialSignatures, "replace", $0) }
        for entry in entries { try store.write { try $0.putEscrow(entry) } }
        let changed = EscrowEntry(
            key: entries[1].key, since: entries[1].since.advanced(bySeconds: -60), message: [], missing: "less")
        try store.write { try $0.putEscrow(changed) }
        let found = try store.read { try $0.escrows(reason: nil, aid: nil, limit: 10) }
        try expect(found, is: [entries[0], changed, entries[2], entries[3]])
    }

    func largeSequenceNumbers(_ store: Store) throws {
        let numbers: [UInt128] = [
            .max, 1 << 64, UInt128(UInt64.max), 1 << 63, (1 << 63) - 1, 1 << 127, 255, 256, 0,
        ]
        let entries = try numbers.map { try escrow(.outOfOrder, "large", $0) }
        for entry in entries { try store.write { try $0.putEscrow(entry) } }
        try store.read { transaction in
            try expect(try transaction.escrows(reason: nil, aid: nil, limit: 100), is: entries)
            for entry in entries { try expect(try transaction.escrow(entry.key), is: entry) }
        }
        let records = try [3, .max].map { try duplicity("large", $0) }
        for record in records { try store.write { try $0.addDuplicity(record) } }
        let found = try store.read { try $0.duplicities(of: nil) }
        try expect(found, is: records)
        let reply = try reply("/end/role", "large", "x")
        let large = ReplyRecord(
            key: reply.key, dated: reply.dated, signerSn: SequenceNumber(.max), value: "", message: [])
        try store.write { try $0.putReply(large) }
        let kept = try store.read { try $0.reply(large.key) }
        try expect(kept, is: large)
    }

    func replies(_ store: Store) throws {
        let records = [
            try reply("/loc/scheme", "a", "http"), try reply("/end/role", "a", "watcher/x"),
            try reply("/end/role", "a", "agent/y"), try reply("/end/role", "b", "agent/y"),
            try reply("/ksn", "a", ""),
        ]
        for record in records { try store.write { try $0.putReply(record) } }
        try store.read { transaction in
            for record in records { try expect(try transaction.reply(record.key), is: record) }
            try expect(
                try transaction.replies(of: records[0].key.aid),
                is: [records[2], records[1], records[4], records[0]])
        }
        let newer = ReplyRecord(
            key: records[1].key, dated: records[1].dated.advanced(bySeconds: 1), signerSn: nil, value: "false",
            message: [3])
        try store.write { try $0.putReply(newer) }
        let found = try store.read { try $0.replies(of: records[0].key.aid) }
        try expect(found, is: [records[2], newer, records[4], records[0]])
    }

    func duplicities(_ store: Store) throws {
        let records = [try duplicity("b", 1), try duplicity("a", 5), try duplicity("b", 2)]
        for record in records { try store.write { try $0.addDuplicity(record) } }
        let again = DuplicityRecord(
            aid: records[0].aid, sn: records[0].sn, accepted: records[0].accepted, other: records[0].other,
            seenAt: records[0].seenAt.advanced(bySeconds: 60), message: [])
        try store.write { try $0.addDuplicity(again) }
        try store.read { transaction in
            try expect(try transaction.duplicities(of: nil), is: records)
            try expect(try transaction.duplicities(of: records[0].aid), is: [records[0], records[2]])
            try expect(try transaction.duplicities(of: records[1].aid), is: [records[1]])
        }
    }
}
