// SPDX-License-Identifier: Apache-2.0

/// The binary form of SSH, as it is written. RFC 4251, section 5.
enum SSHWire {
    /// A byte string with its length before it.
    static func string(_ bytes: [UInt8]) -> [UInt8] {
        let count = UInt32(truncatingIfNeeded: bytes.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + bytes
    }

    /// A number that is not negative, from its magnitude.
    static func number(_ magnitude: [UInt8]) -> [UInt8] {
        let short = Array(magnitude.drop { $0 == 0 })
        return string(short.first.map { $0 >= 0x80 } == true ? [0] + short : short)
    }
}

/// Reads it forward, bounded.
struct SSHWireReader {
    /// Why bytes are none.
    struct Malformed: Error {}

    private let bytes: [UInt8]
    /// How many bytes were read.
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= bytes.count - offset else { throw Malformed() }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    mutating func uint32() throws(Malformed) -> UInt32 { try take(4).reduce(0) { $0 << 8 | UInt32($1) } }

    mutating func string() throws(Malformed) -> [UInt8] { Array(try take(Int(try uint32()))) }

    mutating func text() throws(Malformed) -> String {
        guard let text = String(validating: try string(), as: UTF8.self) else { throw Malformed() }
        return text
    }

    /// The magnitude of a number, without leading zeros.
    mutating func number() throws(Malformed) -> [UInt8] {
        let bytes = try string()
        guard bytes.first ?? 0 < 0x80 else { throw Malformed() }
        return Array(bytes.drop { $0 == 0 })
    }
}
