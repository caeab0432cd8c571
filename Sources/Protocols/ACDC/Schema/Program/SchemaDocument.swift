// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// A scanned JSON document that owns its bytes.
struct SchemaDocument: Sendable {
    let bytes: [UInt8]
    let index: DocumentIndex

    /// - Throws: ``SchemaError/Code/malformed`` or ``SchemaError/Code/tooLarge``.
    init(_ bytes: [UInt8], limits: SchemaLimits) throws(SchemaError) {
        var index = DocumentIndex()
        do throws(DocumentError) {
            try index.scan(bytes.span, format: .json, limits: limits.document)
        } catch {
            throw SchemaError(error)
        }
        self.bytes = bytes
        self.index = index
    }

    func token(_ position: Int) -> DocumentToken { index.tokens[position] }

    func kind(_ position: Int) -> DocumentToken.Kind { index.tokens[position].kind }

    func text(_ position: Int) -> String? {
        let token = index.tokens[position]
        return token.kind == .text ? index.string(of: token, in: bytes.span) : nil
    }

    func number(_ position: Int) -> ExactNumber? { index.exactNumber(index.tokens[position], in: bytes.span) }

    func boolean(_ position: Int) -> Bool? { index.boolean(of: index.tokens[position], in: bytes.span) }

    /// Labels of a map with the positions of their values; empty for any other value.
    func members(of map: Int) -> [(label: String, value: Int)] {
        guard kind(map) == .map else { return [] }
        var members: [(label: String, value: Int)] = []
        var position = map + 1
        for _ in 0..<token(map).count {
            members.append((index.string(of: token(position), in: bytes.span), position + 1))
            position = Int(token(position + 1).next)
        }
        return members
    }

    /// Positions of the elements of a list; empty for any other value.
    func elements(of list: Int) -> [Int] {
        guard kind(list) == .list else { return [] }
        var elements: [Int] = []
        var position = list + 1
        for _ in 0..<token(list).count {
            elements.append(position)
            position = Int(token(position).next)
        }
        return elements
    }

    func pointer(to position: Int) -> String { index.pointer(to: position, from: 0, in: bytes.span) }
}

extension SchemaLimits {
    /// The bounds of the schema document.
    var document: Limits {
        Limits(bodyBytes: schemaBytes, nestingDepth: nestingDepth, documentValues: schemaValues)
    }
}

extension SchemaError {
    init(_ error: DocumentError) {
        switch error.code {
        case .tooLarge, .tooManyValues, .nestingTooDeep:
            self.init(.tooLarge, "the schema goes over a limit at byte \(error.offset)")
        default:
            self.init(.malformed, "the bytes are not compact JSON at byte \(error.offset): \(error.code)")
        }
    }
}

extension DocumentIndex {
    /// JSON pointer (RFC 6901) from one token to another below it, which may be a label.
    func pointer(to target: Int, from root: Int, in bytes: Span<UInt8>) -> String {
        var pointer = ""
        var current = root
        descending: while current != target {
            var child = current + 1
            let isMap = tokens[current].kind == .map
            for position in 0..<Int(tokens[current].count) {
                let value = isMap ? child + 1 : child
                if target < Int(tokens[value].next) {
                    pointer += "/" + (isMap ? Self.escaped(string(of: tokens[child], in: bytes)) : String(position))
                    if target == child { return pointer }
                    current = value
                    continue descending
                }
                child = Int(tokens[value].next)
            }
            break
        }
        return pointer
    }

    private static func escaped(_ label: String) -> String {
        guard label.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return label }
        var output = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "~": output += "~0"
            case "/": output += "~1"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}
