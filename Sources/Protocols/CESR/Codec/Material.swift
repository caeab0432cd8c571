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
        var rest = target._mutatingExtracting(last: count - written)
        switch domain {
        case .text:
            do throws(Base64Error) {
                try Base64URL.decode(bytes.extracting(start..<bytes.count), into: &rest)
            } catch {
                throw CESRError(.invalidCharacter, offset: offset + start + error.offset)
            }
        case .binary:
            for index in rest.indices { rest[index] = bytes[start + index] }
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

    /// Appends the value behind the `codeCount` characters of a code that are at the end of `target` (text domain).
    ///
    /// The text of zero bytes and the value starts with characters that the code has replaced; they are left out.
    static func encodeText(codeCount: Int, raw: Span<UInt8>, lead: Int, into target: inout [UInt8]) {
        let mixed = codeCount & 3
        let zeros = mixed + lead
        target.reserveCapacity(target.count + (zeros + raw.count) / 3 * 4)
        var written = 0
        var next = 0
        // The triplets in which zero bytes lie.
        var skipped = mixed
        while written < zeros {
            var word: UInt32 = 0
            for _ in 0..<3 {
                if written >= zeros, next < raw.count {
                    word = word << 8 | UInt32(raw[next])
                    next += 1
                } else {
                    word <<= 8
                }
                written += 1
            }
            for place in 0..<4 {
                if skipped > 0 {
                    skipped -= 1
                } else {
                    target.append(Base64URL.character(of: UInt8(truncatingIfNeeded: word >> UInt32(18 - 6 * place))))
                }
            }
        }
        let rest = raw.extracting(droppingFirst: next)
        target.append(addingCapacity: Base64URL.encodedCount(of: rest.count)) { output in
            Base64URL.encode(rest, to: &output)
        }
    }

    /// Appends a code, its pad bits, the lead bytes and the value (binary domain).
    static func encodeBinary(code: Span<UInt8>, raw: Span<UInt8>, lead: Int, into target: inout [UInt8]) {
        var bits: UInt32 = 0
        var count = 0
        for index in code.indices {
            bits = bits << 6 | UInt32(Base64URL.sextet(of: code[index]) ?? 0)
            count += 6
            if count >= 8 {
                count -= 8
                target.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        if count > 0 { target.append(UInt8(truncatingIfNeeded: bits << UInt32(8 - count))) }
        for _ in 0..<lead { target.append(0) }
        unsafe raw.withUnsafeBufferPointer { unsafe target.append(contentsOf: $0) }
    }

    /// Appends a code and a value in `domain`; the code is what `writeCode` appends.
    @inline(__always)
    static func encode(
        in domain: Domain, raw: Span<UInt8>, lead: Int, into target: inout [UInt8],
        code writeCode: (inout [UInt8]) -> Void
    ) {
        switch domain {
        case .text:
            let start = target.count
            writeCode(&target)
            encodeText(codeCount: target.count - start, raw: raw, lead: lead, into: &target)
        case .binary:
            var code: [UInt8] = []
            code.reserveCapacity(12)
            writeCode(&code)
            encodeBinary(code: code.span, raw: raw, lead: lead, into: &target)
        }
    }
}
