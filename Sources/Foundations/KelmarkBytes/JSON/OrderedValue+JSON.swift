// SPDX-License-Identifier: Apache-2.0

extension OrderedValue {
    /// Appends what `json.dumps(value, separators=(",", ":"), ensure_ascii=False)` writes.
    func appendJSON(to output: inout [UInt8], depth: Int) throws(DocumentEncodingError) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .boolean(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let text):
            guard IntegerText.isCanonical(text) else { throw .malformedInteger }
            output.append(contentsOf: text.utf8)
        case .float(let text):
            _ = try Self.checkedFloat(text)
            output.append(contentsOf: text.utf8)
        case .text(let text): JSONText.append(text, to: &output)
        case .bytes: throw .bytesInJSON
        case .list(let list):
            let depth = try Self.deeper(depth)
            output.append(UInt8(ascii: "["))
            for (position, element) in list.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                try element.appendJSON(to: &output, depth: depth)
            }
            output.append(UInt8(ascii: "]"))
        case .map(let map):
            let depth = try Self.deeper(depth)
            output.append(UInt8(ascii: "{"))
            for (position, member) in map.members.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                JSONText.append(member.label, to: &output)
                output.append(UInt8(ascii: ":"))
                try member.value.appendJSON(to: &output, depth: depth)
            }
            output.append(UInt8(ascii: "}"))
        }
    }
}
