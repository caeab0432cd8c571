// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Violations. Pointers and words are made only here, when there is something to say.
extension SchemaMachine {
    /// Notes a violation unless it may be none; false, for whoever returns it.
    @inline(never)
    mutating func fail(
        _ keyword: SchemaKeyword?, of node: SchemaProgram.Node, at token: Int, in bytes: Span<UInt8>,
        _ words: @autoclosure () -> String
    ) -> Bool {
        guard attempts == 0, violations.count < limits.violations else { return false }
        var pointer = program.document.pointer(to: Int(node.token))
        if let keyword { pointer += "/" + keyword.rawValue }
        violations.append(
            SchemaViolation(
                instance: index.pointer(to: token, from: root, in: bytes), schema: pointer,
                foreign: program === main ? nil : program.said, words: words()))
        return false
    }

    static func types(of node: SchemaProgram.Node) -> String {
        var rest = node.types
        var names: [String] = []
        for (name, type) in SchemaTypes.names where rest.isSuperset(of: type) && !type.isEmpty {
            names.append(name)
            rest.subtract(type)
        }
        return "is not of the type " + names.joined(separator: " or ")
    }

    static func words(for instruction: SchemaInstruction) -> String {
        switch instruction {
        case .const: "is not the constant that it must be"
        case .oneOfValues: "is none of the values that it may be"
        case .multipleOf: "is no multiple of the number that it must be one of"
        case .maximum, .exclusiveMaximum: "is too large"
        case .minimum, .exclusiveMinimum: "is too small"
        case .maxLength(let most): "has more than \(most) characters"
        case .minLength(let least): "has fewer than \(least) characters"
        case .pattern: "does not match the pattern"
        case .format(let format): "is not of the format \(format.rawValue)"
        case .maxItems(let most): "has more than \(most) elements"
        case .minItems(let least): "has fewer than \(least) elements"
        case .uniqueItems: "has the same element twice"
        case .contains: "does not have as many elements of a kind as it must"
        case .maxProperties(let most): "has more than \(most) members"
        case .minProperties(let least): "has fewer than \(least) members"
        case .anyOf, .oneOf: "fits none of the alternatives"
        case .not: "is what it must not be"
        default: "is not allowed"
        }
    }
}
