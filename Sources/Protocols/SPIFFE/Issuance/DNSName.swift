// SPDX-License-Identifier: Apache-2.0

/// The host names that a workload certificate may carry beside its SPIFFE ID.
package enum DNSName {
    /// Labels of 1 to 63 letters, digits and inner hyphens, at most 253 bytes, no wildcard, no dot at the end, and
    /// not only digits at the end (an address is no name).
    package static func isValid(_ name: String) -> Bool {
        guard (1...253).contains(name.utf8.count) else { return false }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let wellFormed = labels.allSatisfy { label in
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
            else { return false }
            return label.allSatisfy { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") }
        }
        return wellFormed && labels.last?.allSatisfy(isDigit) == false
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
