// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// Documents made to hurt: they end in an error or a result, soon, and never in a crash.
struct HostileDocumentTests {
    static let sample: OrderedValue = [
        "v": "KERI10JSON000000_", "text": "é\n\u{1}😀\"", "long": .text(String(repeating: "x", count: 300)),
        "list": [1, -1, 255, -33, 65536, -40000, .integer("18446744073709551615"), [[], [:]]],
        "flags": [true, false, .null], "floats": [.float("1.5"), .float("-1.25")],
        "map": ["a": ["b": ["c": "d"]]],
        "many": .list((0..<30).map { OrderedValue($0 * 1000) }),
        "wide": .map(OrderedMap(members: (0..<30).map { .init(label: "l\($0)", value: [:]) }) ?? [:]),
    ]

    @Test(arguments: DocumentFormat.allCases) func `A document cut anywhere is cut`(_ format: DocumentFormat) throws {
        let bytes = try Self.sample.encoded(as: format)
        #expect(try OrderedValue(parsing: bytes.span, format: format) == Self.sample)
        for count in 0..<bytes.count {
            do {
                _ = try Scanned(Array(bytes[..<count]), format)
                Issue.record("scanned \(count) bytes")
            } catch {
                // A cut inside a character may also be called bad UTF-8.
                let insideCharacter = format == .json && error.code == .invalidUTF8 && bytes[count] & 0xc0 == 0x80
                #expect(error == DocumentError(.truncated, at: count) || insideCharacter)
            }
        }
    }

