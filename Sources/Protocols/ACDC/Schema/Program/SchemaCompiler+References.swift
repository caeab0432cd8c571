// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes

extension SchemaCompiler {
    /// Where a reference leads.
    private enum Target {
        case node(Int32, anchor: String?, resource: Int)
        case foreign(SchemaProgram.Foreign)
    }

    mutating func emitReferences(
        _ keywords: SchemaKeywords, from draft: Draft, into code: inout [SchemaInstruction]
    ) throws(SchemaError) {
        if let value = keywords[.ref] { code.append(try reference(value, from: draft, isDynamic: false)) }
        if let value = keywords[.dynamicRef] { code.append(try reference(value, from: draft, isDynamic: true)) }
    }

    private mutating func reference(
        _ value: Int, from draft: Draft, isDynamic: Bool
    ) throws(SchemaError) -> SchemaInstruction {
        guard let text = document.text(value) else { throw error(.badKeyword, at: value, "needs text") }
        switch try target(text, at: value, from: draft, isDynamic: isDynamic) {
        case .node(let node, let anchor, let resource):
            // Only a reference that starts at a dynamic anchor looks for others of its name.
            guard isDynamic, let anchor, resources[resource].dynamicAnchors[anchor] == node else {
                return .reference(node)
            }
            dynamics.append(SchemaProgram.Dynamic(anchor: anchor, fallback: node))
            return .dynamic(Int32(dynamics.count - 1))
        case .foreign(let reference):
            foreign.append(reference)
            return .foreign(Int32(foreign.count - 1))
        }
    }

    private mutating func target(
        _ text: String, at value: Int, from draft: Draft, isDynamic: Bool
    ) throws(SchemaError) -> Target {
        let uri = SchemaURI(text).resolved(against: resources[draft.resource].uri)
        let fragment = uri.fragment ?? ""
        // The path as written, too: a SAID means the same below any base.
        let named = text.isEmpty || text.hasPrefix("#") ? nil : uri.said ?? SchemaURI(text).said
        // A part may call itself what it likes; who asks for a SAID gets what has it.
        guard let resource = resourceByURI[uri.key], named == nil || named == resources[resource].said else {
            guard let said = named else {
                guard allowsAnyReference else {
                    throw error(.unresolvableReference, at: value, "leads to no part of the schema and is no SAID")
                }
                return .foreign(.init(key: uri.key, said: nil, fragment: fragment, isDynamic: isDynamic))
            }
            let isKnown = allowsAnyReference && uri.scheme != nil
            return .foreign(
                .init(key: isKnown ? uri.key : said.text, said: said, fragment: fragment, isDynamic: isDynamic))
        }
        if fragment.isEmpty { return .node(resources[resource].root, anchor: nil, resource: resource) }
        guard fragment.hasPrefix("/") else {
            guard let node = resources[resource].anchors[fragment] else {
                throw error(.unresolvableReference, at: value, "leads to an anchor that is not there")
            }
            return .node(node, anchor: fragment, resource: resource)
        }
        let root = drafts[Int(resources[resource].root)].token
        let known = nodeAt
        guard let found = document.token(at: fragment, below: root, isMark: { known[Int32($0)] != nil }) else {
            throw error(.unresolvableReference, at: value, "leads to a place that is not there")
        }
        // A place that no keyword leads to belongs to the subschema around it.
        let around = found.mark.flatMap { nodeAt[Int32($0)] } ?? resources[resource].root
        let outer = drafts[Int(around)]
        try survey(found.token, in: outer.resource, dialect: outer.dialect)
        return .node(try node(found.token), anchor: nil, resource: resource)
    }

    /// Refuses subschemas that lead to themselves without a step into the value: they never end.
    func refuseLoops() throws(SchemaError) {
        enum Color { case white, grey, black }
        var colors = [Color](repeating: .white, count: nodes.count)
        for start in nodes.indices where colors[start] == .white {
            var path: [(node: Int, next: [Int])] = [(start, sameValue(start))]
            colors[start] = .grey
            while let last = path.indices.last {
                guard let next = path[last].next.popLast() else {
                    colors[path[last].node] = .black
                    path.removeLast()
                    continue
                }
                switch colors[next] {
                case .black: break
                case .grey:
                    throw error(
                        .referenceLoop, at: Int(nodes[next].token), "leads back to itself without a step into the value"
                    )
                case .white:
                    colors[next] = .grey
                    path.append((next, sameValue(next)))
                }
            }
        }
    }

    /// The subschemas that a subschema applies to the very same value.
    private func sameValue(_ node: Int) -> [Int] {
        var found: [Int32] = []
        let first = Int(nodes[node].first)
        for instruction in instructions[first..<first + Int(nodes[node].count)] {
            switch instruction {
            case .allOf(let first, let count), .anyOf(let first, let count), .oneOf(let first, let count):
                found += numbers[Int(first)..<Int(first + count)]
            case .not(let other), .reference(let other): found.append(other)
            case .condition(let test, let then, let other): found += [test, then, other]
            case .dynamic(let number): found.append(dynamics[Int(number)].fallback)
            case .members(let number):
                let plan = plans[Int(number)]
                let first = Int(plan.firstDependent)
                found += dependents[first..<first + Int(plan.dependentCount)].map(\.node)
            default: break
            }
        }
        return found.filter { $0 >= 0 }.map(Int.init)
    }
}
