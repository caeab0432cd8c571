// SPDX-License-Identifier: Apache-2.0

/// In which of its two transport forms a primitive or group is spelled.
public enum Domain: UInt8, Hashable, Sendable, CaseIterable {
    /// Base64url characters, called qb64 in KERIpy.
    case text
    /// Bytes, the Base64url decoding of the text, called qb2 in KERIpy.
    case binary

    /// Bytes on the wire that one unit of a sized counter stands for: a quadlet of characters or a triplet of bytes.
    @inlinable public var unit: Int { self == .text ? 4 : 3 }
}

/// Which set of code tables is in force.
public enum CodeTable: UInt8, Hashable, Sendable, CaseIterable {
    /// The tables of CESR 1.0, as KERI 1.0 uses them.
    case version1 = 1
    /// The tables of CESR 2.0.
    case version2 = 2
}
