// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkTestSupport
import Testing

/// What `kelmark inspect` shows.
@Suite struct AnnotatedStreamTests {
    @Test func wholeMessage() throws {
        let all = try StreamReaderTests.everything()
        let stream = StreamReaderTests.body() + (try all.encoded(isWrapped: true))
        let tree = AnnotatedStream(stream.span)
        #expect(!tree.hasFaults)
        let text = tree.text
        for expected in [
            "   0  message, ", "body, KERI 1.0, JSON, 60 bytes", "\"v\": \"KERI10JSON00003c_\",", "  60    -V",
            "controller signatures, 2 elements", "Ed25519 signature, both key lists, index 0: AA",
            "index 3, 9 in the prior next list: 2AADAJ", "current keys only, index 1: BB",
            "key (Ed25519 key, non-transferable): B", "signature (Ed25519 signature): 0B",
            "first-seen ordinal (16-byte number or salt): 7  0AAAAAAAAAAAAAAAAAAAAAAH",
            "date and time (date-time): 2024-01-01T00:00:00.000000+00:00  1AAG", "prefix (BLAKE3-256 digest): E",
            "sequence number (16-byte number or salt): 1  0A", "SAID (BLAKE3-256 digest): E",
            "path (Base64url text): -a-b  4AAB-a-b", "pathed material",
        ] {
            #expect(text.contains(expected), "\(expected)")
        }
        let root = tree.value[0]
        #expect(root?["kind"] == "message" && root?["length"]?.integerValue == stream.count)
        #expect(root?["parts"]?[0]?["document"]?["v"] == "KERI10JSON00003c_")
        #expect(root?["parts"]?[1]?["code"] == "-V")
        #expect(root?["parts"]?[1]?["parts"]?[0]?["parts"]?[1]?["ondex"]?.integerValue == 9)
    }

    @Test func binaryAndNative() throws {
        let all = try StreamReaderTests.everything()
        let stream = StreamReaderTests.body() + (try all.encoded(in: .binary))
        let tree = AnnotatedStream(stream.span)
        #expect(!tree.hasFaults)
        #expect(tree.text.contains("controller signatures, 2 elements, binary"))
        let native = try #require(Version2Tests.file.messages.first { $0.kind == "CESR" })
        let text = AnnotatedStream(native.raw.bytes.span).text
        for expected in ["KERI 2.0, CESR", "t (3-character tag): icp  Xicp", "k: list", "kt (Base64url text): 1s2c1s2"]
        {
            #expect(text.contains(expected), "\(expected)")
        }
        let genus = AnnotatedStream((Array("-_AAACAA".utf8) + native.raw.bytes).span)
        #expect(!genus.hasFaults && genus.text.contains("CESR 2.0.0 from here on"))
    }

    @Test(arguments: Version2Tests.file.messages + [])
    func everyFormat(_ message: Version2Tests.Message) throws {
        let tree = AnnotatedStream(message.raw.bytes.span)
        #expect(!tree.hasFaults && tree.nodes.count == 1)
        #expect(tree.text.contains("body, KERI 2.0, \(message.kind)"))
        let json = try tree.value.encoded(as: .json)
        #expect(!json.isEmpty)
    }

    @Test func faultsInPlace() throws {
        let body = StreamReaderTests.body()
        let spaced = Array("{ \"v\": \"KERI10JSON00002d_\", \"x\": \"aaaaaaaaa\"}".utf8)
        let document = AnnotatedStream(spaced.span)
        #expect(document.hasFaults && document.text.contains("FAULT: the document is not in its one canonical form"))
        #expect(document.text.contains("\"x\": \"aaaaaaaaa\""))
        let broken = Array("{\"v\":\"KERI10JSON00002d_\",\"x\":\"aaaaaaaaa\"zzzz}".utf8)
        #expect(AnnotatedStream(broken.span).text.contains("45 bytes: {\"v\""))
        let unknown = AnnotatedStream((body + Array("-QAB".utf8) + body).span)
        #expect(unknown.text.contains("FAULT: attachment: no table has this code"))
        let cut = AnnotatedStream((body + Array("-AABAA".utf8)).span)
        #expect(cut.text.contains("FAULT: the input ends inside a message"))
        let junk = AnnotatedStream(Array("\u{1b}[2J hello".utf8).span)
        #expect(junk.hasFaults && !junk.text.contains("\u{1b}") && junk.text.contains(".[2J hello"))
        #expect(AnnotatedStream([UInt8]().span).nodes.isEmpty)
        #expect(AnnotatedStream([UInt8]().span).text.isEmpty)
    }

