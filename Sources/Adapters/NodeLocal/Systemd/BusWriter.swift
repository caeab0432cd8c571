// SPDX-License-Identifier: Apache-2.0

/// Writes values of D-Bus, in little-endian order, each aligned to its size. D-Bus specification, "Marshaling".
struct BusWriter {
    private(set) var bytes: [UInt8] = []

    mutating func align(_ boundary: Int) {
        while bytes.count % boundary != 0 { bytes.append(0) }
    }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func uint32(_ value: UInt32) {
        align(4)
        bytes += [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// A string or the path of an object.
    mutating func string(_ text: String) {
        uint32(UInt32(truncatingIfNeeded: text.utf8.count))
        bytes += Array(text.utf8) + [0]
    }

    /// The types of values.
    mutating func signature(_ text: String) {
        bytes += [UInt8(truncatingIfNeeded: text.utf8.count)] + Array(text.utf8) + [0]
    }
}
