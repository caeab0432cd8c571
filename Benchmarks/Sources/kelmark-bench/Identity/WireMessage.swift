// SPDX-License-Identifier: Apache-2.0

/// The little of protobuf's encoding that the calls here need: nothing is generated, so that what is measured is the
/// other side.
struct WireMessage {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ field: UInt8, _ text: String) { put(field, Array(text.utf8)) }

    mutating func put(_ field: UInt8, _ part: WireMessage) { put(field, part.bytes) }

    private mutating func put(_ field: UInt8, _ content: [UInt8]) {
        bytes.append(field << 3 | 2)
        var count = content.count
        while count >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: count) | 0x80)
            count >>= 7
        }
        bytes.append(UInt8(count))
        bytes += content
    }
}

/// A field of a message that came.
struct WireField {
    let number: Int
    /// Of a number.
    var value = 0
    /// Of a text or a message.
    var content: ArraySlice<UInt8> = []

    /// The fields of a message.
    /// - Throws: ``FixtureError`` for anything but numbers, texts and messages.
    static func all(in bytes: ArraySlice<UInt8>) throws -> [WireField] {
        var rest = bytes
        var fields: [WireField] = []
        while !rest.isEmpty {
            let tag = try varint(&rest)
            var field = WireField(number: tag >> 3)
            switch tag & 7 {
            case 0: field.value = try varint(&rest)
            case 2:
                let count = try varint(&rest)
                guard count <= rest.count else { throw FixtureError() }
                field.content = rest.prefix(count)
                rest = rest.dropFirst(count)
            default: throw FixtureError()
            }
            fields.append(field)
        }
        return fields
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> Int {
        var value = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            guard let byte = rest.popFirst() else { throw FixtureError() }
            value |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw FixtureError()
    }
}
