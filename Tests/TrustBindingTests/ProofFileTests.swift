// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import SPIFFE
import Testing

@testable import TrustBinding

/// Proof files whose logs only look like logs: the file layer does not judge events.
enum FileSample {
    static func event(_ aid: String, _ sn: Int, kind: String = "ixn", signed: Bool = true) -> [UInt8] {
        let number = String(sn + 10)
        let said = "E" + String(repeating: "A", count: 43 - number.utf8.count) + number
        func body(_ version: String) -> String {
            "{\"v\":\"\(version)\",\"t\":\"\(kind)\",\"d\":\"\(said)\",\"i\":\"\(aid)\",\"s\":\"\(String(sn, radix: 16))\"}"
        }
        let count = body("KERI10JSON000000_").utf8.count
        let size = String(count, radix: 16)
        let version = "KERI10JSON" + String(repeating: "0", count: 6 - size.count) + size + "_"
        return Array((body(version) + (signed ? "-AABAA" + String(repeating: "A", count: 86) : "")).utf8)
    }

    static let organisation = "EOrganisationAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static let issuer = "EIssuerAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    static func log(_ aid: String, _ count: Int) -> [UInt8] {
        (0..<count).flatMap { event(aid, $0, kind: $0 == 0 ? "icp" : "ixn", signed: $0 % 2 == 0) }
    }

    static func writer() async throws -> ProofFileWriter {
        let authority = try await Sample.authority()
        let request = try VerifiedCertificateRequest(der: Sample.request())
        let leaf = try await authority.issue(
            to: request, id: Sample.id, now: Sample.now, lifetime: 600, serial: Sample.serial(2))
        var writer = ProofFileWriter()
        writer.append(keyEventLog: log(organisation, 3))
        writer.append(keyEventLog: log(issuer, 2))
        writer.append(.statement(try RecordSample.statement()))
        writer.append(authority: authority.certificate)
        writer.append(svid: [leaf])
        return writer
    }

    /// A whole file and its parts.
    static func file() async throws -> (bytes: [UInt8], file: ProofFile) {
        let bytes = try await writer().finish()
        return (bytes, try ProofFile(bytes))
    }

    /// The messages of some parts, in front of the manifest of others.
    static func file(_ parts: [ProofPart], manifestOf file: ProofFile) throws -> ProofFile {
        let manifest = try ProofFileWriter.manifest(parts: file.parts, newestEvents: file.newestEvents)
        return try ProofFile(try ProofFileWriter.bytes(of: parts) + manifest)
    }
}

