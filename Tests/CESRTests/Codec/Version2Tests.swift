// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import CESR

/// `v2_samples.json`: the tables and messages of CESR 2.0.
@Suite struct Version2Tests {
    struct File: Decodable {
        var matter: [Matter]
        var counters: [CounterRow]
        var version_strings: [Version]
        var genus_version_code: [String: String]
        var messages: [Message]
    }

    struct Matter: Decodable, Sendable, CustomTestStringConvertible {
        var code: String
        var hs: Int
        var ss: Int
        var xs: Int
        var fs: Int?
        var ls: Int
        var soft: String
        var raw: String
        var qb64: String
        var qb2: String
        var testDescription: String { "\(code) \(soft)" }
    }

    struct CounterRow: Decodable, Sendable, CustomTestStringConvertible {
        var genus_major: UInt8
        var code: String
        var name: String
        var hs: Int
        var ss: Int
        var count: Int
        var qb64: String
        var qb2: String
        var testDescription: String { "\(genus_major) \(code)" }
    }

    struct Version: Decodable, Sendable {
        var proto: String
        var pvrsn: String
        var gvrsn: String
        var kind: String
        var size: Int
        var text: String
    }

    struct Message: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var kind: String
        var raw: Blob
        var testDescription: String { "\(name) \(kind)" }
    }

    static let file = try! Vectors.decode(File.self, from: "KERI/v2_samples.json")

    @Test(arguments: file.matter)
    func primitive(_ row: Matter) throws {
        let code = try #require(PrimitiveCode(row.code))
        let format = try #require(PrimitiveFormat(code, table: .version2))
        #expect(code.hardCount == row.hs && format.soft == row.ss && format.filler == row.xs)
        let full: Int? = format.isVariable ? nil : format.full
        #expect(format.lead == row.ls && full == row.fs)
        let raw = bytes(hex: row.raw)
        // The soft part of variable codes is the size, which follows from the value.
        let tag = format.isVariable ? "" : row.soft
        let built: Primitive
        if tag.isEmpty {
            built = try Primitive(code: code, raw: raw, table: .version2)
        } else {
            built = try Primitive(code: code, tag: tag, raw: raw)
        }
        #expect(built.text == row.qb64)
        #expect(built.binary == bytes(hex: row.qb2))
        #expect(built.encodedCount(in: .text) == row.qb64.utf8.count)
        #expect(built.encodedCount(in: .binary) == row.qb2.utf8.count / 2)
        #expect(try Primitive(text: row.qb64, table: .version2) == built)
        #expect(try Primitive(binary: bytes(hex: row.qb2).span, table: .version2) == built)
        for count in 0..<row.qb64.utf8.count {
            let cut = Array(row.qb64.utf8.prefix(count))
            let error = #expect(throws: CESRError.self) { try Primitive(text: cut.span, table: .version2) }
            #expect(error?.missing != nil)
        }
        if format.filler > 0 {
            let wrong = row.qb64.replacing(row.code + "_", with: row.code + "A", maxReplacements: 1)
            #expect(throws: CESRError(.nonZeroFiller, offset: row.code.utf8.count)) {
                try Primitive(text: wrong, table: .version2)
            }
        }
    }

    @Test func tablesDiffer() throws {
        #expect(throws: CESRError(.unknownCode)) { try Primitive(text: "Z9xzCxx-_AAy") }
        #expect(throws: CESRError(.unknownCode)) { try Primitive(text: "2AAAAAAA", table: .version2) }
        #expect(throws: CESRError(.nonZeroPad, offset: 1)) { try Primitive(text: "Xicp") }
        #expect(try Primitive(text: "Xicp", table: .version2).tag == "icp")
        #expect(throws: CESRError(.wrongLength(expected: 3, found: 0))) {
            try Primitive(code: .tag3, raw: [], table: .version2)
        }
        #expect(throws: CESRError(.wrongLength(expected: 0, found: 2))) { try Primitive(code: .bytes, tag: "AB") }
    }

    @Test(arguments: file.counters)
    func counter(_ row: CounterRow) throws {
        let table = try #require(CodeTable(rawValue: row.genus_major))
        let counter = try Counter(text: row.qb64, table: table)
        #expect(counter.code.text == row.code && counter.code.description == row.code)
        #expect(counter.code.hardCount == row.hs && counter.code.softCount == row.ss)
        #expect(counter.count == row.count)
        #expect(counter.text == row.qb64 && counter.description == row.qb64)
        #expect(counter.binary == bytes(hex: row.qb2))
        #expect(try Counter(binary: bytes(hex: row.qb2).span, table: table) == counter)
        #expect(CountCode(row.code, table: table) == counter.code)
        let form: CountCode.Form = row.code.hasPrefix("--") ? .big : row.code.hasPrefix("-_") ? .genus : .small
        #expect(CountCode(counter.code.kind, table: table, form: form) == counter.code)
        #expect(!counter.code.kind.name.isEmpty)
    }

    @Test func genusVersions() throws {
        #expect(try Counter(genusVersion: 1, 0).text == Self.file.genus_version_code["v1"])
        #expect(try Counter(genusVersion: 2, 0).text == Self.file.genus_version_code["v2"])
        #expect(throws: CESRError(.outOfRange)) { try Counter(genusVersion: 64, 0) }
        #expect(throws: CESRError(.unknownCode)) { try Counter(genusVersion: 1, 0, form: .big) }
        #expect(throws: CESRError(.unknownCode)) { try Counter(text: "-_AABCAA") }
        #expect(throws: CESRError(.unknownCode)) { try Counter(text: "--AABAAA") }
        #expect(try Counter(text: "-_AAACAA").contentCount(in: .text) == 0)
    }

    @Test func bigCounters() throws {
        #expect(try Counter(.attachments, count: 4096).text == "-0VAABAA")
        #expect(try Counter(.attachments, count: 4096, table: .version2).text == "--CAABAA")
        #expect(throws: CESRError(.outOfRange)) { try Counter(.controllerSignatures, count: 4096) }
        #expect(throws: CESRError(.unknownCode)) { try Counter(.digestSeals, count: 1) }
        #expect(throws: CESRError(.outOfRange)) { try Counter(.attachments, count: 1 << 30) }
        #expect(throws: CESRError(.unknownCode)) { try Counter(text: "-0AAAAAB") }
        #expect(throws: CESRError(.unknownCode)) { try Counter(text: "--BAAAAB") }
        #expect(CountCode("A") == nil && CountCode("-") == nil && CountCode("-AA") == nil && CountCode("-Q") == nil)
        for kind in GroupKind.allCases {
            #expect(CountCode(kind, form: .genusVersion1) == nil || kind == .genusVersion)
            #expect(CountCode(kind, table: .version2, form: .bigVersion1) == nil)
        }
    }

    @Test(arguments: file.version_strings)
    func version(_ row: Version) throws {
        let parsed = try VersionString(text: row.text)
        #expect(parsed.protocol.text == row.proto)
        #expect("\(parsed.major).\(parsed.minor)" == row.pvrsn)
        #expect("\(parsed.genusMajor).\(parsed.genusMinor)" == row.gvrsn)
        #expect(parsed.format.text == row.kind)
        #expect(parsed.size == row.size)
        #expect(parsed.text == row.text)
        #expect(parsed.table == .version2)
        let built = try VersionString(version2: parsed.protocol, format: parsed.format, size: row.size)
        #expect(built == parsed)
        for count in 0..<row.text.utf8.count {
            #expect(throws: CESRError(.invalidVersion)) { try VersionString(text: String(row.text.prefix(count))) }
        }
    }

    @Test(arguments: file.messages)
    func message(_ row: Message) throws {
        let bytes = row.raw.bytes
        let found = events(of: bytes)
        #expect(found.count == 1)
        let frame = try #require(found.first?.frame)
        #expect(frame.range == 0..<bytes.count)
        #expect(frame.version.major == 2 && frame.version.format.text == row.kind)
        #expect(frame.version.size == bytes.count)
        #expect(events(of: bytes, inPartsOf: [1]).events == found)
        #expect(!AnnotatedStream(bytes.span).hasFaults)
        // Native bodies are the same in the binary domain.
        if row.kind == "CESR" {
            let binary = try Base64URL.decode(bytes.span)
            #expect(events(of: binary).compactMap(\.frame?.range) == [0..<binary.count])
            #expect(!AnnotatedStream(binary.span).hasFaults)
        }
        for count in 0..<bytes.count { #expect(events(of: Array(bytes[..<count])).compactMap(\.frame).isEmpty) }
    }

    @Test func streamOfEverything() throws {
        // A genus counter, then all messages, each with version 2 attachments, in one stream.
        var stream = Array("-_AAACAA".utf8)
        var attachments = Attachments()
        let raw = [UInt8](repeating: 5, count: 64)
        let signature = try IndexedSignature(code: .ed25519, index: 1, raw: raw)
        let prefix = try Primitive(code: .blake3_256, raw: [UInt8](repeating: 9, count: 32))
        let key = try Primitive(code: .ed25519NonTransferable, raw: [UInt8](repeating: 9, count: 32))
        attachments.controllerSignatures = [signature, signature]
        attachments.witnessSignatures = [signature]
        attachments.nonTransferableReceipts = [
            NonTransferableReceipt(key: key, signature: try Primitive(code: .ed25519Signature, raw: raw))
        ]
        attachments.transferableReceipts = [
            TransferableReceipt(prefix: prefix, sn: 4, said: prefix, signature: signature)
        ]
        attachments.firstSeenCouples = [
            FirstSeenCouple(ordinal: 3, dateTime: try DateTime(text: "2024-01-01T00:00:00.000000+00:00"))
        ]
        attachments.transferableGroups = [
            TransferableSignatureGroup(prefix: prefix, sn: 1, said: prefix, signatures: [signature, signature]),
            TransferableSignatureGroup(prefix: prefix, sn: 2, said: prefix, signatures: []),
        ]
        attachments.sealSourceCouples = [SealSourceCouple(sn: 1, said: prefix)]
        attachments.lastEstablishmentGroups = [LastEstablishmentGroup(prefix: prefix, signatures: [signature])]
        attachments.sealSourceTriples = [SealSourceTriple(prefix: prefix, sn: 1, said: prefix)]
        let path = try FieldPath(["a"]).primitive.textBytes
        attachments.pathedGroups = [PathedGroup(domain: .text, content: path)]
        for (position, message) in Self.file.messages.enumerated() {
            stream += message.raw.bytes
            stream += try attachments.encoded(
                in: position % 3 == 0 ? .binary : .text, isWrapped: position % 2 == 0, table: .version2)
        }
        for sizes in [[Int.max], [1000], [17]] {
            let found = events(of: stream, inPartsOf: sizes).events
            #expect(found.count == 32 && found.allSatisfy { $0.frame != nil })
            for (position, frame) in found.compactMap(\.frame).enumerated() {
                var expected = attachments
                if position % 3 == 0 {
                    expected.pathedGroups = [PathedGroup(domain: .binary, content: try Base64URL.decode(path.span))]
                }
                #expect(frame.attachments == expected)
            }
        }
        #expect(!AnnotatedStream(stream.span).hasFaults)
    }

    @Test func numberOfCases() {
        #expect(Self.file.matter.count == 149)
        #expect(Self.file.counters.count == 81)
        #expect(Self.file.version_strings.count == 3)
        #expect(Self.file.genus_version_code.count == 2)
        #expect(Self.file.messages.count == 32)
    }
}
