// SPDX-License-Identifier: Apache-2.0

/// Spellings of IP addresses.
enum IPAddressText {
    /// Four decimal numbers of 0 to 255 without leading zeros.
    static func isIPv4(_ text: some Collection<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                    part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                    let number = Int(String(decoding: part, as: UTF8.self))
                else { return false }
                return number <= 255
            }
    }

    /// The forms of RFC 4291, 2.2: eight groups, or fewer around one `::`; an IPv4 address may stand for the last two. No
    /// zone.
    static func isIPv6(_ text: some Collection<UInt8>) -> Bool {
        let bytes = Array(text)
        guard (2...45).contains(bytes.count) else { return false }
        guard let gap = bytes.firstRange(of: [UInt8(ascii: ":"), UInt8(ascii: ":")]) else {
            return groups(bytes[...], endsAddress: true) == 8
        }
        // A second gap leaves an empty group, which is none.
        let head = bytes[..<gap.lowerBound]
        let tail = bytes[gap.upperBound...]
        guard let before = head.isEmpty ? 0 : groups(head, endsAddress: false),
            let after = tail.isEmpty ? 0 : groups(tail, endsAddress: true)
        else { return false }
        return before + after <= 7
    }

    /// How many groups of 16 bits are spelt, or nil.
    private static func groups(_ text: ArraySlice<UInt8>, endsAddress: Bool) -> Int? {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var count = 0
        for (index, part) in parts.enumerated() {
            if part.contains(UInt8(ascii: ".")) {
                guard endsAddress, index == parts.count - 1, isIPv4(part) else { return nil }
                count += 2
            } else {
                guard (1...4).contains(part.count) else { return nil }
                guard part.allSatisfy(isHexadecimal) else { return nil }
                count += 1
            }
        }
        return count
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
