// SPDX-License-Identifier: Apache-2.0

/// The JSON Canonicalization Scheme (RFC 8785): one byte string for all documents of the same content.
///
/// Members are sorted by the UTF-16 code units of their labels, numbers are written as ECMAScript writes them. KERI
/// bodies are *not* written like this; ``OrderedValue/encoded(as:)`` writes them.
public enum CanonicalJSON {
    /// Largest magnitude of an integer, 2^53; beyond it a binary64 number can't hold every integer.
    static let largestInteger: UInt64 = 1 << 53

    /// The canonical form of `value`.
    /// - Throws: ``DocumentEncodingError``: byte strings, integers beyond 2^53, malformed numbers, deep nesting.
    public static func encode(_ value: OrderedValue) throws(DocumentEncodingError) -> [UInt8] {
        var output: [UInt8] = []
        try append(value, to: &output, depth: 0)
        return output
    }

    private static func append(
        _ value: OrderedValue, to output: inout [UInt8], depth: Int
    ) throws(DocumentEncodingError) {
        switch value {
        case .null, .boolean, .text, .bytes: try value.appendJSON(to: &output, depth: depth)
        case .integer(let text):
            guard IntegerText.isCanonical(text) else { throw .malformedInteger }
            guard let number = Int64(text), number.magnitude <= largestInteger else { throw .integerOutOfRange }
            output.append(contentsOf: text.utf8)
        case .float(let text):
            output.append(contentsOf: FloatText.ecmaScript(try OrderedValue.checkedFloat(text)))
        case .list(let list):
            let depth = try OrderedValue.deeper(depth)
            output.append(UInt8(ascii: "["))
            for (position, element) in list.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                try append(element, to: &output, depth: depth)
            }
            output.append(UInt8(ascii: "]"))
        case .map(let map):
            let depth = try OrderedValue.deeper(depth)
            let members = map.members.sorted { $0.label.utf16.lexicographicallyPrecedes($1.label.utf16) }
            output.append(UInt8(ascii: "{"))
            for (position, member) in members.enumerated() {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                JSONText.append(member.label, to: &output)
                output.append(UInt8(ascii: ":"))
                try append(member.value, to: &output, depth: depth)
            }
            output.append(UInt8(ascii: "}"))
        }
    }
}
