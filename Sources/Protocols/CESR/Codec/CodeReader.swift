// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Reads the characters of a code as sextets, in either domain.
struct CodeReader: ~Escapable {
    private let bytes: Span<UInt8>
    private let base: Int
    private let domain: Domain

    /// Reads at the start of `bytes`, which lie at `offset` of the outermost input.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, offset: Int, domain: Domain) {
        self.bytes = bytes
        self.base = offset
        self.domain = domain
    }

    /// Where the byte that holds (the start of) character `index` lies.
    func offset(of index: Int) -> Int { base + (domain == .text ? index : index * 3 / 4) }

    /// The sextet of character `index`.
    @inline(__always)
    func sextet(_ index: Int) throws(CESRError) -> UInt8 {
        switch domain {
        case .text:
            guard index < bytes.count else { throw truncated(index + 1) }
            let value = Base64URL.sextet(of: bytes[index])
            guard let value else { throw CESRError(.invalidCharacter, offset: base + index) }
            return value
        case .binary:
            let at = index * 3 / 4
            let needed = index % 4 == 1 || index % 4 == 2 ? at + 2 : at + 1
            guard needed <= bytes.count else { throw truncated(needed) }
            switch index % 4 {
            case 0: return bytes[at] >> 2
            case 1: return (bytes[at] & 3) << 4 | bytes[at + 1] >> 4
            case 2: return (bytes[at] & 15) << 2 | bytes[at + 1] >> 6
            default: return bytes[at] & 63
            }
        }
    }

    /// The first `count` (at most 4) characters, packed as in ``PrimitiveCode``.
    @inline(__always)
    func packed(_ count: Int) throws(CESRError) -> UInt32 {
        var packed: UInt32 = 0
        for index in 0..<count {
            packed |= UInt32(Base64URL.character(of: try sextet(index))) << (24 - 8 * UInt32(index))
        }
        return packed
    }

    /// The Base64 number in `count` characters from `start`.
    @inline(__always)
    func number(from start: Int, count: Int) throws(CESRError) -> UInt64 {
        var number: UInt64 = 0
        for index in start..<(start + count) { number = number << 6 | UInt64(try sextet(index)) }
        return number
    }

    @inline(never)
    private func truncated(_ needed: Int) -> CESRError {
        CESRError(.truncated(missing: needed - bytes.count), offset: base + bytes.count)
    }
}