struct ProofFileTests {
    @Test func whatIsWrittenIsRead() async throws {
        let (bytes, file) = try await FileSample.file()
        #expect(file.parts.map(\.name.kind) == [.keyEventLog, .keyEventLog, .record, .authority, .svid])
        #expect(file.parts.map(\.count) == [3, 2, 1, 1, 1])
        #expect(file.parts[0].name.id == FileSample.organisation)
        #expect(file.parts[0].content == FileSample.log(FileSample.organisation, 3))
        #expect(file.parts[2].content == (try RecordSample.statement()).bytes)
        #expect(file.newestEvents.map(\.sn) == [2, 1])
        #expect(file.findings == [])
        #expect(file.manifest?.entries.map(\.name) == file.parts.map(\.name))
        #expect(try ProofFileWriter.file(of: file.parts) == bytes)
        #expect(file.parts[0].events.map(\.position.sn) == [0, 1, 2])
        #expect(
            Array(file.parts[0].content[file.parts[0].events[1].range])
                == FileSample.event(
                    FileSample.organisation, 1, signed: false))
    }

    @Test func theVersionStringIsRight() async throws {
        let (_, file) = try await FileSample.file()
        let message = try #require(file.parts[2].message)
        #expect(String(decoding: message.prefix(24), as: UTF8.self).hasPrefix("{\"v\":\"KMRK10JSON"))
        #expect(Int(String(decoding: message[16..<22], as: UTF8.self), radix: 16) == message.count)
    }

    @Test func aMissingPartLeavesOpen() async throws {
        let (_, file) = try await FileSample.file()
        for place in file.parts.indices {
            var parts = file.parts
            let removed = parts.remove(at: place)
            let read = try FileSample.file(parts, manifestOf: file)
            #expect(read.findings == [.missing(removed.name)])
            #expect(read.findings[0].verdict == .undecidable)
        }
    }

    @Test func anUnlistedPartContradicts() async throws {
        let (_, file) = try await FileSample.file()
        let manifest = try ProofFileWriter.manifest(
            parts: Array(file.parts.dropLast()), newestEvents: file.newestEvents)
        let read = try ProofFile(try ProofFileWriter.bytes(of: file.parts) + manifest)
        #expect(read.findings == [.unlisted(file.parts[4].name)])
        #expect(read.findings[0].verdict == .contradicted)
    }

    @Test func anotherOrderContradicts() async throws {
        let (_, file) = try await FileSample.file()
        var parts = file.parts
        parts.swapAt(3, 4)
        #expect(try FileSample.file(parts, manifestOf: file).findings == [.order])
        parts = file.parts
        parts.swapAt(0, 1)
        #expect(try FileSample.file(parts, manifestOf: file).findings == [.order, .newestEvents])
        #expect(ManifestFinding.order.verdict == .contradicted && ManifestFinding.newestEvents.verdict == .contradicted)
    }

    @Test func aShorterLogContradicts() async throws {
        let (_, file) = try await FileSample.file()
        var parts = file.parts
        parts[0] = ProofPart(
            name: parts[0].name, count: 2, content: FileSample.log(FileSample.organisation, 2), offset: 0)
        let read = try FileSample.file(parts, manifestOf: file)
        #expect(read.findings == [.mismatch(parts[0].name), .newestEvents])
        #expect(read.findings[0].verdict == .contradicted)
        // The same count and end, but other bytes.
        var log = file.parts[0].content
        log[log.count - 4] = UInt8(ascii: "B")
        parts[0] = ProofPart(name: parts[0].name, count: 3, content: log, offset: 0)
        #expect(try FileSample.file(parts, manifestOf: file).findings == [.mismatch(parts[0].name)])
    }

    @Test func withoutAManifestTheFileIsOpen() async throws {
        let (_, file) = try await FileSample.file()
        let read = try ProofFile(try ProofFileWriter.bytes(of: file.parts))
        #expect(read.findings == [.noManifest])
        #expect(ManifestFinding.noManifest.verdict == .undecidable)
        #expect(try ProofFile([]).findings == [.noManifest])
    }

    @Test func everyTruncationIsNamed() async throws {
        let (bytes, file) = try await FileSample.file()
        // Between two messages, or behind a body whose signatures are lost, the file can be read.
        for count in stride(from: 1, to: bytes.count, by: 7) {
            do {
                #expect(try ProofFile(Array(bytes[..<count])).findings == [.noManifest])
            } catch {
                #expect(error.code == .truncated, "\(count) \(error)")
                #expect(error.verdict == .undecidable)
            }
        }
        #expect(file.findings.isEmpty)
    }

    @Test func whatHasNoPlaceIsRefused() async throws {
        let (bytes, file) = try await FileSample.file()
        func code(_ bytes: [UInt8]) -> ProofFileError.Code? {
            do {
                _ = try ProofFile(bytes)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(bytes + bytes) == .behindManifest)
        #expect(code(bytes + [0x20]) == .behindManifest)
        #expect(code([0x20] + bytes) == .malformed)
        #expect(code(Array("hello, this is no stream at all".utf8)) == .malformed)
        #expect(code(FileSample.event(FileSample.issuer, 0, kind: "rct")) == .unexpectedMessage)
        let messages = try file.parts.map { try ProofFileWriter.bytes(of: [$0]) }
        #expect(code(messages[2] + messages[0]) == .unexpectedMessage)
        #expect(code(messages[0] + messages[1] + messages[0]) == .logInterleaved)
        #expect(code(messages[2] + messages[2]) == .partRepeated)
        #expect(code([UInt8](repeating: 0x2d, count: ProofFileFormat.largestFile + 1)) == .tooLarge)
        #expect(code(Array("{\"v\":\"KERI10JSON000023_\",\"t\":\"icp\"}".utf8)) == .eventMalformed)
    }

    @Test func messagesOfOursAreStrict() async throws {
        let (_, file) = try await FileSample.file()
        func code(_ map: OrderedMap) throws -> ProofFileError.Code? {
            let message = try #require(ProofFileFormat.address(map))
            do {
                _ = try ProofFile(message)
                return nil
            } catch {
                return error.code
            }
        }
        let recordBytes = file.parts[2].content
        let leafBytes = file.parts[4].content
        let record = Base64URL.encodedString(recordBytes.span)
        let leaf = Base64URL.encodedString(leafBytes.span)
        #expect(try code(["v": "", "t": "km.part.1", "d": "", "kind": "record", "data": .text(record)]) == nil)
        for map: OrderedMap in [
            ["v": "", "t": "km.part.1", "d": "", "data": .text(record), "kind": "record"],
            ["v": "", "t": "km.part.1", "d": "", "kind": "record", "data": .text(record), "note": ""],
            ["v": "", "t": "km.part.1", "d": "", "kind": "record"],
            ["v": "", "t": "km.part.1", "d": "", "kind": "record", "data": ""],
            ["v": "", "t": "km.part.1", "d": "", "kind": "record", "data": .text(record + "=")],
            ["v": "", "t": "km.part.1", "d": "", "kind": "record", "data": .text(leaf)],
            ["v": "", "t": "km.part.1", "d": "", "kind": "kel", "data": .text(record)],
            ["v": "", "t": "km.part.1", "d": "", "kind": "other", "data": .text(record)],
            ["v": "", "t": "km.part.1", "d": "", "kind": "x509-svid", "data": .text(record)],
            ["v": "", "t": "km.part.1", "d": "", "kind": "x509-authority", "data": .text(leaf + leaf)],
            ["v": "", "t": "km.part.1", "d": "", "kind": "record", "data": 1],
        ] {
            #expect(try code(map) == .partMalformed, "\(map)")
        }
        #expect(try code(["v": "", "t": "km.other.1", "d": ""]) == .unexpectedMessage)
        #expect(try code(["v": "", "d": "", "t": "km.part.1"]) == .malformed)
        let entry: OrderedValue = [
            "kind": "kel", "id": "E", "count": 1, "sha256": .text(String(repeating: "0", count: 64)),
        ]
        #expect(try code(["v": "", "t": "km.manifest.1", "d": "", "parts": [entry], "events": []]) == nil)
        for (parts, events): (OrderedValue, OrderedValue) in [
            ([entry, entry], []), ("", []), ([], ""), ([[]], []), ([entry], [[]]),
            ([], [["i": "E", "s": "0", "d": "E"]]),
            ([entry], [["i": "E", "s": "00", "d": "E"]]), ([entry], [["i": "E", "s": "A", "d": "E"]]),
            ([["kind": "kel", "id": "E", "count": 0, "sha256": .text(String(repeating: "0", count: 64))]], []),
            ([["kind": "kel", "id": "E", "count": 1, "sha256": .text(String(repeating: "A", count: 64))]], []),
            ([["kind": "kel", "id": "E", "count": 1, "sha256": "00"]], []),
            ([["kind": "x", "id": "E", "count": 1, "sha256": .text(String(repeating: "0", count: 64))]], []),
        ] {
            let map: OrderedMap = ["v": "", "t": "km.manifest.1", "d": "", "parts": parts, "events": events]
            #expect(try code(map) == .manifestMalformed, "\(parts) \(events)")
        }
    }

    @Test func longLogsAreReadInLinearTime() throws {
        // A log of 4,000 events: quadratic work would show.
        let log = (0..<4_000).flatMap { FileSample.event(FileSample.organisation, $0, signed: false) }
        let file = try ProofFile(log)
        #expect(file.parts.map(\.count) == [4_000])
        #expect(file.newestEvents.map(\.sn) == [3_999])
    }

    @Test func everyFlippedByteShows() async throws {
        let (bytes, file) = try await FileSample.file()
        let whole = file.manifest
        for place in stride(from: 0, to: bytes.count, by: 3) {
            var damaged = bytes
            damaged[place] ^= 0x01
            do {
                let read = try ProofFile(damaged)
                #expect(!read.findings.isEmpty, "byte \(place)")
            } catch {
                #expect(error.offset <= bytes.count)
            }
        }
        #expect(whole != nil)
    }

    @Test func aSelfAddressingRecordOfAnotherTypeIsCarried() throws {
        let other = try #require(SelfAddressing.address(["d": "", "t": "note", "text": ["x"]], label: "d"))
        let record = try BindingRecord(parsing: other.bytes)
        #expect(record.said == other.said)
        var writer = ProofFileWriter()
        writer.append(record)
        #expect(try ProofFile(try writer.finish()).parts[0].name.id == other.said.text)
        let ours = try #require(SelfAddressing.address(["d": "", "t": "km.new.1"], label: "d")).bytes
        #expect(throws: RecordError.self) { try BindingRecord(parsing: ours) }
        let moved = try #require(SelfAddressing.address(["t": "note", "d": ""], label: "d")).bytes
        #expect(throws: RecordError.self) { try BindingRecord(parsing: moved) }
        var damaged = other.bytes
        damaged[damaged.count - 4] ^= 1
        #expect(throws: RecordError.self) { try BindingRecord(parsing: damaged) }
    }

    @Test func aWriterRefusesWhatNoReaderReads() async throws {
        var writer = try await FileSample.writer()
        writer.append(keyEventLog: FileSample.log(FileSample.organisation, 1))
        #expect(throws: ProofFileError.self) { try writer.finish() }
        var damaged = ProofFileWriter()
        damaged.append(keyEventLog: [1, 2, 3])
        #expect(throws: ProofFileError.self) { try damaged.finish() }
    }
}
