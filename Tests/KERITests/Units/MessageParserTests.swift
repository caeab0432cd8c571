// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERI

/// Every member of every message, broken in turn; and what the errors say.
struct MessageParserTests {
    /// Values that no member of the label takes.
    static let wrong: [String: [OrderedValue]] = [
        "i": ["", "x", 1, [], .null], "s": ["", "00", "A", 0, []], "p": ["x", 1, []],
        "kt": [
            "", "x", ["1/3"], [], [[]], true, .integer("-1"), .integer("4294967296"), [1], [["1"], "1"],
            [["1"], ["1": "1"]],
        ],
        "k": ["x", ["x"], [1], [[]]], "nt": ["", ["1/3"], .null], "n": ["x", ["x"], ""],
        "bt": ["", "x", "100000000", [], .integer("4294967296"), .integer("-1")], "b": [["x"], "x"],
        "br": [["x"], "x"], "ba": [["x"], "x"], "c": ["x", [1], [[]]], "a": ["x", 1], "di": ["", "x", 1],
        "dt": ["", "2024", 1, "2024-13-01T00:00:00.000000+00:00"], "r": [1, []], "rr": [1], "q": ["x", []],
        "e": [[], 1], "rp": ["x", 1], "ii": ["x"], "ri": ["x"], "ra": ["x", [:], ["i": "x", "s": "0", "d": "x"]],
    ]

    /// One right message of each kind.
    static func messages() throws -> [(MessageKind, [(String, OrderedValue)])] {
        let author = try Author("author", witnesses: TestKey.witnesses("w", 1))
        let said = OrderedValue.text(author.state.said.text)
        let aid = OrderedValue.text(author.aid.text)
        let key = OrderedValue.text(author.keys[0].verificationKey.text)
        let dated: OrderedValue = "2024-02-03T04:05:06.000000+00:00"
        let establishment: [(String, OrderedValue)] = [
            ("kt", "1"), ("k", [key]), ("nt", "1"), ("n", [said]), ("bt", "1"),
        ]
        let inception: [(String, OrderedValue)] =
            [("d", ""), ("i", ""), ("s", "0")] + establishment + [("b", [aid]), ("c", ["EO"]), ("a", [])]
        let rotation: [(String, OrderedValue)] =
            [("d", ""), ("i", aid), ("s", "1"), ("p", said)] + establishment + [("br", []), ("ba", [aid]), ("a", [])]
        let seal: OrderedValue = ["i": said, "s": "0", "d": said]
        return [
            (.inception, inception), (.delegatedInception, inception + [("di", aid)]), (.rotation, rotation),
            (.delegatedRotation, rotation),
            (.interaction, [("d", ""), ("i", aid), ("s", "1"), ("p", said), ("a", [])]),
            (.receipt, [("d", said), ("i", aid), ("s", "0")]),
            (.reply, [("d", ""), ("dt", dated), ("r", "/x"), ("a", [:])]),
            (.bare, [("d", ""), ("dt", dated), ("r", "/x"), ("a", [:])]),
            (.query, [("d", ""), ("dt", dated), ("r", "x"), ("rr", ""), ("q", [:])]),
            (.prod, [("d", ""), ("dt", dated), ("r", "x"), ("rr", ""), ("q", [:])]),
            (
                .exchange,
                [
                    ("d", ""), ("i", aid), ("rp", ""), ("p", ""), ("dt", dated), ("r", "x"), ("q", [:]), ("a", [:]),
                    ("e", [:]),
                ]
            ),
            (
                .registryInception,
                [("d", ""), ("i", ""), ("ii", aid), ("s", "0"), ("c", ["NB"]), ("bt", "0"), ("b", []), ("n", "nonce")]
            ),
            (
                .registryRotation,
                [("d", ""), ("i", said), ("p", said), ("s", "1"), ("bt", "0"), ("br", []), ("ba", [])]
            ),
            (.issuance, [("d", ""), ("i", said), ("s", "0"), ("ri", said), ("dt", dated)]),
            (.revocation, [("d", ""), ("i", said), ("s", "1"), ("ri", said), ("p", said), ("dt", dated)]),
            (.backedIssuance, [("d", ""), ("i", said), ("ii", aid), ("s", "0"), ("ra", seal), ("dt", dated)]),
            (.backedRevocation, [("d", ""), ("i", said), ("s", "1"), ("p", said), ("ra", seal), ("dt", dated)]),
        ]
    }

    static func digests(of kind: MessageKind) -> [String] {
        switch kind {
        case .receipt: []
        case .inception, .delegatedInception, .registryInception: ["d", "i"]
        default: ["d"]
        }
    }

