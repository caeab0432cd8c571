// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

extension Primitive {
    /// The text form (qb64).
    public var text: String { String(decoding: textBytes, as: UTF8.self) }

    /// The text form (qb64) as ASCII.
    public var textBytes: [UInt8] { encoded(in: .text) }

    /// The binary form (qb2).
    public var binary: [UInt8] { encoded(in: .binary) }

    /// The form in `domain`.
    public func encoded(in domain: Domain) -> [UInt8] {
        var result: [UInt8] = []
        encode(in: domain, into: &result)
        return result
    }

    /// Appends the form in `domain` to `target`.
    public func encode(in domain: Domain, into target: inout [UInt8]) {
        if code.isVariable {
            let width = code.hardCount
            let lead = Int(code.packed >> 24) - (width == 2 ? 0x34 : 0x37)
            let size = (storage.count + lead) / 3
            Material.encode(in: domain, raw: span, lead: lead, into: &target) { code in
                self.code.write(into: &code)
                Base64Number.write(UInt64(size), width: width, into: &code)
            }
        } else {
            let codeBytes = (codeCount * 3 + 3) / 4
            let lead = (3 - (codeBytes + storage.count) % 3) % 3
            Material.encode(in: domain, raw: span, lead: lead, into: &target) { code in
                self.code.write(into: &code)
                if !tag.isEmpty {
                    // A filler brings the soft part up to the width that makes the whole a multiple of four.
                    if self.code.hasFiller { code.append(UInt8(ascii: "_")) }
                    code.append(contentsOf: tag.utf8)
                }
            }
        }
    }

    /// Characters of the code with its soft part.
    private var codeCount: Int {
        if code.isVariable { return code.hardCount * 2 }
        return tag.isEmpty ? code.hardCount : code.hardCount + tag.utf8.count + (code.hasFiller ? 1 : 0)
    }

    /// How many bytes the form in `domain` has.
    public func encodedCount(in domain: Domain) -> Int {
        let codeBytes = (codeCount * 3 + 3) / 4
        return (codeBytes + storage.count + 2) / 3 * domain.unit
    }
}

extension PrimitiveCode {
    /// Whether the size stands in the soft part: the first character is `4`–`9`.
    var isVariable: Bool { packed >> 24 >= 0x34 && packed >> 24 <= 0x39 }

    /// Whether a filler character stands in front of the tag.
    fileprivate var hasFiller: Bool {
        switch self {
        case .tag1, .tag5, .tag9: true
        default: text == "2__-"
        }
    }
}

/// Numbers in Base64 digits, as counters, indexes and sizes carry them (facts 1.1).
public enum Base64Number {
    /// The digits of `number`, most significant first, at least `width` of them.
    public static func characters(_ number: UInt64, width: Int) -> [UInt8] {
        var digits: [UInt8] = []
        var rest = number
        while rest > 0 {
            digits.append(Base64URL.character(of: UInt8(rest & 63)))
            rest >>= 6
        }
        while digits.count < width { digits.append(UInt8(ascii: "A")) }
        return digits.reversed()
    }

    /// Appends exactly `width` digits of `number`, which must fit.
    static func write(_ number: UInt64, width: Int, into target: inout [UInt8]) {
        var place = width
        while place > 0 {
            place -= 1
            target.append(Base64URL.character(of: UInt8(truncatingIfNeeded: number >> (6 * UInt64(place)))))
        }
    }

    /// The number that `characters` spell, or nil when one is no digit or the number needs more than 64 bits.
    public static func value(_ characters: some Sequence<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for character in characters {
            guard let sextet = Base64URL.sextet(of: character), number >> 58 == 0 else { return nil }
            number = number << 6 | UInt64(sextet)
        }
        return number
    }
}
