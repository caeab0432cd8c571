// SPDX-License-Identifier: Apache-2.0

/// A certificate's serial number: 128 random bits, read as a positive number.
public struct CertificateSerial: Hashable, Sendable {
    /// How many random bytes are needed.
    public static let byteCount = 16

    /// Big-endian without leading zeros.
    package let magnitude: [UInt8]

    /// Makes a serial from random bytes of the caller.
    /// - Returns: nil when there are not exactly 16, or when all are zero.
    public init?(random bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        let significant = bytes.drop { $0 == 0 }
        guard !significant.isEmpty else { return nil }
        magnitude = Array(significant)
    }
}
