// SPDX-License-Identifier: Apache-2.0

/// The public operation of RSA, `s^e mod n`, on numbers as bytes with the big end first.
///
/// Only for checking signatures: everything that goes in is public, so nothing here hides its timing. It exists because
/// the library checks PSS signatures with one salt length only, and agents use the longest. Facts (SPIFFE) 22.5.
struct RSAPublicOperation: Sendable {
    /// Shortest and longest modulus, in bits.
    static let modulusBits = 2048...8192
    /// Most bits of the exponent: more would only cost time.
    static let exponentBits = 33

    /// Bits of the modulus.
    let bits: Int
    /// Little end first.
    private let modulus: [UInt64]
    private let exponent: UInt64
    /// `-n^-1 mod 2^64`, for Montgomery's reduction.
    private let inverse: UInt64

    /// Takes a key; nil when its numbers are out of bounds or even.
    init?(modulus: [UInt8], exponent: [UInt8]) {
        let significant = modulus.drop { $0 == 0 }
        guard let first = significant.first else { return nil }
        bits = significant.count * 8 - first.leadingZeroBitCount
        guard Self.modulusBits.contains(bits), let last = significant.last, last & 1 == 1 else { return nil }
        let power = exponent.drop { $0 == 0 }
        guard power.count <= 5 else { return nil }
        self.exponent = power.reduce(0) { $0 << 8 | UInt64($1) }
        guard self.exponent >= 3, self.exponent & 1 == 1,
            UInt64.bitWidth - self.exponent.leadingZeroBitCount <= Self.exponentBits
        else { return nil }
        self.modulus = Self.words(Array(significant), count: (significant.count + 7) / 8)
        // Newton: each step doubles the correct low bits.
        var inverse: UInt64 = 1
        for _ in 0..<6 { inverse &*= 2 &- self.modulus[0] &* inverse }
        self.inverse = 0 &- inverse
    }

    /// Bytes of a signature.
    var byteCount: Int { (bits + 7) / 8 }

    /// `signature^e mod n` in ``byteCount`` bytes; nil when the signature has another length or is not below `n`.
    func apply(_ signature: [UInt8]) -> [UInt8]? {
        guard signature.count == byteCount else { return nil }
        let base = Self.words(signature, count: modulus.count)
        guard Self.isLess(base, modulus) else { return nil }
        let factor = squareOfRadix()
        let montgomery = product(base, factor)
        var result = montgomery
        for bit in stride(from: UInt64.bitWidth - exponent.leadingZeroBitCount - 2, through: 0, by: -1) {
            result = product(result, result)
            if exponent >> UInt64(bit) & 1 == 1 { result = product(result, montgomery) }
        }
        var one = [UInt64](repeating: 0, count: modulus.count)
        one[0] = 1
        return Self.bytes(product(result, one), count: byteCount)
    }

    /// `left * right / R mod n` where R is 2^64 to the count of words; both below `n`.
    private func product(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
        let count = modulus.count
        var sum = [UInt64](repeating: 0, count: count + 2)
        for i in 0..<count {
            var carry: UInt64 = 0
            for j in 0..<count {
                (sum[j], carry) = Self.addProduct(left[i], right[j], sum[j], carry)
            }
            var overflow: Bool
            (sum[count], overflow) = sum[count].addingReportingOverflow(carry)
            sum[count + 1] = overflow ? 1 : 0
            let multiple = sum[0] &* inverse
            (_, carry) = Self.addProduct(multiple, modulus[0], sum[0], 0)
            for j in 1..<count {
                (sum[j - 1], carry) = Self.addProduct(multiple, modulus[j], sum[j], carry)
            }
            (sum[count - 1], overflow) = sum[count].addingReportingOverflow(carry)
            sum[count] = sum[count + 1] &+ (overflow ? 1 : 0)
        }
        let value = Array(sum[..<count])
        guard sum[count] != 0 || !Self.isLess(value, modulus) else { return value }
        return Self.difference(value, modulus)
    }

    /// `R^2 mod n`, by doubling 1 until it is there.
    private func squareOfRadix() -> [UInt64] {
        let count = modulus.count
        // 2^(bits - 1) is below n; from there on each doubling is reduced once.
        var value = [UInt64](repeating: 0, count: count)
        value[(bits - 1) / 64] = 1 << UInt64((bits - 1) % 64)
        for _ in 0..<(2 * 64 * count - (bits - 1)) {
            var carry: UInt64 = 0
            for j in 0..<count {
                let next = value[j] >> 63
                value[j] = value[j] << 1 | carry
                carry = next
            }
            if carry != 0 || !Self.isLess(value, modulus) { value = Self.difference(value, modulus) }
        }
        return value
    }

    /// `a * b + c + d`, low word and high word; never overflows.
    private static func addProduct(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) -> (UInt64, UInt64) {
        var (high, low) = a.multipliedFullWidth(by: b)
        var overflow: Bool
        (low, overflow) = low.addingReportingOverflow(c)
        if overflow { high &+= 1 }
        (low, overflow) = low.addingReportingOverflow(d)
        if overflow { high &+= 1 }
        return (low, high)
    }

    private static func isLess(_ left: [UInt64], _ right: [UInt64]) -> Bool {
        for j in stride(from: left.count - 1, through: 0, by: -1) where left[j] != right[j] {
            return left[j] < right[j]
        }
        return false
    }

    private static func difference(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
        var result = left
        var borrow: UInt64 = 0
        for j in 0..<left.count {
            let (first, one) = left[j].subtractingReportingOverflow(right[j])
            let (second, other) = first.subtractingReportingOverflow(borrow)
            result[j] = second
            borrow = one || other ? 1 : 0
        }
        return result
    }

    private static func words(_ bytes: [UInt8], count: Int) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: count)
        for (index, byte) in bytes.reversed().enumerated() { words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8) }
        return words
    }

    private static func bytes(_ words: [UInt64], count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }
}
