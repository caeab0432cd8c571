// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

extension AnnotatedStream {
    /// The annotated tree for a terminal: one line a part, its offset in front, documents indented.
    ///
    /// Nothing of the stream is printed as it is: control and direction characters are escaped.
    public var text: String {
        let width = max(4, String(nodes.last?.range.upperBound ?? 0).utf8.count)
        var lines = AnnotatedText(width: width)
        for node in nodes { lines.put(node, depth: 0) }
        return lines.text
    }

    /// The annotated tree as a document: a list of parts with `kind`, `offset`, `length`, what they are, and `parts`.
    public var value: OrderedValue { .list(nodes.map(\.value)) }
}

/// Collects the lines of the annotated tree.
private struct AnnotatedText {
    let width: Int
    var text = ""

    mutating func put(_ node: AnnotatedNode, depth: Int) {
        var line = node.title
        if let spelling = node.spelling {
            line += ": "
            if let decoded = node.decoded { line += AnnotatedText.escaped(AnnotatedText.shortened(decoded)) + "  " }
            line += AnnotatedText.shortened(spelling)
        }
        put(line, at: node.range.lowerBound, depth: depth)
        if case .body(_, let document?) = node.content { put(document, depth: depth + 2) }
        for part in node.parts { put(part, depth: depth + 1) }
    }

    private mutating func put(_ line: String, at offset: Int?, depth: Int) {
        let number = offset.map { String($0) } ?? ""
        text += String(repeating: " ", count: width - min(width, number.utf8.count)) + number
        text += String(repeating: " ", count: 2 + 2 * depth) + line + "\n"
    }

    // MARK: Documents

    private mutating func put(_ document: OrderedValue, depth: Int) {
        var lines: [(Int, String)] = []
        AnnotatedText.lines(document, label: nil, depth: 0, isLast: true, into: &lines)
        for (inner, line) in lines { put(line, at: nil, depth: depth + inner) }
    }

    private static func lines(
        _ value: OrderedValue, label: String?, depth: Int, isLast: Bool, into lines: inout [(Int, String)]
    ) {
        let head = label.map { quoted($0) + ": " } ?? ""
        let tail = isLast ? "" : ","
        switch value {
        case .map(let map) where !map.isEmpty:
            lines.append((depth, head + "{"))
            for (position, member) in map.members.enumerated() {
                AnnotatedText.lines(
                    member.value, label: member.label, depth: depth + 1, isLast: position == map.count - 1,
                    into: &lines)
            }
            lines.append((depth, "}" + tail))
        case .list(let list) where !list.isEmpty:
            lines.append((depth, head + "["))
            for (position, element) in list.enumerated() {
                AnnotatedText.lines(
                    element, label: nil, depth: depth + 1, isLast: position == list.count - 1, into: &lines)
            }
            lines.append((depth, "]" + tail))
        default: lines.append((depth, head + scalar(value) + tail))
        }
    }

    private static func scalar(_ value: OrderedValue) -> String {
        switch value {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let text), .float(let text): text
        case .text(let text): quoted(text)
        case .bytes(let bytes): "bytes " + Base64URL.encodedString(bytes.span)
        case .list: "[]"
        case .map: "{}"
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + escaped(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")) + "\""
    }

    /// The text without anything that could act on a terminal.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7f..<0xa0, 0x61c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func shortened(_ text: String) -> String {
        guard text.unicodeScalars.count > 200 else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(100)))
            + "… (\(text.utf8.count) bytes of text)"
    }
}

extension AnnotatedNode {
    /// The part as a document.
    var value: OrderedValue {
        var map = OrderedMap()
        map["kind"] = .text(kindName)
        map["offset"] = OrderedValue(range.lowerBound)
        map["length"] = OrderedValue(range.count)
        if let domain { map["domain"] = domain == .text ? "text" : "binary" }
        if !role.isEmpty { map["role"] = .text(role) }
        switch content {
        case .message: break
        case .opaque(let preview): map["first"] = .text(Base64URL.encodedString(preview.span))
        case .body(let version, let document):
            map["version"] = .text(version.text)
            map["protocol"] = .text(version.protocol.text)
            map["major"] = OrderedValue(version.major)
            map["minor"] = OrderedValue(version.minor)
            map["format"] = .text(version.format.text)
            if let document { map["document"] = document.withoutBytes }
        case .group(let counter):
            map["code"] = .text(counter.code.text)
            map["name"] = .text(counter.code.kind.name)
            map["count"] = OrderedValue(counter.count)
        case .primitive(let primitive):
            map["code"] = .text(primitive.code.text)
            map["name"] = .text(primitive.formatName)
            map["text"] = .text(primitive.text)
            if let decoded { map["decoded"] = .text(decoded) }
        case .signature(let signature):
            map["code"] = .text(signature.code.text)
            map["name"] = .text(signature.code.name)
            map["index"] = OrderedValue(signature.index)
            if let ondex = signature.ondex { map["ondex"] = OrderedValue(ondex) }
            map["text"] = .text(signature.text)
        case .fault(let explanation):
            map["explanation"] = .text(explanation)
        }
        if !parts.isEmpty { map["parts"] = .list(parts.map(\.value)) }
        return .map(map)
    }

    private var kindName: String {
        switch content {
        case .message: "message"
        case .body: "body"
        case .group: "group"
        case .primitive: "primitive"
        case .signature: "signature"
        case .opaque: "bytes"
        case .fault: "fault"
        }
    }
}

extension OrderedValue {
    /// The same value with byte strings, which JSON does not have, as Base64url text.
    fileprivate var withoutBytes: OrderedValue {
        switch self {
        case .bytes(let bytes): return .text(Base64URL.encodedString(bytes.span))
        case .list(let list): return .list(list.map(\.withoutBytes))
        case .map(let map):
            var result = OrderedMap()
            for member in map.members { result[member.label] = member.value.withoutBytes }
            return .map(result)
        default: return self
        }
    }
}
