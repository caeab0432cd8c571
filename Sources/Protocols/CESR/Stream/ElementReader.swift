// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Reads the primitives of one element of a group, each with the check of its slot (facts 20).
///
/// It walks ahead of the cursor it was made from; the caller moves that cursor when the whole element was there.
struct ElementReader: ~Escapable {
    private let bytes: Span<UInt8>
    private let base: Int
    private let domain: Domain
    private let table: CodeTable
    /// Bytes read so far.
    private(set) var consumed = 0

    @_lifetime(copy cursor)
    init(_ cursor: borrowing ByteCursor, _ domain: Domain, _ table: CodeTable) {
        self.bytes = cursor.bytes.extracting(last: cursor.remaining)
        self.base = cursor.offset
        self.domain = domain
        self.table = table
    }

    /// A primitive whose code passes the slot's check.
    mutating func primitive(_ isAllowed: (PrimitiveCode) -> Bool) throws(CESRError) -> Primitive {
        let (primitive, length) = try Primitive.decode(
            bytes.extracting(droppingFirst: consumed), offset: base + consumed, domain: domain, table: table)
        guard isAllowed(primitive.code) else { throw CESRError(.misplacedCode, offset: base + consumed) }
        consumed += length
        return primitive
    }

    /// A sequence number or first-seen ordinal: `0A`, in version 2 any number.
    mutating func ordinal() throws(CESRError) -> UInt128 {
        let offset = base + consumed
        let primitive = try primitive { [table] in $0 == .salt128 || table == .version2 && $0.isNumber }
        guard let value = primitive.ordinal ?? Number(primitive)?.value else {
            throw CESRError(.outOfRange, offset: offset)
        }
        return value
    }

    /// A date and time.
    mutating func dateTime() throws(CESRError) -> DateTime {
        let offset = base + consumed
        let primitive = try primitive { $0 == .dateTime }
        do { return try DateTime(primitive) } catch { throw CESRError(error.kind, offset: offset) }
    }

    /// An indexed signature.
    mutating func signature() throws(CESRError) -> IndexedSignature {
        let (signature, length) = try IndexedSignature.decode(
            bytes.extracting(droppingFirst: consumed), offset: base + consumed, domain: domain)
        consumed += length
        return signature
    }

    /// A counter, and its offset.
    mutating func counter() throws(CESRError) -> (Counter, Int) {
        let offset = base + consumed
        let (counter, length) = try Counter.decode(
            bytes.extracting(droppingFirst: consumed), offset: offset, domain: domain, table: table)
        consumed += length
        return (counter, offset)
    }

    /// Passes over `count` primitives, looking at their codes only.
    mutating func skipPrimitives(_ count: Int) throws(CESRError) {
        for _ in 0..<count {
            let head = try PrimitiveHead(
                bytes.extracting(droppingFirst: consumed), offset: base + consumed, domain: domain, table: table)
            consumed += head.length
        }
    }

    /// Passes over an indexed signature, looking at its code only.
    mutating func skipSignature() throws(CESRError) {
        let rest = bytes.extracting(droppingFirst: consumed)
        let offset = base + consumed
        consumed += try IndexedSignature.head(
            CodeReader(rest, offset: offset, domain: domain), count: rest.count, offset: offset, domain: domain
        ).1
    }
}
