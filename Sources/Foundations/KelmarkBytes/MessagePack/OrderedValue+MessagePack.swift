// SPDX-License-Identifier: Apache-2.0

extension OrderedValue {
    /// Appends what `msgpack.dumps(value)` writes.
    func appendMessagePack(to output: inout [UInt8], depth: Int) throws(DocumentEncodingError) {
        switch self {
        case .null: output.append(0xc0)
        case .boolean(let value): output.append(value ? 0xc3 : 0xc2)
        case .integer(let text):
            guard let value = IntegerText.value(of: text) else { throw .malformedInteger }
            switch value {
            case .unsigned(let number): Self.appendUnsigned(number, to: &output)
            case .negative(let number):
                guard let magnitude = Int64(exactly: number) else { throw .integerOutOfRange }
                Self.appendNegative(-1 - magnitude, to: &output)
            case .large: throw .integerOutOfRange
            }
        case .float(let text):
            output.append(0xcb)
            BigEndian.append(try Self.checkedFloat(text).bitPattern, bytes: 8, to: &output)
        case .text(let text): try Self.appendMessagePackText(text, to: &output)
        case .bytes(let bytes):
            try Self.appendHead(bytes.count, heads: (0xc4, 0xc5, 0xc6), to: &output)
            output.append(contentsOf: bytes)
        case .list(let list):
            let depth = try Self.deeper(depth)
            if list.count < 16 {
                output.append(0x90 | UInt8(list.count))
            } else {
                try Self.appendHead(list.count, heads: (nil, 0xdc, 0xdd), to: &output)
            }
            for element in list { try element.appendMessagePack(to: &output, depth: depth) }
        case .map(let map):
            let depth = try Self.deeper(depth)
            if map.count < 16 {
                output.append(0x80 | UInt8(map.count))
            } else {
                try Self.appendHead(map.count, heads: (nil, 0xde, 0xdf), to: &output)
            }
            for member in map.members {
                try Self.appendMessagePackText(member.label, to: &output)
                try member.value.appendMessagePack(to: &output, depth: depth)
            }
        }
    }

    private static func appendMessagePackText(
        _ text: String, to output: inout [UInt8]
    ) throws(DocumentEncodingError) {
        let count = text.utf8.count
        if count < 32 {
            output.append(0xa0 | UInt8(count))
        } else {
            try appendHead(count, heads: (0xd9, 0xda, 0xdb), to: &output)
        }
        output.append(contentsOf: text.utf8)
    }

    /// Appends the head for one, two or four length bytes, whichever is the first to hold `count`.
    private static func appendHead(
        _ count: Int, heads: (one: UInt8?, two: UInt8, four: UInt8), to output: inout [UInt8]
    ) throws(DocumentEncodingError) {
        if let head = heads.one, count < 1 << 8 {
            output += [head, UInt8(count)]
        } else if count < 1 << 16 {
            output.append(heads.two)
            BigEndian.append(UInt64(count), bytes: 2, to: &output)
        } else {
            guard count < 1 << 32 else { throw .tooLong }
            output.append(heads.four)
            BigEndian.append(UInt64(count), bytes: 4, to: &output)
        }
    }

    private static func appendUnsigned(_ number: UInt64, to output: inout [UInt8]) {
        switch number {
        case 0..<0x80: output.append(UInt8(number))
        case 0x80..<0x100: output += [0xcc, UInt8(number)]
        case 0x100..<0x1_0000:
            output.append(0xcd)
            BigEndian.append(number, bytes: 2, to: &output)
        case 0x1_0000..<0x1_0000_0000:
            output.append(0xce)
            BigEndian.append(number, bytes: 4, to: &output)
        default:
            output.append(0xcf)
            BigEndian.append(number, bytes: 8, to: &output)
        }
    }

    private static func appendNegative(_ number: Int64, to output: inout [UInt8]) {
        let pattern = UInt64(bitPattern: number)
        switch number {
        case -32..<0: output.append(UInt8(truncatingIfNeeded: pattern))
        case -0x80 ..< -32: output += [0xd0, UInt8(truncatingIfNeeded: pattern)]
        case -0x8000 ..< -0x80:
            output.append(0xd1)
            BigEndian.append(pattern, bytes: 2, to: &output)
        case -0x8000_0000 ..< -0x8000:
            output.append(0xd2)
            BigEndian.append(pattern, bytes: 4, to: &output)
        default:
            output.append(0xd3)
            BigEndian.append(pattern, bytes: 8, to: &output)
        }
    }
}
