// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// A stream that must be refused, with the one way in which it must be.
struct BadStream: Sendable, CustomTestStringConvertible {
    let name: String
    let code: String
    let status: Int32
    let make: @Sendable ([UInt8]) -> [UInt8]

    init(_ name: String, _ code: String, _ status: Int32 = 1, _ make: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.name = name
        self.code = code
        self.status = status
        self.make = make
    }

    var testDescription: String { name }

    private static let nested = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    private static func interaction(_ anchors: String) -> [UInt8] {
        let said = "EAWnmLi7pxQ_xbWL4UUYaDl-Af6WTeiPqyuzJijI-ORj"
        return StreamMaker.body(
            #"{"v":"@","t":"ixn","d":"\#(said)","i":"\#(said)","s":"1","p":"\#(said)","a":\#(anchors)}"#)
    }

    static let all: [BadStream] = [
        BadStream("cut inside a body", "KM-MESSAGE-TRUNCATED", 3) { Array($0.prefix(100)) },
        BadStream("cut inside the signatures", "KM-MESSAGE-TRUNCATED", 3) { Array($0.dropLast(10)) },
        BadStream("a body that claims 16 MiB", "KM-MESSAGE-TOO-LARGE") {
            let start = StreamMaker.offset(of: "KERI10JSON", in: $0) ?? 0
            var bytes = $0
            bytes.replaceSubrange((start + 10)..<(start + 16), with: Array("ffffff".utf8))
            return bytes
        },
        BadStream("a hundred lists in each other", "KM-DOCUMENT-NESTING-TOO-DEEP") { _ in interaction("[\(nested)]") },
        BadStream("white space in a body", "KM-DOCUMENT-WHITE-SPACE") { _ in interaction("[ ]") },
        BadStream("another escape", "KM-DOCUMENT-NON-CANONICAL-ESCAPE") { _ in interaction(#"["\u0041"]"#) },
        BadStream("a label twice", "KM-DOCUMENT-DUPLICATE-LABEL") { _ in interaction(#"[{"x":1,"x":2}]"#) },
        BadStream("a leading zero", "KM-DOCUMENT-NON-CANONICAL-INTEGER") { _ in interaction("[01]") },
        BadStream("text that is not UTF-8", "KM-DOCUMENT-INVALID-UTF8") { _ in
            interaction(#"["xy"]"#).map { $0 == UInt8(ascii: "y") ? 0xFF : $0 }
        },
        BadStream("members out of order", "KM-MESSAGE-WRONG-MEMBERS") { _ in
            StreamMaker.body(#"{"v":"@","t":"ixn","i":"x","d":"y","s":"1","p":"z","a":[]}"#)
        },
        BadStream("an unknown type", "KM-MESSAGE-UNKNOWN-KIND") { _ in
            StreamMaker.body(#"{"v":"@","t":"xyz","d":"x"}"#)
        },
        BadStream("protocol version 3", "KM-MESSAGE-UNSUPPORTED-VERSION") {
            StreamMaker.replacing("KERI10JSON", with: "KERI30JSON", in: $0)
        },
        BadStream("a protocol that does not exist", "KM-MESSAGE-VERSION-STRING") {
            StreamMaker.replacing("KERI10JSON", with: "XERI10JSON", in: $0)
        },
        BadStream("a version string without its end", "KM-MESSAGE-VERSION-STRING") {
            StreamMaker.replacing("_\",\"t\":\"icp\"", with: "-\",\"t\":\"icp\"", in: $0)
        },
        BadStream("an unknown code", "KM-CESR-UNKNOWN-CODE") {
            StreamMaker.replacing("-AAB", with: "-AAB", in: $0).isEmpty ? [] : spoilSignature(in: $0, with: "9")
        },
        BadStream("an unknown counter", "KM-CESR-UNKNOWN-CODE") { StreamMaker.replacing("-AAB", with: "-YAB", in: $0) },
        BadStream("pad bits that are not zero", "KM-CESR-NON-ZERO-PAD") { spoilSignature(in: $0, at: 2, with: "_") },
        BadStream("a forged digest", "KM-MESSAGE-FORGED-SAID") { forge("\"i\":\"E", in: forge("\"d\":\"E", in: $0)) },
        BadStream("a prefix of another event", "KM-MESSAGE-PREFIX-RULE") { forge("\"i\":\"E", in: $0) },
        BadStream("a changed threshold", "KM-MESSAGE-FORGED-SAID") {
            StreamMaker.replacing("\"kt\":\"1\"", with: "\"kt\":\"0\"", in: $0)
        },
        BadStream("a bad signature", "KM-EVENT-NO-VALID-SIGNATURE") {
            spoilSignature(in: $0, at: 40, with: "A", or: "B")
        },
        BadStream("no signature", "KM-EVENT-NO-VALID-SIGNATURE") {
            Array($0.prefix(StreamMaker.offset(of: "-V", in: $0) ?? 0))
        },
        BadStream("something else", "KM-MESSAGE-FRAMING") { _ in Array("hello, world, this is no stream at all".utf8) },
        BadStream("zero bytes", "KM-MESSAGE-FRAMING") { _ in [UInt8](repeating: 0, count: 300) },
    ]

    /// Changes the eleventh character behind the first occurrence of a text.
    private static func forge(_ text: String, in bytes: [UInt8]) -> [UInt8] {
        let place = (StreamMaker.offset(of: text, in: bytes) ?? 0) + text.utf8.count + 10
        var bytes = bytes
        bytes[place] = bytes[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        return bytes
    }

    /// Changes one character of the first signature, counted from its code.
    private static func spoilSignature(
        in bytes: [UInt8], at place: Int = 0, with character: Unicode.Scalar, or other: Unicode.Scalar = "B"
    ) -> [UInt8] {
        guard let start = StreamMaker.offset(of: "-AAB", in: bytes) else { return [] }
        var bytes = bytes
        let new = UInt8(ascii: character)
        bytes[start + 4 + place] = bytes[start + 4 + place] == new ? UInt8(ascii: other) : new
        return bytes
    }
}

@Suite(.timeLimit(.minutes(5))) struct BadStreamTests {
    /// One key, one event: the simplest right stream.
    private static func right() throws -> (Sandbox, [UInt8]) {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        try box.kelmark("id create alice", expecting: 0)
        return (box, try box.kelmark("id export alice", expecting: 0).output)
    }

    @Test(arguments: BadStream.all)
    func isRefusedWithItsOwnCode(bad: BadStream) throws {
        let (maker, stream) = try Self.right()
        let bytes = bad.make(stream)
        #expect(!bytes.isEmpty && bytes != stream)
        try maker.write(bytes, to: "bad.cesr")
        let verified = try maker.kelmark("kel verify bad.cesr --json")
        #expect(verified.status == bad.status, "\(verified.errors)")
        #expect(try verified.code() == bad.code)
        let error = try verified.envelope()["error"]
        #expect(error?["cause"]?.textValue?.isEmpty == false)
        #expect(error?["next"]?.textValue?.isEmpty == false)

        // Another home takes nothing of it in.
        let other = try Sandbox()
        try other.kelmark("init", expecting: 0)
        try other.kelmark("id create bob", expecting: 0)
        let before = try other.contents()
        try other.write(bytes, to: "bad.cesr")
        let imported = try other.kelmark("id import bad.cesr --json")
        #expect(imported.status == bad.status, "\(imported.errors)")
        #expect(try imported.code() == bad.code)
        #expect(try other.contents() == before)
    }

    @Test func everyCodeIsExplained() throws {
        let box = try Sandbox()
        for code in Set(BadStream.all.map(\.code)) { try box.kelmark("explain \(code)", expecting: 0) }
    }

    @Test func largerThanTheBoundIsNotRead() throws {
        let (box, stream) = try Self.right()
        try box.write(stream, to: "log.cesr")
        for command in ["kel verify log.cesr", "id import log.cesr", "inspect log.cesr"] {
            let run = try box.kelmark("\(command) --json", environment: ["KELMARK_LIMITS_INPUT_BYTES": "100"])
            #expect(run.status == 1)
            #expect(try run.code() == "KM-INPUT-TOO-LARGE")
        }
    }

    @Test func missingAndEmptyFiles() throws {
        let (box, _) = try Self.right()
        try box.write("", to: "empty")
        for command in ["kel verify", "id import", "inspect"] {
            #expect(try box.kelmark("\(command) nowhere --json", expecting: 4).code() == "KM-INPUT-MISSING")
            #expect(try box.kelmark("\(command) empty --json", expecting: 3).code() == "KM-INPUT-EMPTY")
        }
    }

    @Test func duplicityIsFoundAndProven() throws {
        let (box, stream) = try Self.right()
        let copy = try Sandbox()
        try copy.kelmark("init", expecting: 0)
        // Two homes with the same keys anchor different things at the same place.
        for file in ["keys.vault", "wallet.json", "events.sqlite"] {
            try copy.write(try box.read("home/" + file), to: "home/" + file, mode: 0o600)
        }
        try copy.kelmark("id import -", environment: [:], input: stream)
        try box.kelmark("id anchor alice --empty", expecting: 0)
        try copy.write(#"["other"]"#, to: "other.json")
        let forked = try copy.kelmark("id anchor alice --data other.json")
        try #require(forked.status == 0, "\(forked.errors)")
        let one = try box.kelmark("id export alice", expecting: 0).output
        let other = try copy.kelmark("id export alice", expecting: 0).output
        try box.write(one, to: "one.cesr")
        try box.write(other, to: "other.cesr")
        let run = try box.kelmark("kel verify one.cesr other.cesr --json", expecting: 1)
        #expect(try run.code() == "KM-AID-DUPLICITY")
        #expect(try run.data()["duplicity"]?[0]?["s"] == "1")
        #expect(try box.kelmark("kel diff one.cesr other.cesr --json", expecting: 1).code() == "KM-AID-LOGS-DIFFER")
    }
}
