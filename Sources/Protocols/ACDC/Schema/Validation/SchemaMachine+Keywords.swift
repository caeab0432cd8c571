// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

extension SchemaMachine {
    /// Performs one instruction of a subschema.
    mutating func perform(
        _ instruction: SchemaInstruction, of node: SchemaProgram.Node, on token: Int, _ value: DocumentToken,
        marks: Int, in bytes: Span<UInt8>
    ) -> Bool {
        switch instruction {
        case .refuse:
            return fail(nil, of: node, at: token, in: bytes, "is not allowed")
        case .const(let constant):
            if equals(constant, token, in: bytes) { return true }
        case .oneOfValues(let list):
            if isAmong(list, token, in: bytes) { return true }
        case .multipleOf, .maximum, .exclusiveMaximum, .minimum, .exclusiveMinimum:
            if isWithin(instruction, value, in: bytes) { return true }
        case .maxLength(let most):
            if value.kind != .text || length(of: value, in: bytes) <= most { return true }
        case .minLength(let least):
            if value.kind != .text || length(of: value, in: bytes) >= least { return true }
        case .pattern(let pattern):
            if value.kind != .text || matches(pattern, value, in: bytes) { return true }
        case .format(let format):
            if !assertsFormats || value.kind != .text || isOf(format, value, in: bytes) { return true }
        case .maxItems(let most):
            if value.kind != .list || Int(value.count) <= most { return true }
        case .minItems(let least):
            if value.kind != .list || Int(value.count) >= least { return true }
        case .uniqueItems:
            if value.kind != .list || hasUniqueElements(token, value, in: bytes) { return true }
        case .maxProperties(let most):
            if value.kind != .map || Int(value.count) <= most { return true }
        case .minProperties(let least):
            if value.kind != .map || Int(value.count) >= least { return true }
        case .items(let first, let count, let rest):
            if value.kind != .list { return true }
            return applyToElements(
                token, value, prefix: Int(first)..<Int(first + count), rest: rest, marks: marks, in: bytes)
        case .contains(let other, let least, let most):
            if value.kind != .list || contains(other, token, value, Int(least), Int(most), marks: marks, in: bytes) {
                return true
            }
        case .members(let plan):
            if value.kind != .map { return true }
            return applyToMembers(plan, of: node, token, value, marks: marks, in: bytes)
        case .unevaluatedItems(let other):
            return applyToLeftovers(other, token, value, .list, marks: marks, in: bytes)
        case .unevaluatedProperties(let other):
            return applyToLeftovers(other, token, value, .map, marks: marks, in: bytes)
        case .allOf(let first, let count):
            var holds = true
            for position in Int(first)..<Int(first + count)
            where !apply(program.numbers[position], to: token, marks: marks, in: bytes) {
                holds = false
                if isSettled { break }
            }
            return holds
        case .anyOf(let first, let count):
            if holdsAny(Int(first)..<Int(first + count), token, marks: marks, in: bytes) { return true }
            explain(Int(first)..<Int(first + count), value, token, in: bytes)
        case .oneOf(let first, let count):
            switch countBranches(Int(first)..<Int(first + count), token, marks: marks, in: bytes) {
            case 1: return true
            case 0: explain(Int(first)..<Int(first + count), value, token, in: bytes)
            default: return fail(.oneOf, of: node, at: token, in: bytes, "fits more than one of the alternatives")
            }
        case .not(let other):
            if !attempt(other, on: token, marks: -1, in: bytes) { return stop == nil }
        case .condition(let test, let then, let other):
            let branch = attempt(test, on: token, marks: marks, in: bytes) ? then : other
            if stop != nil { return false }
            return branch < 0 || apply(branch, to: token, marks: marks, in: bytes)
        case .reference(let other):
            return apply(other, to: token, marks: marks, in: bytes)
        case .foreign(let number):
            return applyForeign(Int(number), to: token, marks: marks, in: bytes)
        case .dynamic(let number):
            let dynamic = program.dynamics[Int(number)]
            return applyDynamic(dynamic.anchor, else: dynamic.fallback, to: token, marks: marks, in: bytes)
        }
        if stop != nil { return false }
        return fail(instruction.keyword, of: node, at: token, in: bytes, Self.words(for: instruction))
    }

    private mutating func holdsAny(
        _ branches: Range<Int>, _ token: Int, marks: Int, in bytes: Span<UInt8>
    ) -> Bool {
        var holds = false
        for position in branches {
            if attempt(program.numbers[position], on: token, marks: marks, in: bytes) {
                holds = true
                if marks < 0 { break }
            }
            if stop != nil { return false }
        }
        return holds
    }

    /// How many branches hold; 2 stands for more as well.
    private mutating func countBranches(
        _ branches: Range<Int>, _ token: Int, marks: Int, in bytes: Span<UInt8>
    ) -> Int {
        var count = 0
        for position in branches {
            if attempt(program.numbers[position], on: token, marks: marks, in: bytes) { count += 1 }
            if stop != nil { return 0 }
            if count == 2 { break }
        }
        return count
    }

    /// Reports why the only branch for this type of value does not hold: that says more than that none does.
    private mutating func explain(
        _ branches: Range<Int>, _ value: DocumentToken, _ token: Int, in bytes: Span<UInt8>
    ) {
        guard !isSettled else { return }
        var likely: Int32?
        for position in branches {
            let number = program.numbers[position]
            guard program.nodes[Int(number)].types.admits(value.kind) else { continue }
            if likely != nil { return }
            likely = number
        }
        if let likely { _ = apply(likely, to: token, marks: -1, in: bytes) }
    }

    /// Applies a subschema of another schema.
    private mutating func applyForeign(_ number: Int, to token: Int, marks: Int, in bytes: Span<UInt8>) -> Bool {
        let reference = program.foreign[number]
        guard let other = library.program(reference.key) else {
            end(.missing(reference.said))
            return false
        }
        guard let target = other.node(for: reference.fragment) else {
            end(.bound(.brokenReference))
            return false
        }
        let own = program
        program = other
        defer { program = own }
        let resource = Int(other.nodes[Int(target)].resource)
        if reference.isDynamic, other.resources[resource].dynamicAnchors[reference.fragment] == target {
            return applyDynamic(reference.fragment, else: target, to: token, marks: marks, in: bytes)
        }
        return apply(target, to: token, marks: marks, in: bytes)
    }

    /// Applies the subschema with a dynamic anchor in the outermost part that has one.
    private mutating func applyDynamic(
        _ anchor: String, else fallback: Int32, to token: Int, marks: Int, in bytes: Span<UInt8>
    ) -> Bool {
        guard take(scopes.count) else { return false }
        for scope in scopes {
            guard let node = scope.program.resources[Int(scope.resource)].dynamicAnchors[anchor] else { continue }
            let own = program
            program = scope.program
            defer { program = own }
            return apply(node, to: token, marks: marks, in: bytes)
        }
        return apply(fallback, to: token, marks: marks, in: bytes)
    }
}

extension SchemaTypes {
    /// Whether some value of a kind may be allowed.
    func admits(_ kind: DocumentToken.Kind) -> Bool {
        switch kind {
        case .map: contains(.object)
        case .list: contains(.array)
        case .text: contains(.string)
        case .integer, .float: contains(.integer)
        case .boolean: contains(.boolean)
        case .null: contains(.null)
        case .bytes: contains(.bytes)
        }
    }
}