    @Test func terminalIsSafe() throws {
        let text =
            "{\"v\":\"KERI10JSON000050_\",\"x\":\"\\u001b[31m\u{202e}\u{9b}\u{7f}\",\"q\":\"a\\\"\\\\\",\"l\":[],\"m\":{},"
        let tail = "\"p\":0}"
        var bytes = Array((text + tail).utf8)
        let size = String(bytes.count, radix: 16)
        bytes.replaceSubrange(20..<22, with: size.utf8)
        let tree = AnnotatedStream(bytes.span)
        #expect(tree.nodes.count == 1 && !tree.hasFaults)
        #expect(tree.text.contains(#""\u001b[31m\u202e\u009b\u007f""#))
        #expect(tree.text.contains(#""q": "a\"\\","#) && tree.text.contains("\"l\": [],"))
        #expect(
            tree.text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && $0.value < 0x7f) || $0 == "…" })
    }

    @Test func groupsAndPrimitivesAlone() throws {
        let primitive = AnnotatedStream(StreamReaderTests.aid.textBytes.span)
        #expect(primitive.text.contains("BLAKE3-256 digest: E"))
        let binary = AnnotatedStream(StreamReaderTests.aid.binary.span)
        #expect(binary.text.contains("BLAKE3-256 digest: E"))
        let encoded = try StreamReaderTests.everything().encoded()
        let groups = AnnotatedStream(encoded.span)
        #expect(groups.text.contains("controller signatures, 2 elements"))
        let long = try Primitive(utf8: String(repeating: "long text ", count: 100))
        let text = AnnotatedStream(long.textBytes.span).text
        #expect(text.contains("… (1000 bytes of text)") && text.utf8.count < 500)
    }

    @Test func version2Groups() throws {
        let aid = StreamReaderTests.aid.text
        let number = Primitive(ordinal: 1).text
        func sized(_ letter: String, _ content: String) -> String {
            let count = String(
                decoding: Base64Number.characters(UInt64(content.utf8.count / 4), width: 2), as: UTF8.self)
            return "-" + letter + count + content
        }
        let document = try Primitive(utf8: "{}").text
        let parts: [(String, String)] = [
            ("Q", aid), ("R", aid), ("S", number + aid), ("T", aid + number + aid), ("U", aid), ("V", aid + aid),
            ("W", "Xabc" + aid), ("I", "Xabc" + aid), ("J", aid + aid), ("a", aid + aid + aid + aid), ("H", document),
            ("Z", aid), ("P", StreamReaderTests.path.text + aid), ("D", aid), ("E", aid),
        ]
        let content = parts.map { sized($0.0, $0.1) }.joined()
        let body = sized("G", "0OKERICAACAA" + "Xabc" + aid)
        let stream = sized("B", body + sized("C", sized("K", StreamReaderTests.signature.text) + content))
        let tree = AnnotatedStream(Array(stream.utf8).span)
        for expected in [
            "body with attachments", "native body, map", "version (10-character tag): KERICAACAA", "label", "value",
            "Merkle root seals", "typed digest seals", "type (3-character tag): abc", "registrar (BLAKE3-256 digest)",
        ] {
            #expect(tree.text.contains(expected), "\(expected)")
        }
        #expect(!tree.text.contains("no table"))
    }

    /// Captured from running KERIpy processes.
    @Test(arguments: ["kli-vc-export-demo", "kli-vc-export-full", "witness-oobi-alice", "witness-oobi-self"])
    func liveStreams(_ name: String) throws {
        let bytes = try Vectors.data("KERI/live/\(name).cesr")
        let tree = AnnotatedStream(bytes.span)
        #expect(!tree.hasFaults)
        #expect(!tree.nodes.isEmpty)
        for event in events(of: bytes) {
            let frame = try #require(event.frame)
            let received = Array(bytes[frame.attachmentRange])
            guard !received.isEmpty else { continue }
            let isWrapped = received.starts(with: "-V".utf8)
            #expect(try frame.attachments.encoded(isWrapped: isWrapped) == received)
        }
    }
}
