// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Members of maps and elements of lists.
extension SchemaMachine {
    mutating func applyToElements(
        _ token: Int, _ value: DocumentToken, prefix: Range<Int>, rest: Int32, marks: Int, in bytes: Span<UInt8>
    ) -> Bool {
        let count = Int(value.count)
        if marks >= 0 { markAll(rest >= 0 ? count : min(count, prefix.count), at: marks) }
        var holds = true
        var child = token + 1
        for position in 0..<count {
            let node = position < prefix.count ? program.numbers[prefix.lowerBound + position] : rest
            if node < 0 { break }
            if !apply(node, to: child, marks: -1, in: bytes) {
                holds = false
                if isSettled { break }
            }
            child = Int(index.tokens[child].next)
        }
        return holds
    }

    mutating func contains(
        _ node: Int32, _ token: Int, _ value: DocumentToken, _ least: Int, _ most: Int, marks: Int,
        in bytes: Span<UInt8>
    ) -> Bool {
        var found = 0
        var child = token + 1
        for position in 0..<Int(value.count) {
            if attempt(node, on: child, marks: -1, in: bytes) {
                found += 1
                if marks >= 0 { mark(position, at: marks) }
            }
            if stop != nil { return false }
            if found > most || marks < 0 && found >= least && most == Int(Int32.max) { break }
            child = Int(index.tokens[child].next)
        }
        return found >= least && found <= most
    }

    /// Applies a subschema to all members or elements that nothing else has looked at.
    mutating func applyToLeftovers(
        _ node: Int32, _ token: Int, _ value: DocumentToken, _ kind: DocumentToken.Kind, marks: Int,
        in bytes: Span<UInt8>
    ) -> Bool {
        guard value.kind == kind, marks >= 0 else { return true }
        var holds = true
        var child = token + 1
        for position in 0..<Int(value.count) {
            guard take(1) else { return false }
            let target = kind == .map ? child + 1 : child
            if !isMarked(position, at: marks) {
                mark(position, at: marks)
                if !apply(node, to: target, marks: -1, in: bytes) {
                    holds = false
                    if isSettled { break }
                }
            }
            child = Int(index.tokens[target].next)
        }
        return holds
    }

    /// Looks at every member once, for all keywords that speak of members.
    mutating func applyToMembers(
        _ number: Int32, of node: SchemaProgram.Node, _ token: Int, _ value: DocumentToken, marks: Int,
        in bytes: Span<UInt8>
    ) -> Bool {
        let plan = program.plans[Int(number)]
        guard take(Int(plan.labelCount) >> 6) else { return false }
        let seen = bits.count
        addBits(Int(plan.labelCount))
        defer { bits.removeLast(bits.count - seen) }
        var holds = true
        var child = token + 1
        var expected: Int32 = 0
        for position in 0..<Int(value.count) {
            let label = index.tokens[child]
            guard take(1 + label.byteCount >> 4) else { return false }
            let target = child + 1
            var isKnown = false
            if let found = find(label, of: plan, expecting: expected, in: bytes) {
                mark(Int(found), at: seen)
                expected = found + 1
                let own = program.labels[Int(plan.firstLabel + found)].node
                if own >= 0 {
                    isKnown = true
                    if !apply(own, to: target, marks: -1, in: bytes) { holds = false }
                }
            }
            for rule in Int(plan.firstPattern)..<Int(plan.firstPattern + plan.patternCount) {
                if isSettled, !holds { break }
                let rule = program.patternRules[rule]
                guard matches(rule.pattern, label, in: bytes) else { continue }
                isKnown = true
                if !apply(rule.node, to: target, marks: -1, in: bytes) { holds = false }
            }
            if stop == nil, !isKnown, plan.additional >= 0 {
                isKnown = true
                if !apply(plan.additional, to: target, marks: -1, in: bytes) { holds = false }
            }
            if plan.names >= 0, !apply(plan.names, to: child, marks: -1, in: bytes) { holds = false }
            if stop != nil || !holds && isSettled { return false }
            if isKnown, marks >= 0 { mark(position, at: marks) }
            child = Int(index.tokens[target].next)
        }
        if !hasRequired(plan, seen: seen, of: node, at: token, in: bytes) {
            holds = false
            if isSettled { return false }
        }
        if plan.dependentCount > 0 {
            let fulfilled = applyDependents(plan, seen: seen, of: node, token, marks: marks, in: bytes)
            holds = holds && fulfilled
        }
        return holds
    }

