// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// A CESR primitive: a code that tells what it is, and the raw value (facts 1). Also called Matter in KERIpy.
///
/// Two primitives are equal when code, tag and raw value are; that is the case exactly when their texts are equal.
public struct Primitive: Hashable, Sendable, CustomStringConvertible {
    /// What the value is.
    public let code: PrimitiveCode
    /// The characters of a tag code without filler (version 2 tables), else empty.
    public let tag: String
    let storage: RawBytes

    init(code: PrimitiveCode, tag: String, storage: RawBytes) {
        self.code = code
        self.tag = tag
        self.storage = storage
    }

    /// A primitive of kind `code` with the value `raw`.
    ///
    /// For a code of variable size the digit that tells the lead bytes follows from the length of `raw`, whichever member
    /// of the family was named, and a small code becomes a big one above 4095 quadlets; so `code` of the result may
    /// differ.
    /// - Throws: ``CESRError`` when `table` does not have the code, when it carries a tag, or when `raw` does not have
    ///   the length that the code demands.
    public init(code: PrimitiveCode, raw: Span<UInt8>, table: CodeTable = .version1) throws(CESRError) {
        try self.init(code: code, tag: "", raw: raw, table: table)
    }

    /// A primitive of kind `code` with the value `raw`; see the initializer with a span.
    public init(code: PrimitiveCode, raw: [UInt8], table: CodeTable = .version1) throws(CESRError) {
        try self.init(code: code, tag: "", raw: raw.span, table: table)
    }

    /// A version 2 primitive that carries a tag, such as `Xicp`, and, for the few codes that have both, a raw value.
    /// - Throws: ``CESRError`` when the tag does not have the code's length or leaves the Base64url alphabet.
    public init(code: PrimitiveCode, tag: String, raw: [UInt8] = []) throws(CESRError) {
        try self.init(code: code, tag: tag, raw: raw.span, table: .version2)
    }

    private init(code: PrimitiveCode, tag: String, raw: Span<UInt8>, table: CodeTable) throws(CESRError) {
        guard let format = PrimitiveFormat(code, table: table) else { throw CESRError(.unknownCode) }
        if let expected = format.rawCount {
            guard raw.count == expected else {
                throw CESRError(.wrongLength(expected: expected, found: raw.count))
            }
            guard tag.utf8.count == format.soft - format.filler else {
                throw CESRError(.wrongLength(expected: format.soft - format.filler, found: tag.utf8.count))
            }
            guard Base64URL.isAlphabet(tag.utf8.span) else { throw CESRError(.invalidText) }
            self.init(code: code, tag: tag, storage: RawBytes(raw))
        } else {
            guard tag.isEmpty else { throw CESRError(.wrongLength(expected: 0, found: tag.utf8.count)) }
            let code = try code.variant(forCount: raw.count)
            self.init(code: code, tag: "", storage: RawBytes(raw))
        }
    }

    /// The raw value. Allocates; ``span`` does not.
    public var raw: [UInt8] { storage.array }

    /// A view of the raw value.
    public var span: Span<UInt8> {
        @_lifetime(borrow self) get { storage.span }
    }

    /// The same as ``text``.
    public var description: String { text }
}

extension PrimitiveCode {
    /// The member of this family of variable size that fits `count` bytes of raw value.
    fileprivate func variant(forCount count: Int) throws(CESRError) -> PrimitiveCode {
        let lead = (3 - count % 3) % 3
        let size = (count + lead) / 3
        guard size < 1 << 24 else { throw CESRError(.outOfRange) }
        let characters = characters
        let letter = UInt32(characters[characters.count - 1])
        if size < 1 << 12, characters.count == 2 {
            return PrimitiveCode(packed: (0x34 + UInt32(lead)) << 24 | letter << 16)
        }
        return PrimitiveCode(packed: (0x37 + UInt32(lead)) << 24 | 0x41_4100 | letter)
    }
}
