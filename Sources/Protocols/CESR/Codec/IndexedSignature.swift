// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// A signature with the position of its key in the key lists (facts 1.6). Also called Siger in KERIpy.
///
/// The signature covers the message only, not the code: anybody can move it to another index or code. Count signers by
/// key, never by encoding (facts 0.9).
public struct IndexedSignature: Hashable, Sendable, CustomStringConvertible {
    /// Algorithm and meaning of the indexes.
    public let code: IndexerCode
    /// Position of the key in the current key list (or in the witness list).
    public let index: Int
    /// Position of the key's digest in the prior next list; nil when the signature counts for the current list only.
    public let ondex: Int?
    private let storage: RawBytes

    private init(code: IndexerCode, index: Int, ondex: Int?, storage: RawBytes) {
        self.code = code
        self.index = index
        self.ondex = ondex
        self.storage = storage
    }

    /// A signature under an explicit code.
    ///
    /// `ondex` nil means "the same as `index`" for a code of both lists, and nothing for a current-only code.
    /// - Throws: ``CESRError`` when an index does not fit the code, when an ondex is given to a current-only code, when
    ///   it differs although the code has room for one only, or when `raw` has the wrong length.
    public init(code: IndexerCode, index: Int, ondex: Int? = nil, raw: [UInt8]) throws(CESRError) {
        try self.init(code: code, index: index, ondex: ondex, raw: raw.span)
    }

    /// A signature under an explicit code; see the initializer with an array.
    public init(code: IndexerCode, index: Int, ondex: Int? = nil, raw: Span<UInt8>) throws(CESRError) {
        guard raw.count == code.rawCount else {
            throw CESRError(.wrongLength(expected: code.rawCount, found: raw.count))
        }
        guard 0...code.maximumIndex ~= index else { throw CESRError(.outOfRange) }
        if let ondex {
            guard !code.isCurrentOnly, 0...code.maximumIndex ~= ondex else { throw CESRError(.outOfRange) }
            guard code.isDual || ondex == index else { throw CESRError(.outOfRange) }
        }
        self.init(
            code: code, index: index, ondex: code.isCurrentOnly ? nil : ondex ?? index, storage: RawBytes(raw))
    }

    /// Reads the next indexed signature of a stream and moves the cursor behind it.
    /// - Throws: ``CESRError``; the cursor then stands where it was.
    @_lifetime(cursor: copy cursor)
    public init(from cursor: inout ByteCursor, domain: Domain = .text) throws(CESRError) {
        let offset = cursor.offset
        let length: Int
        (self, length) = try IndexedSignature.decode(
            cursor.bytes.extracting(last: cursor.remaining), offset: offset, domain: domain)
        do { try cursor.skip(length) } catch { throw CESRError(.truncated(missing: error.needed), offset: offset) }
    }

    /// Reads an indexed signature that fills `text` (qb64).
    /// - Throws: ``CESRError``, also when bytes are left.
    public init(text: String) throws(CESRError) {
        try self.init(filling: text.utf8.span, domain: .text)
    }

    /// Reads an indexed signature that fills `binary` (qb2).
    /// - Throws: ``CESRError``, also when bytes are left.
    public init(binary: Span<UInt8>) throws(CESRError) {
        try self.init(filling: binary, domain: .binary)
    }

    private init(filling bytes: Span<UInt8>, domain: Domain) throws(CESRError) {
        let length: Int
        (self, length) = try IndexedSignature.decode(bytes, offset: 0, domain: domain)
        guard length == bytes.count else { throw CESRError(.trailingBytes(bytes.count - length), offset: length) }
    }