    private mutating func hasRequired(
        _ plan: SchemaProgram.MembersPlan, seen: Int, of node: SchemaProgram.Node, at token: Int,
        in bytes: Span<UInt8>
    ) -> Bool {
        var holds = true
        for position in Int(plan.firstRequired)..<Int(plan.firstRequired + plan.requiredCount) {
            let label = program.numbers[position]
            if isMarked(Int(label), at: seen) { continue }
            let program = program
            holds = fail(
                .required, of: node, at: token, in: bytes, "lacks the member \(program.name(of: label, in: plan))")
            if isSettled { break }
        }
        return holds
    }

    private mutating func applyDependents(
        _ plan: SchemaProgram.MembersPlan, seen: Int, of node: SchemaProgram.Node, _ token: Int, marks: Int,
        in bytes: Span<UInt8>
    ) -> Bool {
        var holds = true
        for position in Int(plan.firstDependent)..<Int(plan.firstDependent + plan.dependentCount) {
            let dependent = program.dependents[position]
            guard take(1 + Int(dependent.count)) else { return false }
            guard isMarked(Int(dependent.label), at: seen) else { continue }
            if dependent.node >= 0 {
                if !apply(dependent.node, to: token, marks: marks, in: bytes) { holds = false }
            }
            for needed in Int(dependent.first)..<Int(dependent.first + dependent.count) {
                let label = program.numbers[needed]
                if isMarked(Int(label), at: seen) { continue }
                let program = program
                holds = fail(
                    dependent.keyword, of: node, at: token, in: bytes,
                    """
                    has the member \(program.name(of: dependent.label, in: plan)), but lacks \
                    \(program.name(of: label, in: plan))
                    """)
            }
            if stop != nil || !holds && isSettled { return false }
        }
        return holds
    }

    /// The number of a label in a plan; nil when no keyword names it. Members mostly come in the order of the schema, so
    /// the one behind the last is tried first.
    private func find(
        _ label: DocumentToken, of plan: SchemaProgram.MembersPlan, expecting expected: Int32, in bytes: Span<UInt8>
    ) -> Int32? {
        if plan.labelCount == 0 { return nil }
        if label.hasEscapes {
            let text = index.utf8(of: label, in: bytes)
            return find(text.span, 0..<text.count, of: plan, expecting: expected)
        }
        return find(bytes, label.range, of: plan, expecting: expected)
    }

    private func find(
        _ bytes: Span<UInt8>, _ range: Range<Int>, of plan: SchemaProgram.MembersPlan, expecting expected: Int32
    ) -> Int32? {
        if expected < plan.labelCount, isLabel(plan.firstLabel + expected, bytes, range) { return expected }
        if plan.firstSorted < 0 {
            for number in 0..<plan.labelCount where isLabel(plan.firstLabel + number, bytes, range) { return number }
            return nil
        }
        var low = Int(plan.firstSorted)
        var end = low + Int(plan.labelCount)
        while low < end {
            let middle = (low + end) / 2
            let number = program.numbers[middle]
            let order = compare(plan.firstLabel + number, bytes, range)
            if order == 0 { return number }
            if order < 0 { low = middle + 1 } else { end = middle }
        }
        return nil
    }

    /// Order of a label of the schema and one of the value: shorter ones first, then byte by byte.
    private func compare(_ number: Int32, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        let label = program.labels[Int(number)]
        if Int(label.count) != range.count { return Int(label.count) - range.count }
        for offset in 0..<range.count {
            let difference = Int(program.labelBytes[Int(label.start) + offset]) - Int(bytes[range.lowerBound + offset])
            if difference != 0 { return difference }
        }
        return 0
    }

    @inline(__always)
    private func isLabel(_ number: Int32, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let label = program.labels[Int(number)]
        guard Int(label.count) == range.count else { return false }
        let start = Int(label.start)
        for offset in 0..<range.count where program.labelBytes[start &+ offset] != bytes[range.lowerBound &+ offset] {
            return false
        }
        return true
    }
}

extension SchemaProgram {
    /// A label of a plan as text.
    func name(of label: Int32, in plan: MembersPlan) -> String {
        let label = labels[Int(plan.firstLabel + label)]
        return String(decoding: labelBytes[Int(label.start)..<Int(label.start + label.count)], as: UTF8.self)
    }
}
