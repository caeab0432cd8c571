// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

/// Rules of framing that no vector covers: each test fails when its rule is removed.
@Suite struct StreamReaderTests {
    /// A JSON body of `count` bytes.
    static func body(_ count: Int = 60, version: String = "KERI10", kind: String = "JSON") -> [UInt8] {
        let size = String(count, radix: 16)
        let head = "{\"v\":\"\(version)\(kind)\(String(repeating: "0", count: 6 - size.utf8.count))\(size)_\",\"x\":\""
        return Array((head + String(repeating: "y", count: count - head.utf8.count - 2) + "\"}").utf8)
    }

    static let raw = [UInt8](repeating: 3, count: 64)
    static let signature = try! IndexedSignature(code: .ed25519, index: 0, raw: raw)
    static let cigar = try! Primitive(code: .ed25519Signature, raw: raw)
    static let key = try! Primitive(code: .ed25519NonTransferable, raw: [UInt8](repeating: 1, count: 32))
    static let aid = try! Primitive(code: .blake3_256, raw: [UInt8](repeating: 2, count: 32))
    static let sealed = try! Primitive(code: .x25519, raw: [UInt8](repeating: 2, count: 32))
    static let date = try! DateTime(text: "2024-01-01T00:00:00.000000+00:00").primitive
    static let ordinal = Primitive(ordinal: 7)
    static let path = try! FieldPath(["a", "b"]).primitive

    static func group(_ text: String, _ parts: [String]) -> [UInt8] { Array((text + parts.joined()).utf8) }

    /// All groups of version 1.
    static func everything() throws -> Attachments {
        var all = Attachments()
        all.controllerSignatures = [signature, try IndexedSignature(code: .ed25519Big, index: 3, ondex: 9, raw: raw)]
        all.witnessSignatures = [try IndexedSignature(code: .ed25519CurrentOnly, index: 1, raw: raw)]
        all.nonTransferableReceipts = [NonTransferableReceipt(key: key, signature: cigar)]
        all.transferableReceipts = [TransferableReceipt(prefix: aid, sn: 1, said: aid, signature: signature)]
        all.firstSeenCouples = [FirstSeenCouple(ordinal: 7, dateTime: try DateTime(date))]
        all.transferableGroups = [
            TransferableSignatureGroup(prefix: aid, sn: 1, said: aid, signatures: [signature, signature]),
            TransferableSignatureGroup(prefix: aid, sn: 2, said: aid, signatures: []),
        ]
        all.sealSourceCouples = [SealSourceCouple(sn: .max, said: aid)]
        all.lastEstablishmentGroups = [LastEstablishmentGroup(prefix: aid, signatures: [signature])]
        all.sealSourceTriples = [SealSourceTriple(prefix: aid, sn: 0, said: aid)]
        all.pathedGroups = [PathedGroup(domain: .text, content: path.textBytes + group("-AAB", [signature.text]))]
        return all
    }

