// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// A group's head: its code and its count. Also called Counter in KERIpy.
public struct Counter: Hashable, Sendable, CustomStringConvertible {
    /// What follows.
    public let code: CountCode
    /// How many elements, or quadlets (text) or triplets (binary), or for ``GroupKind/genusVersion`` the three version
    /// digits.
    public let count: Int

    /// A counter with a code of its table.
    /// - Throws: ``CESRError`` when the count is negative or does not fit the code.
    public init(_ code: CountCode, count: Int) throws(CESRError) {
        guard count >= 0, count <= code.maximum else { throw CESRError(.outOfRange) }
        self.init(unchecked: code, count: count)
    }

    init(unchecked code: CountCode, count: Int) {
        self.code = code
        self.count = count
    }

    /// The smallest counter that carries `count`: the small form, or a big one when the table has it.
    /// - Throws: ``CESRError`` when no form does.
    public init(_ kind: GroupKind, count: Int, table: CodeTable = .version1) throws(CESRError) {
        guard let small = CountCode(kind, table: table) else { throw CESRError(.unknownCode) }
        if 0...small.maximum ~= count {
            self.init(unchecked: small, count: count)
            return
        }
        let big =
            table == .version1
            ? CountCode(kind, table: table, form: .bigVersion1) : CountCode(kind, table: table, form: .big)
        guard let big else { throw CESRError(.outOfRange) }
        try self.init(big, count: count)
    }

    /// The genus and version counter of the KERI/ACDC genus (facts 14.2).
    /// - Throws: ``CESRError`` when a number is above 63 (minor, patch) or the major is.
    public init(
        genusVersion major: Int, _ minor: Int, _ patch: Int = 0, form: CountCode.Form = .genus
    ) throws(CESRError) {
        guard 0...63 ~= major, 0...63 ~= minor, 0...63 ~= patch else { throw CESRError(.outOfRange) }
        guard let code = CountCode(.genusVersion, form: form) else { throw CESRError(.unknownCode) }
        self.init(unchecked: code, count: major << 12 | minor << 6 | patch)
    }

    /// Reads the next counter of a stream and moves the cursor behind it.
    /// - Throws: ``CESRError``; the cursor then stands where it was.
    @_lifetime(cursor: copy cursor)
    public init(
        from cursor: inout ByteCursor, domain: Domain = .text, table: CodeTable = .version1
    ) throws(CESRError) {
        let offset = cursor.offset
        let length: Int
        (self, length) = try Counter.decode(
            cursor.bytes.extracting(last: cursor.remaining), offset: offset, domain: domain, table: table)
        do { try cursor.skip(length) } catch { throw CESRError(.truncated(missing: error.needed), offset: offset) }
    }

    /// Reads a counter that fills `text`.
    /// - Throws: ``CESRError``, also when bytes are left.
    public init(text: String, table: CodeTable = .version1) throws(CESRError) {
        try self.init(filling: text.utf8.span, domain: .text, table: table)
    }

    /// Reads a counter that fills `binary`.
    /// - Throws: ``CESRError``, also when bytes are left.
    public init(binary: Span<UInt8>, table: CodeTable = .version1) throws(CESRError) {
        try self.init(filling: binary, domain: .binary, table: table)
    }

    private init(filling bytes: Span<UInt8>, domain: Domain, table: CodeTable) throws(CESRError) {
        let length: Int
        (self, length) = try Counter.decode(bytes, offset: 0, domain: domain, table: table)
        guard length == bytes.count else { throw CESRError(.trailingBytes(bytes.count - length), offset: length) }
    }

    /// The text form.
    public var text: String { String(decoding: encoded(in: .text), as: UTF8.self) }
    /// The binary form.
    public var binary: [UInt8] { encoded(in: .binary) }

    /// The same as ``text``.
    public var description: String { text }

    /// Bytes of the counter itself in `domain`.
    public func encodedCount(in domain: Domain) -> Int { (code.hardCount + code.softCount) / 4 * domain.unit }

    /// Bytes of the group's content in `domain` when the counter tells them, nil when it counts elements.
    public func contentCount(in domain: Domain) -> Int? {
        if code.kind == .genusVersion { return 0 }
        return code.countsElements ? nil : count * domain.unit
    }

    /// The form in `domain`.
    public func encoded(in domain: Domain) -> [UInt8] {
        var result: [UInt8] = []
        encode(in: domain, into: &result)
        return result
    }

    /// Appends the form in `domain` to `target`.
    public func encode(in domain: Domain, into target: inout [UInt8]) {
        let text = code.characters + Base64Number.characters(UInt64(count), width: code.softCount)
        if domain == .text {
            target += text
        } else {
            Material.encodeBinary(code: text.span, raw: [UInt8]().span, lead: 0, into: &target)
        }
    }

    /// Reads a counter at the start of `bytes`; also tells its length.
    static func decode(
        _ bytes: Span<UInt8>, offset: Int, domain: Domain, table: CodeTable
    ) throws(CESRError) -> (Counter, Int) {
        let reader = CodeReader(bytes, offset: offset, domain: domain)
        switch try reader.sextet(0) {
        case 62: break
        case 63: throw CESRError(.opCode, offset: offset)
        default: throw CESRError(.notACounter, offset: offset)
        }
        let index = CounterIndex.of(table)
        let kind: GroupKind?
        var form = CountCode.Form.small
        switch try reader.sextet(1) {
        case 52:
            form = .bigVersion1
            kind = index.kind(try reader.sextet(2))
        case 62:
            form = .big
            kind = index.kind(try reader.sextet(2))
            if table == .version1, kind == .controllerSignatures {
                // `--A` is no big form in version 1 but the start of `--AAA`.
                guard try reader.number(from: 3, count: 2) == 0 else { throw CESRError(.unknownCode, offset: offset) }
                form = .genusVersion1
            }
        case 63:
            form = .genus
            guard try reader.number(from: 2, count: 3) == 0 else { throw CESRError(.unknownCode, offset: offset) }
            kind = .genusVersion
        case let letter: kind = index.kind(letter)
        }
        guard let kind = form == .genusVersion1 ? .genusVersion : kind else {
            throw CESRError(.unknownCode, offset: offset)
        }
        if form == .bigVersion1 || form == .big {
            guard CountCode(kind, table: table, form: form) != nil else {
                throw CESRError(.unknownCode, offset: offset)
            }
        }
        let code = CountCode(kind: kind, table: table, form: form)
        let number = try reader.number(from: code.hardCount, count: code.softCount)
        return (
            Counter(unchecked: code, count: Int(number)), (code.hardCount + code.softCount) / 4 * domain.unit
        )
    }
}
