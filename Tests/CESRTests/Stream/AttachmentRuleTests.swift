// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

@testable import CESR

/// Rules of groups that lie in groups, and of places where a body is due: each test fails when its rule is removed.
@Suite struct AttachmentRuleTests {
    /// What reading `text` as attachments comes to: nil when nothing is wrong.
    static func fault(
        _ text: String, table: CodeTable = .version1, limits: Limits = .standard
    ) throws -> CESRError.Kind? {
        var reader = AttachmentReader(structureOnly: false, limits: limits)
        reader.begin(at: 0, table: table)
        let bytes = Array(text.utf8)
        var cursor = ByteCursor(bytes.span)
        do throws(AttachmentReader.Failure) {
            _ = try reader.read(&cursor)
            return nil
        } catch { return error.error.kind }
    }

    /// A group of version 2 with another count of quadlets than it has, so many more or less.
    static func group(_ kind: GroupKind, _ parts: [String], more: Int = 0) throws -> String {
        let content = parts.joined()
        return try Counter(kind, count: content.utf8.count / 4 + more, table: .version2).text + content
    }

    static let key = StreamReaderTests.key.text
    static let cigar = StreamReaderTests.cigar.text
    static let aid = StreamReaderTests.aid.text
    static let ordinal = StreamReaderTests.ordinal.text
    static let signature = StreamReaderTests.signature.text

    @Test func elementsEndWithTheirGroup() throws {
        for (kind, parts) in [
            (GroupKind.nonTransferableReceipts, [Self.key, Self.cigar]), (.controllerSignatures, [Self.signature]),
        ] {
            let whole = try Self.group(.attachments, [Self.group(kind, parts)])
            #expect(try Self.fault(whole, table: .version2) == nil)
            let short = try Self.group(.attachments, [Self.group(kind, parts, more: -1)])
            #expect(try Self.fault(short, table: .version2) == .outOfRange)
        }
    }

    @Test func nestedGroupsEndWithTheirParent() throws {
        let parts = [Self.aid, Self.ordinal, Self.aid, try Self.group(.controllerSignatures, [Self.signature])]
        let whole = try Self.group(.attachments, [Self.group(.transferableGroups, parts)])
        #expect(try Self.fault(whole, table: .version2) == nil)
        let short = try Self.group(.attachments, [Self.group(.transferableGroups, parts, more: -1)])
        #expect(try Self.fault(short, table: .version2) == .outOfRange)
    }

    @Test func groupsEndWithTheirWrapper() throws {
        // A group of pathed material that says it has 8 quadlets where 1 is.
        guard case .truncated = try Self.fault("-VAC-LAIAAAA") else {
            Issue.record("not truncated")
            return
        }
    }

    @Test func wrappersAreNotNested() throws {
        #expect(try Self.fault("-VAB-VAA") == .misplacedCode)
        #expect(try Self.fault("-VAC-VABAAAA") == .misplacedCode)
    }

    @Test func aGroupBeyondTheLimitIsNotAwaited() throws {
        var limits = Limits.standard
        limits.attachmentBytes = 64
        #expect(try Self.fault("-VAz", limits: limits) == .tooLarge)
        #expect(try Self.fault("-VAB", limits: limits) == nil)
    }

    @Test(
        arguments: [
            ([0xa1, 0x61, 0x76, 0x71], "CBOR", true), ([0xa1, 0x61, 0x77, 0x71], "CBOR", false),
            ([0xa1, 0x62, 0x76, 0x71], "CBOR", false), ([0x81, 0xa1, 0x76, 0xb1], "MGPK", true),
            ([0x81, 0xa1, 0x77, 0xb1], "MGPK", false), ([0x81, 0xa2, 0x76, 0xb1], "MGPK", false),
        ] as [([UInt8], String, Bool)])
    func bodiesBeginWithTheirVersion(_ head: [UInt8], _ kind: String, _ isFound: Bool) {
        let bytes = head + Array("KERI10\(kind)000030_".utf8) + [UInt8](repeating: 0, count: 27)
        guard case .found = BodyHead.find(bytes.span) else {
            #expect(!isFound)
            return
        }
        #expect(isFound)
    }

    @Test func onlyWhatIsHeldIsCopied() {
        var buffer = StreamBuffer()
        let chunk: [UInt8] = [1, 2, 3, 4]
        buffer.append(chunk.span)
        #expect(buffer.copy(1..<3) == [2, 3])
        #expect(buffer.copy(0..<4) == chunk)
        #expect(buffer.copy(3..<5) == nil)
        let long = [UInt8](repeating: 7, count: 10_000)
        buffer.append(long.span)
        buffer.release(before: 9_000)
        buffer.append(chunk.span)
        #expect(buffer.copy(0..<4) == nil)
        #expect(buffer.copy(10_004..<10_008) == chunk)
    }
}
