// SPDX-License-Identifier: Apache-2.0

/// The host names that a workload certificate may carry beside its SPIFFE ID.
package enum DNSName {
    /// Labels of 1 to 63 letters, digits and inner hyphens, at most 253 bytes, no wildcard, no dot at the end, and
    /// no number at the end: resolvers read `127.0.0.1`, `127.1` and `0x7f000001` as the same address.
    package static func isValid(_ name: String) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let wellFormed = labels.allSatisfy { label in
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
            else { return false }
            return label.allSatisfy { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") }
        }
        return wellFormed && labels.last.map { !isNumber($0) } ?? false
    }

    private static func isNumber(_ label: String.UTF8View.SubSequence) -> Bool {
        guard label.first == UInt8(ascii: "0"), label.dropFirst().first.map({ $0 | 0x20 }) == UInt8(ascii: "x") else {
            return label.allSatisfy(isDigit)
        }
        return label.dropFirst(2).allSatisfy { byte in
            isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
