// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The value behind the code of a primitive or indexed signature: strict in both directions (facts 1.1).
enum Material {
    /// The raw value of a primitive.
    ///
    /// - Parameters:
    ///   - bytes: the whole primitive as it is on the wire.
    ///   - codeCount: characters of its code, soft part included.
    ///   - lead: bytes that must be zero in front of the raw value.
    static func decode(
        _ bytes: Span<UInt8>, offset: Int, domain: Domain, codeCount: Int, lead: Int
    ) throws(CESRError) -> RawBytes {
        let triplets = bytes.count / domain.unit
        let codeTriplets = (codeCount + 3) / 4
        // The triplet that holds the end of the code and the start of the value, when the code does not fill it.
        let mixed = codeCount % 4
        let count = (triplets - codeTriplets) * 3 + (mixed == 0 ? 0 : 3 - mixed) - lead
        guard count >= 0 else { throw CESRError(.misplacedCode, offset: offset) }
        var raw = RawBytes(zeroes: count)
        var target = raw.mutableSpan
        // Bytes of the value, lead included, that lie in the mixed triplet.
        var skippedLead = 0
        var written = 0
        if mixed != 0 {
            let (first, second, third) = try triplet(bytes, codeTriplets - 1, offset: offset, domain: domain)
            let pad: UInt8
            switch mixed {
            case 1: pad = first & 0b11
            case 2: pad = second & 0b1111
            default: pad = third & 0b11_1111
            }
            guard pad == 0 else {
                throw CESRError(.nonZeroPad, offset: offset + (codeTriplets - 1) * domain.unit + mixed)
            }
            for byte in [first, second, third].dropFirst(mixed) {
                if skippedLead < lead {
                    guard byte == 0 else {
                        throw CESRError(.nonZeroLead, offset: offset + codeTriplets * domain.unit)
                    }
                    skippedLead += 1
                } else {
                    target[written] = byte
                    written += 1
                }
            }
        }
        var next = codeTriplets
        if skippedLead < lead, next < triplets {
            let (first, second, third) = try triplet(bytes, next, offset: offset, domain: domain)
            for byte in [first, second, third] {
                if skippedLead < lead {
                    guard byte == 0 else { throw CESRError(.nonZeroLead, offset: offset + next * domain.unit) }
                    skippedLead += 1
                } else {
                    target[written] = byte
                    written += 1
                }
            }
            next += 1
        }
        let start = next * domain.unit
        switch domain {
        case .text:
            var rest = target._mutatingExtracting(last: count - written)
            do throws(Base64Error) {
                try Base64URL.decode(bytes.extracting(start..<bytes.count), into: &rest)
            } catch {
                throw CESRError(.invalidCharacter, offset: offset + start + error.offset)
            }
        case .binary:
            for index in start..<bytes.count {
                target[written] = bytes[index]
                written += 1
            }
        }
        return raw
    }

    /// The three bytes of quadlet or triplet `index`.
    @inline(__always)
    private static func triplet(
        _ bytes: Span<UInt8>, _ index: Int, offset: Int, domain: Domain
    ) throws(CESRError) -> (UInt8, UInt8, UInt8) {
        let start = index * domain.unit
        if domain == .binary { return (bytes[start], bytes[start + 1], bytes[start + 2]) }
        var word: UInt32 = 0
        for place in start..<(start + 4) {
            guard let sextet = Base64URL.sextet(of: bytes[place]) else {
                throw CESRError(.invalidCharacter, offset: offset + place)
            }
            word = word << 6 | UInt32(sextet)
        }
        return (
            UInt8(truncatingIfNeeded: word >> 16), UInt8(truncatingIfNeeded: word >> 8),
            UInt8(truncatingIfNeeded: word)
        )
    }

    /// Appends a whole primitive: the characters of its code, pad bits, lead bytes, value.
    ///
    /// The first `code.count mod 4` characters that the pad and lead bytes would give are the end of the code instead.
    static func encode(
        code: [UInt8], raw: Span<UInt8>, lead: Int, domain: Domain, into target: inout [UInt8]
    ) {
        // Everything is a whole number of triplets: code bits, then zero bits up to a byte, lead, value.
        var accumulator: UInt32 = 0
        var bits = 0
        func emit(_ byte: UInt8) {
            accumulator = accumulator << 8 | UInt32(byte)
            bits += 8
            if domain == .binary {
                while bits >= 8 {
                    bits -= 8
                    target.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
                }
            } else {
                while bits >= 6 {
                    bits -= 6
                    target.append(Base64URL.character(of: UInt8(truncatingIfNeeded: accumulator >> UInt32(bits))))
                }
            }
        }
        // The code, as bytes: its sextets, the last byte filled up with zero bits.
        var codeBits: UInt32 = 0
        var codeBitCount = 0
        for character in code {
            codeBits = codeBits << 6 | UInt32(Base64URL.sextet(of: character) ?? 0)
            codeBitCount += 6
            while codeBitCount >= 8 {
                codeBitCount -= 8
                emit(UInt8(truncatingIfNeeded: codeBits >> UInt32(codeBitCount)))
            }
        }
        if codeBitCount > 0 { emit(UInt8(truncatingIfNeeded: codeBits << UInt32(8 - codeBitCount))) }
        for _ in 0..<lead { emit(0) }
        for index in raw.indices { emit(raw[index]) }
    }
}
