// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

extension Primitive {
    /// Reads the next primitive of a stream and moves the cursor behind it.
    ///
    /// Accepts exactly the spelling that encoding the result gives.
    /// - Throws: ``CESRError``; the cursor then stands where it was. `truncated` means that more input could help.
    @_lifetime(cursor: copy cursor)
    public init(
        from cursor: inout ByteCursor, domain: Domain = .text, table: CodeTable = .version1
    ) throws(CESRError) {
        let offset = cursor.offset
        let (primitive, length) = try Primitive.decode(
            cursor.bytes.extracting(last: cursor.remaining), offset: offset, domain: domain, table: table)
        self = primitive
        do { try cursor.skip(length) } catch { throw CESRError(.truncated(missing: error.needed), offset: offset) }
    }

    /// Reads a primitive that fills `text` (qb64).
    /// - Throws: ``CESRError``, also when bytes are left.
    public init(text: String, table: CodeTable = .version1) throws(CESRError) {
        try self.init(filling: text.utf8.span, domain: .text, table: table)
    }

    /// Reads a primitive that fills `text` (qb64 as ASCII).
    /// - Throws: ``CESRError``, also when bytes are left.
    public init(text: Span<UInt8>, table: CodeTable = .version1) throws(CESRError) {
        try self.init(filling: text, domain: .text, table: table)
    }

    /// Reads a primitive that fills `binary` (qb2).
    /// - Throws: ``CESRError``, also when bytes are left.
    public init(binary: Span<UInt8>, table: CodeTable = .version1) throws(CESRError) {
        try self.init(filling: binary, domain: .binary, table: table)
    }

    private init(filling bytes: Span<UInt8>, domain: Domain, table: CodeTable) throws(CESRError) {
        let (primitive, length) = try Primitive.decode(bytes, offset: 0, domain: domain, table: table)
        guard length == bytes.count else { throw CESRError(.trailingBytes(bytes.count - length), offset: length) }
        self = primitive
    }

    /// Reads a primitive at the start of `bytes`, which lie at `offset` of the outermost input; also tells its length.
    static func decode(
        _ bytes: Span<UInt8>, offset: Int, domain: Domain, table: CodeTable
    ) throws(CESRError) -> (Primitive, Int) {
        let head = try PrimitiveHead(bytes, offset: offset, domain: domain, table: table)
        let storage = try Material.decode(
            bytes.extracting(first: head.length), offset: offset, domain: domain, codeCount: head.format.codeCount,
            lead: head.format.lead)
        return (Primitive(code: head.format.code, tag: head.tag, storage: storage), head.length)
    }
}

/// What the code at the start of a primitive tells: its shape and its length.
struct PrimitiveHead {
    let format: PrimitiveFormat
    /// Bytes of the whole primitive on the wire.
    let length: Int
    /// The tag, or empty.
    let tag: String

    /// Reads the code at the start of `bytes` and makes sure that the whole primitive is there.
    init(_ bytes: Span<UInt8>, offset: Int, domain: Domain, table: CodeTable) throws(CESRError) {
        let code = CodeReader(bytes, offset: offset, domain: domain)
        let first = try code.sextet(0)
        let hard: Int
        switch first {
        case 0..<52: hard = 1
        case 52, 56, 57, 58: hard = 2
        case 62: throw CESRError(.counter, offset: offset)
        case 63: throw CESRError(.opCode, offset: offset)
        default: hard = 4
        }
        let packed = try code.packed(hard)
        guard let format = PrimitiveIndex.of(table).format(packed: packed) else {
            throw CESRError(.unknownCode, offset: offset)
        }
        var full = format.full
        var tag = ""
        if format.soft > 0 {
            if format.isVariable {
                full = format.codeCount + 4 * Int(try code.number(from: hard, count: format.soft))
            } else {
                for index in hard..<(hard + format.filler) where try code.sextet(index) != 63 {
                    throw CESRError(.nonZeroFiller, offset: code.offset(of: index))
                }
                for index in (hard + format.filler)..<format.codeCount {
                    tag.unicodeScalars.append(
                        Unicode.Scalar(Base64URL.character(of: try code.sextet(index))))
                }
            }
        }
        let length = domain == .text ? full : full / 4 * 3
        guard bytes.count >= length else {
            throw CESRError(.truncated(missing: length - bytes.count), offset: offset + bytes.count)
        }
        self.format = format
        self.length = length
        self.tag = tag
    }
}
