// SPDX-License-Identifier: Apache-2.0

extension OrderedValue {
    /// Appends what `cbor2.dumps(value)` writes.
    func appendCBOR(to output: inout [UInt8], depth: Int) throws(DocumentEncodingError) {
        switch self {
        case .null: output.append(0xf6)
        case .boolean(let value): output.append(value ? 0xf5 : 0xf4)
        case .integer(let text):
            guard let value = IntegerText.value(of: text) else { throw .malformedInteger }
            switch value {
            case .unsigned(let number): Self.appendHead(.unsigned, number, to: &output)
            case .negative(let number): Self.appendHead(.negative, number, to: &output)
            case .large(let negative, let magnitude):
                Self.appendHead(.tag, negative ? 3 : 2, to: &output)
                Self.appendHead(.bytes, UInt64(magnitude.count), to: &output)
                output.append(contentsOf: magnitude)
            }
        case .float(let text):
            output.append(0xfb)
            BigEndian.append(try Self.checkedFloat(text).bitPattern, bytes: 8, to: &output)
        case .text(let text): Self.appendCBORText(text, to: &output)
        case .bytes(let bytes):
            Self.appendHead(.bytes, UInt64(bytes.count), to: &output)
            output.append(contentsOf: bytes)
        case .list(let list):
            let depth = try Self.deeper(depth)
            Self.appendHead(.list, UInt64(list.count), to: &output)
            for element in list { try element.appendCBOR(to: &output, depth: depth) }
        case .map(let map):
            let depth = try Self.deeper(depth)
            Self.appendHead(.map, UInt64(map.count), to: &output)
            for member in map.members {
                Self.appendCBORText(member.label, to: &output)
                try member.value.appendCBOR(to: &output, depth: depth)
            }
        }
    }

    private static func appendCBORText(_ text: String, to output: inout [UInt8]) {
        appendHead(.text, UInt64(text.utf8.count), to: &output)
        output.append(contentsOf: text.utf8)
    }

    private static func appendHead(_ major: CBORHead.Major, _ argument: UInt64, to output: inout [UInt8]) {
        let first = major.rawValue << 5
        switch argument {
        case 0..<24: output.append(first | UInt8(argument))
        case 24..<0x100: output += [first | 24, UInt8(argument)]
        case 0x100..<0x1_0000:
            output.append(first | 25)
            BigEndian.append(argument, bytes: 2, to: &output)
        case 0x1_0000..<0x1_0000_0000:
            output.append(first | 26)
            BigEndian.append(argument, bytes: 4, to: &output)
        default:
            output.append(first | 27)
            BigEndian.append(argument, bytes: 8, to: &output)
        }
    }
}