    @Test(arguments: MessageKind.allCases)
    func readsAndRefuses(_ kind: MessageKind) throws {
        let members = try #require(try Self.messages().first { $0.0 == kind }).1
        let digests = Self.digests(of: kind)
        var parser = MessageParser()
        for format in [DocumentFormat.json, .cbor, .messagePack] {
            let bytes = try MessageBuilder.body(kind, members, digests: digests, format: format)
            #expect(try parser.parse(bytes.span, format: format).kind == kind)
        }
        var tried = 0
        for place in members.indices where !digests.contains(members[place].0) {
            for value in Self.wrong[members[place].0] ?? [] {
                // Maps are payload here, and empty texts stand for nothing there.
                if members[place].0 == "a", members[place].1.mapValue != nil, value.mapValue != nil { continue }
                if kind == .exchange, members[place].0 == "p", value == "" { continue }
                // A registry's `n` is any text but the empty one.
                if kind == .registryInception, members[place].0 == "n", value == "x" { continue }
                var broken = members
                broken[place].1 = value
                let bytes = try MessageBuilder.body(kind, broken, digests: digests)
                let error = #expect(throws: MessageError.self, "\(members[place].0) = \(value)") {
                    try parser.parse(bytes.span, format: .json)
                }
                guard let error else { continue }
                #expect(["bad-value", "prefix-rule"].contains(error.code.name), "\(members[place].0): \(error)")
                #expect(error.offset > 0 && error.offset <= bytes.count)
                #expect(!error.description.isEmpty)
                tried += 1
            }
            // One missing, one more, two swapped.
            for change in 0..<3 {
                var list = members
                switch change {
                case 0: list.remove(at: place)
                case 1: list.insert(("zz", 1), at: place)
                default:
                    guard place > 0 else { continue }
                    list.swapAt(place, place - 1)
                }
                // An exchange message without `rp` is the form of keripy 1.1.
                if kind == .exchange, change == 0, members[place].0 == "rp" { continue }
                let bytes = try MessageBuilder.body(kind, list, digests: digests)
                #expect(throws: MessageError.self) { try parser.parse(bytes.span, format: .json) }
            }
        }
        #expect(tried > 2)
    }

    @Test func refusesOtherDocuments() throws {
        let cases: [(String, String)] = [
            ("", "document"), ("{", "document"), ("[]", "not-a-message"), ("{}", "not-a-message"),
            ("1", "not-a-message"),
            ("{\"v\":1,\"t\":\"icp\"}", "not-a-message"), ("{\"t\":\"icp\",\"v\":\"x\"}", "not-a-message"),
            ("{\"v\":\"x\",\"x\":\"icp\"}", "wrong-members"), ("{\"v\":\"x\",\"x\":\"abc\"}", "wrong-members"),
            ("{\"v\":\"x\",\"t\":\"abc\"}", "unknown-kind"),
            ("{\"v\":\"x\",\"t\":\"long\"}", "unknown-kind"), ("{\"v\":\"x\",\"t\":1}", "unknown-kind"),
            ("{\"v\":\"x\",\"t\":\"icp\"}", "wrong-members"), ("{ }", "document"),
            ("{\"v\":\"x\",\"v\":\"x\"}", "document"),
        ]
        var parser = MessageParser()
        for (text, code) in cases {
            let error = #expect(throws: MessageError.self) { try parser.parse(Array(text.utf8).span, format: .json) }
            #expect(error?.code.name == code, "\(text)")
            #expect(error.map { !$0.description.isEmpty } ?? false)
        }
    }

    @Test func refusesOtherVersions() throws {
        let bytes = try Author("a").latest.event.bytes
        var parser = MessageParser()
        let text = String(decoding: bytes, as: UTF8.self)
        for other in ["ACDC10JSON", "KERI11JSON", "KERI20JSON"] {
            let changed = Array(text.replacing("KERI10JSON", with: other).utf8)
            var reader = StreamReader()
            guard case .message(let frame) = reader.next(in: changed.span) else { continue }
            #expect(throws: MessageError(.unsupportedVersion)) {
                try parser.parse(changed.span, version: frame.version)
            }
        }
    }

    /// What can still be told apart from what follows depends on what is wrong.
    @Test func tellsHowFarAnErrorReaches() throws {
        var parser = MessageParser()
        func extent(_ bytes: [UInt8], _ format: DocumentFormat = .json) -> MessageError.Extent? {
            do throws(MessageError) { _ = try parser.parse(bytes.span, format: format) } catch { return error.extent }
            return nil
        }
        let event = try Author("a").latest.event
        let text = String(decoding: event.bytes, as: UTF8.self)
        #expect(extent(event.bytes) == nil)
        #expect(extent(Array(event.bytes.dropLast())) == MessageError.Extent.none)
        #expect(extent(Array(text.replacing(",\"s\"", with: ", \"s\"").utf8)) == .body)
        #expect(extent(Array(text.replacing("\"bt\":\"0\"", with: "\"bt\":\"1\"").utf8)) == .body)
        #expect(extent(Array(text.replacing("\"c\":[]", with: "\"c\":[],\"c\":[]").utf8)) == .body)
        let bad = try MessageBuilder.body(
            .interaction,
            [
                ("d", ""), ("i", .text(event.aid.text)), ("s", "01"), ("p", .text(event.said.text)), ("a", []),
            ], digests: ["d"])
        #expect(extent(bad) == .message)
        let binary = try Author("a", format: .cbor).latest.event.bytes
        #expect(extent(Array(binary.dropLast()), .cbor) == MessageError.Extent.none)
        #expect(extent(binary + [0], .cbor) == MessageError.Extent.none)
    }

    @Test func checksDigestsAndPrefixes() throws {
        let author = try Author("author")
        let other = try Author("other")
        var parser = MessageParser()
        func code(_ event: KeyEvent, _ digests: [String], _ edit: (inout OrderedMap) -> Void) throws -> String? {
            var map = try event.members
            edit(&map)
            var bytes = try SelfAddressing.seal(&map, labels: digests, version: true)
            if digests.isEmpty { bytes = try OrderedValue.map(map).encoded(as: .json) }
            do throws(MessageError) { _ = try parser.parse(bytes.span, format: .json) } catch { return error.code.name }
            return nil
        }
        let event = author.latest.event
        let foreign = OrderedValue.text(other.latest.event.said.text)
        #expect(try code(event, []) { _ in } == nil)
        #expect(try code(event, []) { $0["d"] = foreign } == "prefix-rule")
        #expect(try code(event, []) { $0["i"] = foreign } == "prefix-rule")
        #expect(
            try code(event, []) {
                $0["d"] = foreign
                $0["i"] = foreign
            } == "forged-said")
        #expect(try code(event, []) { $0["d"] = "none" } == "forged-said")
        #expect(try code(event, []) { $0["d"] = 1 } == "forged-said")
        #expect(try code(event, ["d"]) { $0["i"] = "nobody" } == "prefix-rule")
        #expect(try code(event, ["d"]) { $0["i"] = 1 } == "prefix-rule")
        // Prefixes are BLAKE3-256 digests.
        var map = try event.members
        let bytes = try SelfAddressing.seal(&map, labels: ["d", "i"], code: .sha3_256, version: true)
        #expect(throws: MessageError.self) { try parser.parse(bytes.span, format: .json) }
        // A prefix that can't rotate has no next keys, no witnesses and no seals, and a signature code is no prefix.
        let fixed = try TestKey.named("fixed", isTransferable: false)
        let next = OrderedValue.text(KeyDigest(of: fixed.verificationKey).text)
        let stated = Establishment(
            signingThreshold: .count(1), keys: [fixed.verificationKey], nextThreshold: .count(0), nextDigests: [])
        let basic = try EventBuilder.basicInception(stated)
        #expect(try code(basic, ["d"]) { _ in } == nil)
        #expect(try code(basic, ["d"]) { $0["n"] = [next] } == "prefix-rule")
        #expect(try code(basic, ["d"]) { $0["b"] = [.text(fixed.verificationKey.text)] } == "prefix-rule")
        #expect(try code(basic, ["d"]) { $0["a"] = [["d": next]] } == "prefix-rule")
    }

    /// The messages of credential registries in keripy's vectors are typed too.
    @Test func readsRegistryMessages() throws {
        var kinds: [MessageKind: Int] = [:]
        var parser = MessageParser()
        for kase in OrderedFile.rows("cases", of: "acdc.json") {
            for step in kase["steps"]?.listValue ?? [] {
                guard let bytes = step["message"]?.blob else { continue }
                var reader = StreamReader()
                guard case .message(let frame) = reader.next(in: bytes.span), frame.version.isKERI10 else { continue }
                let message: Message
                do throws(MessageError) {
                    message = try parser.parse(bytes.span.extracting(frame.bodyRange), version: frame.version)
                } catch { continue }
                kinds[message.kind, default: 0] += 1
                guard case .registryEvent(let event) = message else { continue }
                #expect(event.bytes == Array(bytes[frame.bodyRange]))
                #expect((event.prior == nil) == (event.sn == .zero))
                #expect(message.subject == nil)
            }
        }
        for kind in [
            MessageKind.registryInception, .registryRotation, .issuance, .revocation, .backedIssuance,
            .backedRevocation,
        ] {
            #expect(kinds[kind] != nil, "\(kind)")
        }
    }
}
