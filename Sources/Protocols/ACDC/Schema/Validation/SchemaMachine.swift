// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes

/// Runs a compiled schema over the tokens of a document. No values are built; working space is kept in stacks that grow
/// to what a document needs.
///
/// After `stop` is set nothing that a method returns means anything; what asks looks there first.
struct SchemaMachine {
    /// Why a validation ended before its end.
    enum Stop {
        case bound(SchemaBound)
        case missing(SAID?)
    }

    /// A part of a schema that evaluation has entered.
    struct Scope {
        let program: SchemaProgram
        let resource: Int32
    }

    let index: DocumentIndex
    let root: Int
    let library: SchemaLibrary
    let limits: SchemaLimits
    let main: SchemaProgram
    let assertsFormats: Bool

    var program: SchemaProgram
    var steps: Int
    var depth = 0
    var stop: Stop?
    /// How many attempts are under way whose failure may be no violation.
    var attempts = 0
    var violations: [SchemaViolation] = []
    var scopes: [Scope] = []
    /// Bits of members and elements; each user takes them away again.
    var bits: [UInt64] = []
    var matcher = PatternMatcher()

    init(
        _ program: SchemaProgram, index: DocumentIndex, root: Int, library: SchemaLibrary, limits: SchemaLimits,
        assertsFormats: Bool
    ) {
        self.index = index
        self.root = root
        self.library = library
        self.limits = limits
        self.main = program
        self.program = program
        self.assertsFormats = assertsFormats
        steps = limits.steps
    }

    mutating func run(in bytes: Span<UInt8>) -> SchemaResult {
        let holds = apply(0, to: root, marks: -1, in: bytes)
        switch stop {
        case .bound(let bound): return .undecided(bound)
        case .missing(let said):
            var missing = library.missing(for: main)
            if let said { missing.insert(said) }
            return .missing(missing)
        case nil: return holds ? .valid : .violated(violations)
        }
    }

    /// Takes steps; says whether there were as many.
    @inline(__always)
    mutating func take(_ count: Int) -> Bool {
        steps &-= count
        if steps >= 0 { return stop == nil }
        end(.bound(.steps))
        return false
    }

    mutating func end(_ reason: Stop) {
        if stop == nil { stop = reason }
    }

    /// Whether nothing more can be learnt once something does not hold.
    var isSettled: Bool { stop != nil || attempts > 0 || violations.count >= limits.violations }

    /// Applies a subschema to a value. `marks` is where the bits of what has been looked at in this value are, -1 when
    /// nobody wants to know.
    mutating func apply(_ number: Int32, to token: Int, marks outer: Int, in bytes: Span<UInt8>) -> Bool {
        guard take(1) else { return false }
        let node = program.nodes[Int(number)]
        let value = index.tokens[token]
        if node.types != .all, !admits(node.types, value, in: bytes) {
            return fail(.type, of: node, at: token, in: bytes, Self.types(of: node))
        }
        if node.count == 0 { return true }
        guard depth < limits.depth else {
            end(.bound(.depth))
            return false
        }
        depth += 1
        defer { depth -= 1 }
        let entersResource = scopes.last.map { $0.resource != node.resource || $0.program !== program } ?? true
        if entersResource { scopes.append(Scope(program: program, resource: node.resource)) }
        defer { if entersResource { scopes.removeLast() } }

        let base = bits.count
        var marks = outer
        if node.tracks, value.kind == .map || value.kind == .list {
            guard take(Int(value.count) >> 6) else { return false }
            marks = base
            addBits(Int(value.count))
        }
        var holds = true
        for position in Int(node.first)..<Int(node.first + node.count) {
            let instruction = program.instructions[position]
            // What failed has left no marks, so that what is left over is not known.
            if !holds, instruction.looksAtLeftovers { continue }
            if !perform(instruction, of: node, on: token, value, marks: marks, in: bytes) {
                holds = false
                if isSettled { break }
            }
        }
        if marks == base, node.tracks, marks != outer {
            if holds, outer >= 0 { join(marks, into: outer, count: Int(value.count)) }
            bits.removeLast(bits.count - base)
        }
        return holds
    }

    /// Applies a subschema whose failure may be no violation. Its marks count only when it holds.
    mutating func attempt(_ number: Int32, on token: Int, marks outer: Int, in bytes: Span<UInt8>) -> Bool {
        let base = bits.count
        let count = Int(index.tokens[token].count)
        guard outer < 0 || take(count >> 6) else { return false }
        if outer >= 0 { addBits(count) }
        attempts += 1
        let holds = apply(number, to: token, marks: outer >= 0 ? base : -1, in: bytes)
        attempts -= 1
        if outer >= 0 {
            if holds { join(base, into: outer, count: count) }
            bits.removeLast(bits.count - base)
        }
        return holds
    }

    private func admits(_ types: SchemaTypes, _ value: DocumentToken, in bytes: Span<UInt8>) -> Bool {
        switch value.kind {
        case .map: types.contains(.object)
        case .list: types.contains(.array)
        case .text: types.contains(.string)
        case .integer: types.contains(.integer)
        case .float:
            types.contains(.number)
                || types.contains(.integer) && index.exactNumber(value, in: bytes)?.isInteger == true
        case .boolean: types.contains(.boolean)
        case .null: types.contains(.null)
        case .bytes: types.contains(.bytes)
        }
    }

    // Bits.

    mutating func addBits(_ count: Int) {
        for _ in 0..<(count + 63) / 64 { bits.append(0) }
    }

    @inline(__always)
    mutating func mark(_ position: Int, at base: Int) {
        bits[base &+ position >> 6] |= 1 << UInt64(position & 63)
    }

    @inline(__always)
    func isMarked(_ position: Int, at base: Int) -> Bool {
        bits[base &+ position >> 6] >> UInt64(position & 63) & 1 == 1
    }

    mutating func markAll(_ count: Int, at base: Int) {
        for position in 0..<count { mark(position, at: base) }
    }

    private mutating func join(_ from: Int, into target: Int, count: Int) {
        for word in 0..<(count + 63) / 64 { bits[target + word] |= bits[from + word] }
    }
}

extension SchemaInstruction {
    var looksAtLeftovers: Bool {
        switch self {
        case .unevaluatedItems, .unevaluatedProperties: true
        default: false
        }
    }
}