    /// What scans is canonical: writing what was read gives the same bytes.
    @Test(arguments: DocumentFormat.allCases, [1, 2, 3] as [UInt64])
    func `A changed document is refused or canonical`(_ format: DocumentFormat, _ seed: UInt64) throws {
        let original = try Self.sample.encoded(as: format)
        var random = SplitMix(state: seed)
        var accepted = 0
        for _ in 0..<1500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: bytes[place] = .random(in: 0...255, using: &random)
                case 2: bytes.remove(at: place)
                default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
                }
            }
            guard let value = try? OrderedValue(parsing: bytes.span, format: format) else { continue }
            accepted += 1
            #expect(try value.encoded(as: format) == bytes, "seed \(seed)")
        }
        #expect(accepted > 0)
    }

    @Test(arguments: DocumentFormat.allCases, [1, 2] as [UInt64])
    func `Random bytes never crash`(_ format: DocumentFormat, _ seed: UInt64) throws {
        var random = SplitMix(state: seed)
        for _ in 0..<5000 {
            let count = Int.random(in: 0..<24, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            guard let value = try? OrderedValue(parsing: bytes.span, format: format) else { continue }
            #expect(try value.encoded(as: format) == bytes, "seed \(seed)")
        }
    }

    @Test func `Nesting is bounded in each format`() {
        let count = 200_000
        let limits = Limits(nestingDepth: .max, documentValues: .max)
        let deepest = DocumentIndex.deepestNesting
        let bombs: [(DocumentFormat, [UInt8])] = [
            (.json, [0x5b]), (.json, Array(#"{"a":"#.utf8)), (.cbor, [0x81]), (.cbor, [0xa1, 0x61, 0x61]),
            (.messagePack, [0x91]), (.messagePack, [0x81, 0xa1, 0x61]),
        ]
        for (format, opening) in bombs {
            let bytes = Array(repeatElement(opening, count: count / opening.count).joined())
            Refusal(name: "", format: format, bytes: bytes, error: .init(.nestingTooDeep, at: 64 * opening.count))
                .check()
            Refusal(name: "", format: format, bytes: bytes, error: .init(.nestingTooDeep, at: deepest * opening.count))
                .check(limits: limits)
        }
    }

    @Test(arguments: DocumentFormat.allCases) func `The deepest nesting works`(_ format: DocumentFormat) throws {
        let limits = Limits(nestingDepth: DocumentIndex.deepestNesting)
        for value in [OrderedValue.nested(limits.nestingDepth), .nestedMaps(limits.nestingDepth)] {
            let bytes = try value.encoded(as: format)
            #expect(try OrderedValue(parsing: bytes.span, format: format, limits: limits) == value)
        }
        for value in [OrderedValue.nested(limits.nestingDepth + 1), .nestedMaps(limits.nestingDepth + 1)] {
            #expect(throws: DocumentEncodingError.nestingTooDeep) { try value.encoded(as: format) }
        }
    }

    @Test(arguments: DocumentFormat.allCases) func `Values are counted, labels are not`(_ format: DocumentFormat) throws
    {
        let value: OrderedValue = ["a": [1, 2], "b": [:]]
        let bytes = try value.encoded(as: format)
        #expect(try Scanned(bytes, format, limits: Limits(documentValues: 5)).index.tokens.count == 7)
        do {
            _ = try Scanned(bytes, format, limits: Limits(documentValues: 4))
            Issue.record("scanned")
        } catch {
            #expect(error == DocumentError(.tooManyValues, at: format == .json ? 15 : 8))
        }
    }

    @Test(arguments: DocumentFormat.allCases) func `Bytes are counted`(_ format: DocumentFormat) throws {
        let bytes = try OrderedValue.text("abc").encoded(as: format)
        _ = try Scanned(bytes, format, limits: Limits(bodyBytes: bytes.count))
        Refusal(name: "", format: format, bytes: bytes, error: .init(.tooLarge, at: bytes.count - 1))
            .check(limits: Limits(bodyBytes: bytes.count - 1))
    }

    @Test(.timeLimit(.minutes(1)), arguments: DocumentFormat.allCases)
    func `A map of 20 000 members is read, and one equal label in it is found`(_ format: DocumentFormat) throws {
        // Equal lengths, first and last bytes; sorted against the order of insertion.
        var map = OrderedMap()
        for number in (0..<20_000).reversed() { map.append(.null, for: "l\(1_000_000 + number)x") }
        #expect(map.count == 20_000)
        #expect(map.position(of: "l1000000x") == 19_999)
        let bytes = try map.encoded(as: format)
        let read = try OrderedValue(parsing: bytes.span, format: format)
        #expect(read == .map(map))

        var twice = bytes
        let label = Array("l1000777x".utf8)
        let width = label.count + (format == .json ? 8 : 2)
        let place = bytes.count - width * 778
        let start = try #require(
            (place..<(place + width)).first { Array(bytes[$0...].prefix(label.count)) == label })
        twice.replaceSubrange(start..<(start + label.count), with: Array("l1019999x".utf8))
        Refusal(name: "", format: format, bytes: twice, error: .init(.duplicateLabel, at: start)).check()
    }

    /// The second item is bad: an error about it would show that the count was believed.
    @Test(arguments: [
        Refusal.cbor("list", [0x9a, 0xff, 0xff, 0xff, 0xff, 0xff], .truncated, at: 6),
        .cbor("map", [0xba, 0x7f, 0xff, 0xff, 0xff, 0x01, 0x01], .truncated, at: 7),
        .pack("list", [0xdd, 0xff, 0xff, 0xff, 0xff, 0xc1], .truncated, at: 6),
        .pack("map", [0xdf, 0x7f, 0xff, 0xff, 0xff, 0x01, 0x01], .truncated, at: 7),
    ]) func `A count beyond what is there is refused before its items are read`(_ refusal: Refusal) { refusal.check() }

    @Test(.timeLimit(.minutes(1))) func `Labels that Unicode calls equivalent stay different`() throws {
        // Order of combining marks does not matter to String, it does to KERI.
        let marks: [Unicode.Scalar] = ["\u{301}", "\u{323}"]
        var members: [String] = []
        for number in 0..<4096 {
            var text = String.UnicodeScalarView()
            for bit in 0..<12 {
                text.append("a")
                text.append(contentsOf: number >> bit & 1 == 0 ? marks : marks.reversed())
            }
            members.append(String(text))
        }
        let map = try #require(OrderedMap(members: members.map { .init(label: $0, value: 1) }))
        #expect(Set(members).count == 1)
        #expect(map.count == 4096)
        let bytes = try map.encoded(as: .json)
        #expect(try OrderedValue(parsing: bytes.span, format: .json) == .map(map))
    }
}

/// A small seeded generator (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
