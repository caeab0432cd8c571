// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto

@testable import KERI

/// Some controllers that make random histories: witnessed, with several keys, delegated over two levels, in all three
/// formats, and, if wanted, with recoveries.
struct RandomWorld {
    private(set) var authors: [Author]
    /// Branches that were given up by a recovery.
    private(set) var abandoned: [Signed] = []
    private let pool: [CreatedKey]

    init(events count: Int, recovers: Bool, using generator: inout SeededGenerator) throws {
        pool = try TestKey.witnesses("pool", 5)
        let weighted = try Threshold.weighted([["1/2", "1/2", "1/2"], ["1"]])
        let root = try Author("root", keys: 2, threshold: .count(1), witnesses: Array(pool[..<2]), toad: 1)
        let middle = try Author("middle", delegator: root.aid, format: .cbor)
        let leaf = try Author("leaf", delegator: middle.aid, format: .messagePack)
        let group = try Author(
            "group", keys: 4, threshold: weighted, next: 3, nextThreshold: .count(2), witnesses: [pool[3]])
        let basic = try Author("basic", isBasic: true)
        authors = [root, middle, leaf, group, basic]
        try approve(1)
        try approve(2)
        for _ in 0..<count { try step(recovers: recovers, using: &generator) }
    }

    /// All events of the trunks, delegators first, each in order.
    var trunks: [Signed] { authors.flatMap(\.events) }

    /// Lets the delegator of an author seal its latest event.
    private mutating func approve(_ place: Int) throws {
        let sealed = authors[place].latest
        try authors[place - 1].seal(sealed)
    }

    private mutating func step(recovers: Bool, using generator: inout SeededGenerator) throws {
        let place = Int.random(in: 0..<authors.count, using: &generator)
        let format = [DocumentFormat.json, .cbor, .messagePack].randomElement(using: &generator) ?? .json
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<5:
            try authors[place].interact([["note": .integer("\(generator.next() >> 40)")]], format: format)
        case 5..<8:
            try rotate(place, format, using: &generator)
        default:
            guard recovers, place > 2 else { return }
            // A thief interacts, the owner recovers with a rotation at the same place.
            var stolen = authors[place]
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                abandoned.append(try stolen.interact([["stolen": .integer("\(generator.next() >> 40)")]]))
            }
            try rotate(place, format, using: &generator)
        }
    }

    private mutating func rotate(_ place: Int, _ format: DocumentFormat, using generator: inout SeededGenerator) throws
    {
        let witnesses = authors[place].witnesses
        var (cut, add): ([CreatedKey], [CreatedKey]) = ([], [])
        if place == 0 || place == 3 {
            let strangers = pool.filter { key in !witnesses.contains { $0.aid == key.aid } }
            if Bool.random(using: &generator), let one = strangers.randomElement(using: &generator) { add = [one] }
            if witnesses.count > 1, Bool.random(using: &generator),
                let one = witnesses.randomElement(using: &generator)
            {
                cut = [one]
            }
        }
        let next = Int.random(in: 1...3, using: &generator)
        try authors[place].rotate(
            next: next, nextThreshold: .count(UInt32(Int.random(in: 1...next, using: &generator))), cut: cut, add: add,
            toad: witnesses.count - cut.count + add.count > 0 ? 1 : 0, branch: "\(generator.next())", format: format)
        if place == 1 || place == 2 { try approve(place) }
    }

    /// The messages of the world, torn apart: copies with single signatures, receipts by themselves.
    func pieces(of events: [Signed], using generator: inout SeededGenerator) throws -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        for event in events {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                pieces.append(try event.bytes)
            case 1:
                var copy = event
                copy.attachments.witnessSignatures = []
                pieces.append(try copy.bytes)
                guard !event.attachments.witnessSignatures.isEmpty else { continue }
                let receipt = try Routed.receipt(of: event)
                let attachments = Attachments { $0.witnessSignatures = event.attachments.witnessSignatures }
                pieces.append(try attachments.following(receipt))
            default:
                for signature in event.attachments.controllerSignatures {
                    var copy = event
                    copy.attachments.controllerSignatures = [signature]
                    pieces.append(try copy.bytes)
                }
            }
        }
        return pieces
    }
}
