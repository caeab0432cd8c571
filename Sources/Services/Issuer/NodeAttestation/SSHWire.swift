// SPDX-License-Identifier: Apache-2.0

/// Reads the binary form of SSH (RFC 4251, section 5) forward, bounded, without a byte left over.
struct SSHReader {
    /// Why bytes are none.
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }
    /// How many bytes were read.
    var offset: Int { position }

    mutating func uint32() throws(Malformed) -> UInt32 {
        try take(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func uint64() throws(Malformed) -> UInt64 {
        try take(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A byte string with its length before it.
    mutating func string() throws(Malformed) -> [UInt8] {
        let count = try uint32()
        return Array(try take(Int(count)))
    }

    /// A byte string that is text.
    mutating func text() throws(Malformed) -> String {
        guard let text = String(validating: try string(), as: UTF8.self) else { throw Malformed() }
        return text
    }

    /// A number that is not negative, in its shortest spelling; its magnitude without leading zeros.
    mutating func number() throws(Malformed) -> [UInt8] {
        let bytes = try string()
        guard let first = bytes.first else { return [] }
        guard first < 0x80 else { throw Malformed() }
        guard first == 0 else { return bytes }
        guard bytes.count > 1, bytes[1] >= 0x80 else { throw Malformed() }
        return Array(bytes.dropFirst())
    }

    /// The byte strings that fill another one.
    mutating func strings() throws(Malformed) -> [String] {
        var inner = SSHReader(try string())
        var texts: [String] = []
        while !inner.isAtEnd { texts.append(try inner.text()) }
        return texts
    }

    func end() throws(Malformed) {
        guard isAtEnd else { throw Malformed() }
    }

    private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= bytes.count - position else { throw Malformed() }
        defer { position += count }
        return bytes[position..<(position + count)]
    }
}