    /// Which code a signer picks (facts 1.6): the short form when one index of one character is enough.
    ///
    /// `algorithm` is any code of the algorithm; `ondex` is the position in the prior next list, nil meaning the same as
    /// `index`; `currentOnly` says that the key was not in that list.
    public static func code(
        for algorithm: IndexerCode, index: Int, ondex: Int? = nil, currentOnly: Bool = false
    ) -> IndexerCode {
        let small = currentOnly ? index <= 63 : index <= 63 && (ondex ?? index) == index
        let family: (IndexerCode, IndexerCode, IndexerCode, IndexerCode)
        switch algorithm {
        case .ed25519, .ed25519CurrentOnly, .ed25519Big, .ed25519BigCurrentOnly:
            family = (.ed25519, .ed25519CurrentOnly, .ed25519Big, .ed25519BigCurrentOnly)
        case .secp256k1, .secp256k1CurrentOnly, .secp256k1Big, .secp256k1BigCurrentOnly:
            family = (.secp256k1, .secp256k1CurrentOnly, .secp256k1Big, .secp256k1BigCurrentOnly)
        case .secp256r1, .secp256r1CurrentOnly, .secp256r1Big, .secp256r1BigCurrentOnly:
            family = (.secp256r1, .secp256r1CurrentOnly, .secp256r1Big, .secp256r1BigCurrentOnly)
        case .ed448, .ed448CurrentOnly, .ed448Big, .ed448BigCurrentOnly:
            family = (.ed448, .ed448CurrentOnly, .ed448Big, .ed448BigCurrentOnly)
        }
        if small { return currentOnly ? family.1 : family.0 }
        return currentOnly ? family.3 : family.2
    }

    /// The raw signature. Allocates; ``span`` does not.
    public var raw: [UInt8] { storage.array }

    /// A view of the raw signature.
    public var span: Span<UInt8> {
        @_lifetime(borrow self) get { storage.span }
    }

    /// The text form (qb64).
    public var text: String { String(decoding: encoded(in: .text), as: UTF8.self) }

    /// The binary form (qb2).
    public var binary: [UInt8] { encoded(in: .binary) }

    /// The same as ``text``.
    public var description: String { text }

    /// The form in `domain`.
    public func encoded(in domain: Domain) -> [UInt8] {
        var result: [UInt8] = []
        encode(in: domain, into: &result)
        return result
    }

    /// Appends the form in `domain` to `target`.
    public func encode(in domain: Domain, into target: inout [UInt8]) {
        let format = code.format
        Material.encode(in: domain, raw: span, lead: 0, into: &target) { code in
            self.code.write(into: &code)
            Base64Number.write(UInt64(index), width: format.soft - format.other, into: &code)
            if format.other > 0 { Base64Number.write(UInt64(ondex ?? 0), width: format.other, into: &code) }
        }
    }

    /// How many bytes the form in `domain` has.
    public func encodedCount(in domain: Domain) -> Int { code.format.full / 4 * domain.unit }

    /// Reads an indexed signature at the start of `bytes`; also tells its length.
    static func decode(
        _ bytes: Span<UInt8>, offset: Int, domain: Domain
    ) throws(CESRError) -> (IndexedSignature, Int) {
        let reader = CodeReader(bytes, offset: offset, domain: domain)
        let (code, length) = try head(reader, count: bytes.count, offset: offset, domain: domain)
        let format = code.format
        let width = format.soft - format.other
        let index = Int(try reader.number(from: code.hardCount, count: width))
        var ondex: Int? = code.isCurrentOnly ? nil : index
        if format.other > 0 {
            let other = Int(try reader.number(from: code.hardCount + width, count: format.other))
            if code.isCurrentOnly {
                guard other == 0 else {
                    throw CESRError(.nonZeroFiller, offset: reader.offset(of: code.hardCount + width))
                }
            } else {
                ondex = other
            }
        }
        let storage = try Material.decode(
            bytes.extracting(first: length), offset: offset, domain: domain, codeCount: code.hardCount + format.soft,
            lead: 0)
        return (IndexedSignature(code: code, index: index, ondex: ondex, storage: storage), length)
    }

    /// The code at the start of `reader` and the length of the whole signature, which is there.
    static func head(
        _ reader: borrowing CodeReader, count: Int, offset: Int, domain: Domain
    ) throws(CESRError) -> (IndexerCode, Int) {
        let first = try reader.sextet(0)
        if first == 62 { throw CESRError(.counter, offset: offset) }
        if first == 63 { throw CESRError(.opCode, offset: offset) }
        let second = first < 52 ? 0 : try reader.sextet(1)
        guard let code = IndexerCode.find(first, second) else { throw CESRError(.unknownCode, offset: offset) }
        let length = code.format.full / 4 * domain.unit
        guard count >= length else {
            throw CESRError(.truncated(missing: length - count), offset: offset + count)
        }
        return (code, length)
    }
}