    @Test(arguments: Domain.allCases, [false, true])
    func allGroupsRoundTrip(_ domain: Domain, _ isWrapped: Bool) throws {
        let all = try Self.everything()
        let message = Self.body() + (try all.encoded(in: domain, isWrapped: isWrapped))
        let stream = message + message
        let found = events(of: stream)
        #expect(found.count == 2)
        for frame in found.compactMap(\.frame) {
            #expect(try frame.attachments.encoded(in: .text) == all.encoded(in: .text))
            #expect(frame.attachments.isEmpty == false)
        }
        for sizes in [[1], [13], [4, 100]] { #expect(events(of: stream, inPartsOf: sizes).events == found) }
        let structure = events(of: stream, mode: .structure)
        #expect(structure.compactMap(\.frame?.range) == found.compactMap(\.frame?.range))
        #expect(structure.compactMap(\.frame).allSatisfy { $0.attachments.isEmpty })
        #expect(!AnnotatedStream(stream.span).hasFaults)
        for count in 0..<stream.count {
            _ = events(of: Array(stream[..<count]))
            if count % 41 == 0 { _ = AnnotatedStream(stream.span.extracting(first: count)).text }
        }
    }

    @Test(arguments: Domain.allCases)
    func legacyPathedGroupsAreReadAndDropped(_ domain: Domain) throws {
        let signatures =
            "-FAB" + [Self.aid, Self.ordinal, Self.aid].map(\.text).joined() + "-AAB" + Self.signature.text
        let couples = "-CAB" + Self.key.text + Self.cigar.text
        let single = "-JAC" + Self.path.text + signatures + Self.path.text + couples
        let root = "-KAC" + Self.path.text + "-JAB" + Self.path.text + couples + "-JAB" + Self.path.text + signatures
        let text = Array((single + root + "-KAA" + Self.path.text + "-AAB" + Self.signature.text).utf8)
        let groups = domain == .text ? text : try Base64URL.decode(text.span)
        let stream = Self.body() + groups + Self.body()
        let found = events(of: stream)
        #expect(found.count == 2)
        #expect(found.first?.frame?.attachments.controllerSignatures == [Self.signature])
        #expect(found.first?.frame?.attachments.transferableGroups.isEmpty == true)
        #expect(found.first?.frame?.attachments.nonTransferableReceipts.isEmpty == true)
        #expect(events(of: stream, inPartsOf: [1]).events == found)
        #expect(!AnnotatedStream(stream.span).hasFaults)
    }

    /// Each slot takes the codes of its kind only (facts 20).
    @Test(arguments: [
        ("-AAB", ["G" + signature.text.dropFirst()], CESRError.Kind.unknownCode), ("-AAB", ["-AAB"], .counter),
        ("-AAB", ["_AAB"], .opCode),
        ("-BAB", ["AAQ" + signature.text.dropFirst(3)], .nonZeroPad),
        ("-CAB", [sealed.text, cigar.text], .misplacedCode), ("-CAB", [aid.text, cigar.text], .misplacedCode),
        ("-CAB", [key.text, key.text], .misplacedCode), ("-CAB", [key.text, signature.text], .misplacedCode),
        ("-DAB", [sealed.text, ordinal.text, aid.text, signature.text], .misplacedCode),
        ("-DAB", [aid.text, "MAAB", aid.text, signature.text], .misplacedCode),
        ("-DAB", [aid.text, ordinal.text, key.text, signature.text], .misplacedCode),
        ("-EAB", ["MAAB", date.text], .misplacedCode), ("-EAB", [ordinal.text, ordinal.text], .misplacedCode),
        ("-EAB", [ordinal.text, "1AAG" + String(repeating: "A", count: 32)], .invalidDateTime),
        ("-FAB", [cigar.text, ordinal.text, aid.text, "-AAA"], .misplacedCode),
        ("-FAB", [aid.text, "MAAB", aid.text, "-AAA"], .misplacedCode),
        ("-FAB", [aid.text, ordinal.text, key.text, "-AAA"], .misplacedCode),
        ("-FAB", [aid.text, ordinal.text, aid.text, "-BAA"], .misplacedCode),
        ("-FAB", [aid.text, ordinal.text, aid.text, "-FAA"], .misplacedCode),
        ("-GAB", [aid.text, aid.text], .misplacedCode), ("-GAB", [ordinal.text, key.text], .misplacedCode),
        ("-HAB", [sealed.text, "-AAA"], .misplacedCode), ("-HAB", [aid.text, "-CAA"], .misplacedCode),
        ("-IAB", [sealed.text, ordinal.text, aid.text], .misplacedCode),
        ("-IAB", [aid.text, "MAAB", aid.text], .misplacedCode),
        ("-IAB", [aid.text, ordinal.text, sealed.text], .misplacedCode),
        ("-JAB", [aid.text, "-FAA"], .misplacedCode), ("-JAB", [path.text, "-AAA"], .misplacedCode),
        ("-KAB", [path.text, "-FAA"], .misplacedCode), ("-KAB", [aid.text, "-JAA"], .misplacedCode),
        ("-QAB", [], .unknownCode), ("-TAA", [], .misplacedCode),
        ("--AAABAA", [], .misplacedCode), ("_AAB", [], .opCode), ("-A+B", [], .invalidCharacter),
    ])
    func slots(_ counter: String, _ parts: [String], _ kind: CESRError.Kind) throws {
        let good = Self.body()
        let groups = Self.group(counter, parts)
        for wrapped in [false, true] {
            let attached = wrapped ? try AttachmentGroup.wrapped(groups) : groups
            let next = Self.body(70)
            let found = events(of: good + attached + next)
            let fault = try #require(found.first?.fault)
            #expect(fault.kind == .attachment(kind))
            #expect(fault.body?.range == 0..<good.count)
            #expect(fault.resumesAt == good.count + attached.count)
            if wrapped { #expect(fault.consumedThrough == fault.resumesAt) }
            #expect(found.count == 2 && found.last?.frame?.bodyRange.count == next.count)
            #expect(throws: CESRError.self) { try Attachments(attached.span) }
            #expect(AnnotatedStream((good + attached + next).span).hasFaults)
        }
    }

    @Test func binaryContentUnderATextCounter() {
        let stream = Self.body() + Array("-AAB".utf8) + Self.signature.binary + Self.body()
        #expect(events(of: stream).first?.fault?.kind == .attachment(.invalidCharacter))
    }

    @Test func wrapperMustComeFirstAndEndsTheMessage() throws {
        let groups = Self.group("-AAB", [Self.signature.text])
        let wrapped = try AttachmentGroup.wrapped(groups)
        let late = events(of: Self.body() + groups + wrapped)
        #expect(late.map { $0.fault?.kind } == [.attachment(.misplacedCode)])
        let twice = events(of: Self.body() + wrapped + wrapped)
        #expect(twice.count == 2 && twice.last?.fault?.kind == .coldStart)
        let nested = try AttachmentGroup.wrapped(wrapped)
        let inner = events(of: Self.body() + nested + Self.body())
        #expect(inner.first?.fault?.kind == .attachment(.misplacedCode) && inner.count == 2)
        // Without waiting for what follows:
        var reader = StreamReader()
        reader.append((Self.body() + wrapped).span)
        #expect(reader.next().frame != nil)
    }

    @Test func aMessageWithoutWrapperWaitsForTheNextByte() {
        let stream = Self.body() + Self.group("-AAB", [Self.signature.text])
        var reader = StreamReader()
        reader.append(stream.span)
        #expect(reader.next() == .needMore(consumedThrough: stream.count))
        #expect(reader.pendingBody?.range == 0..<60)
        reader.append([UInt8(ascii: "{")].span)
        #expect(reader.next().frame?.range == 0..<stream.count)
        reader.finish()
        #expect(reader.next().fault?.kind == .truncated)
        #expect(reader.next() == .end)
        #expect(reader.next() == .end)
    }

    @Test func aBodyAloneIsAMessageWhenTheInputEnds() {
        #expect(events(of: Self.body()).compactMap(\.frame?.attachments.isEmpty) == [true])
        #expect(events(of: []).isEmpty)
    }

    @Test func invalidBodysAttachmentsAreSkipped() throws {
        let groups = Self.group("-AAB", [Self.signature.text]) + Self.group("-CAB", [Self.key.text, Self.cigar.text])
        for attached in [groups, try AttachmentGroup.wrapped(groups), []] {
            let stream = Self.body() + attached + Self.body(70)
            for first in [60, 61, 70, 160, 200] where first < stream.count {
                var reader = StreamReader()
                reader.append(stream.span.extracting(first: first))
                var reported: [Int] = []
                if let frame = reader.next().frame { reported.append(frame.bodyRange.count) }
                let wasPending = reader.pendingBody?.range.count == 60
                reader.skipAttachments()
                reader.append(stream.span.extracting(droppingFirst: first))
                reader.finish()
                while let frame = reader.next().frame { reported.append(frame.bodyRange.count) }
                #expect(reported == (wasPending ? [70] : [60, 70]))
                #expect(reader.next() == .end)
            }
        }
        var idle = StreamReader()
        idle.skipAttachments()
        idle.append(Self.body().span)
        idle.finish()
        #expect(idle.next().frame != nil)
    }

    @Test func resynchronisation() {
        let body = Self.body()
        for junk in ["x", " ", "\n\n", "{", "{\"v\":\"KERI10JSON", "}", "-AAB", "\u{0}", "{\"x\":1}", "_AAA"] {
            let bytes = Array(junk.utf8)
            let found = events(of: bytes + body + bytes + body)
            // What looks like an attachment belongs to the message before it, which is then dropped.
            let lost = junk.hasPrefix("-") || junk.hasPrefix("_") ? 1 : 0
            #expect(found.compactMap(\.frame?.bodyRange.count) == [Int](repeating: 60, count: 2 - lost), "\(junk)")
            #expect(found.first?.fault?.resumesAt == bytes.count)
            for sizes in [[1], [7]] {
                let parts = events(of: bytes + body + bytes + body, inPartsOf: sizes).events
                #expect(parts.compactMap(\.frame) == found.compactMap(\.frame))
            }
        }
    }

    @Test func versions() {
        let good = Self.body(70)
        func kinds(_ stream: [UInt8]) -> [StreamFault.Kind] { events(of: stream + good).compactMap(\.fault?.kind) }
        #expect(kinds(Self.body(version: "KERI11")) == [.unsupportedVersion])
        #expect(kinds(Self.body(version: "KERI20")) == [.unsupportedVersion])
        #expect(kinds(Self.body(version: "KERX10")) == [.invalidVersion])
        #expect(kinds(Self.body(kind: "CBOR")) == [.invalidVersion])
        #expect(kinds(Self.body(kind: "XXXX")) == [.invalidVersion])
        #expect(kinds(Array("{\"v\":\"KERI10JSON000016_\"}".utf8)) == [.invalidVersion])
        for stream in [Self.body(version: "KERI11"), Self.body(version: "KERX10")] {
            #expect(events(of: stream + good).compactMap(\.frame?.bodyRange) == [60..<130])
        }
        // Elsewhere within the first bytes the string still frames the body, for the document reader to refuse.
        let spaced = Array("{ \"v\": \"KERI10JSON00002d_\", \"x\": \"aaaaaaaaa\"}".utf8)
        #expect(spaced.count == 0x2d)
        #expect(events(of: spaced + good).compactMap(\.frame?.bodyRange) == [0..<45, 45..<115])
    }

    @Test(
        arguments: [
            [0xa2, 0x61, 0x76, 0x71], [0xb8, 0x02, 0x61, 0x76, 0x71], [0xb9, 0x00, 0x02, 0x61, 0x76, 0x71],
            [0x82, 0xa1, 0x76, 0xb1], [0xde, 0x00, 0x02, 0xa1, 0x76, 0xb1],
            [0xdf, 0x00, 0x00, 0x00, 0x02, 0xa1, 0x76, 0xb1],
        ] as [[UInt8]])
    func binaryBodies(_ head: [UInt8]) {
        let kind = head[0] >= 0xa0 && head[0] < 0xc0 ? "CBOR" : "MGPK"
        let body = head + Array("KERI10\(kind)000030_".utf8) + [UInt8](repeating: 0, count: 48 - 17 - head.count)
        #expect(events(of: body + body).compactMap(\.frame?.bodyRange) == [0..<48, 48..<96])
        let damaged = Array("x".utf8) + body
        #expect(events(of: damaged).compactMap(\.frame?.bodyRange) == [1..<49])
        #expect(events(of: [head[0]] + [UInt8](repeating: 0, count: 40)).first?.fault?.kind == .invalidVersion)
    }

    @Test func limits() throws {
        var limits = Limits()
        limits.bodyBytes = 69
        #expect(events(of: Self.body(70), limits: limits).first?.fault?.kind == .bodyTooLarge)
        #expect(events(of: Self.body(69), limits: limits).first?.frame != nil)

        limits = Limits()
        limits.groupElements = 2
        let three = Self.group("-AAD", [String](repeating: Self.signature.text, count: 3))
        #expect(events(of: Self.body() + three, limits: limits).first?.fault?.kind == .attachment(.tooLarge))
        #expect(throws: CESRError(.tooLarge, offset: 0)) { try Attachments(three.span, limits: limits) }

        limits = Limits()
        limits.attachmentBytes = 200
        #expect(events(of: Self.body() + three, limits: limits).first?.fault?.kind == .attachment(.tooLarge))
        let wrapped = try AttachmentGroup.wrapped(three)
        #expect(events(of: Self.body() + wrapped, limits: limits).first?.fault?.kind == .attachment(.tooLarge))
        // Also before all of it has come.
        let cut = Array((Self.body() + three)[..<250])
        #expect(events(of: cut, inPartsOf: [250], isFinished: false, limits: limits).events.first?.fault != nil)

        limits = Limits()
        limits.groupDepth = 1
        let nested = Self.group("-HAB", [Self.aid.text, "-AAB", Self.signature.text])
        #expect(events(of: Self.body() + nested, limits: limits).first?.fault?.kind == .attachment(.tooDeep))
        limits.groupDepth = 2
        #expect(events(of: Self.body() + nested, limits: limits).first?.frame != nil)

        limits = Limits()
        limits.bufferedBytes = 100
        var reader = StreamReader(limits: limits)
        reader.append(Self.body(2000).span.extracting(first: 90))
        #expect(reader.next() == .needMore(consumedThrough: 0))
        reader.append(Self.body(2000).span.extracting(90..<120))
        #expect(reader.next().fault?.kind == .bufferFull)
        reader.append(Self.body().span)
        reader.append([UInt8(ascii: "{")].span)
        #expect(reader.next().frame?.bodyRange == 120..<180)
    }

    @Test func longStreamInParts() {
        // Enough to make the buffer let go of what has been read, many times.
        let message = Self.body() + Self.group("-AAB", [Self.signature.text])
        var stream: [UInt8] = []
        for _ in 0..<500 { stream += message }
        let found = events(of: stream, inPartsOf: [1000, 77, 4096]).events
        #expect(found.count == 500 && found.allSatisfy { $0.frame?.attachments.controllerSignatures.count == 1 })
    }

    @Test func attachmentsAlone() throws {
        let groups = Self.group("-AAB", [Self.signature.text])
        #expect(try Attachments(groups.span).controllerSignatures == [Self.signature])
        #expect(try Attachments([UInt8]().span).isEmpty)
        #expect(throws: CESRError(.trailingBytes(1), offset: 92)) { try Attachments((groups + [0x20]).span) }
        #expect(throws: CESRError(.trailingBytes(92), offset: 96)) {
            try Attachments((AttachmentGroup.wrapped(groups) + groups).span)
        }
        #expect(throws: CESRError(.truncated(missing: 1), offset: 91)) {
            try Attachments(groups.span.extracting(first: 91))
        }
        #expect(throws: CESRError.self) { try AttachmentGroup.wrapped([1]) }
        #expect(throws: CESRError.self) { try AttachmentGroup.transcoded(groups.span, from: .binary) }
        #expect(throws: CESRError.self) {
            try AttachmentGroup.transcoded(groups.span.extracting(first: 90), from: .text)
        }
        let wrapped = try AttachmentGroup.wrapped(groups)
        #expect(throws: CESRError.self) {
            try AttachmentGroup.transcoded(wrapped.span.extracting(first: 90), from: .text)
        }
    }

    @Test func pathedGroupsMustBeWholeQuadlets() throws {
        let odd = PathedGroup(domain: .text, content: [0x41])
        #expect(throws: CESRError.self) { try AttachmentGroup.pathed(odd).encoded() }
        let notText = PathedGroup(domain: .text, content: Array("{}{}".utf8))
        #expect(throws: CESRError.self) { try AttachmentGroup.pathed(notText).encoded(in: .binary) }
        let opaque = Self.body() + (try AttachmentGroup.pathed(notText).encoded())
        #expect(events(of: opaque).first?.frame?.attachments.pathedGroups == [notText])
    }
}
