// SPDX-License-Identifier: Apache-2.0

/// Reads values of D-Bus forward, bounded, in either byte order. D-Bus specification, "Marshaling".
struct BusReader {
    /// Why bytes are none.
    struct Malformed: Error, Hashable {}

    private let bytes: ArraySlice<UInt8>
    private let isBigEndian: Bool
    /// How many bytes were read; alignment counts from the first.
    private(set) var offset = 0

    init(_ bytes: ArraySlice<UInt8>, isBigEndian: Bool) {
        self.bytes = bytes
        self.isBigEndian = isBigEndian
    }

    mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - offset else { throw Malformed() }
        defer { offset += count }
        let start = bytes.startIndex + offset
        return bytes[start..<(start + count)]
    }

    /// Padding is zero.
    mutating func align(_ boundary: Int) throws(Malformed) {
        let count = (boundary - offset % boundary) % boundary
        guard try take(count).allSatisfy({ $0 == 0 }) else { throw Malformed() }
    }

    mutating func byte() throws(Malformed) -> UInt8 {
        guard let byte = try take(1).first else { throw Malformed() }
        return byte
    }

    mutating func uint32() throws(Malformed) -> UInt32 {
        try align(4)
        let four = try take(4)
        return (isBigEndian ? Array(four) : four.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A string or the path of an object.
    mutating func string() throws(Malformed) -> String {
        let count = Int(try uint32())
        return try text(count)
    }

    /// The types of values.
    mutating func signature() throws(Malformed) -> String {
        let count = Int(try byte())
        return try text(count)
    }

    private mutating func text(_ count: Int) throws(Malformed) -> String {
        let characters = try take(count)
        guard try byte() == 0, !characters.contains(0),
            let text = String(validating: characters, as: UTF8.self)
        else { throw Malformed() }
        return text
    }
}
