// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

extension SchemaCompiler {
    /// The labels of one plan while it is made.
    private struct Labels {
        var names: [String] = []
        var nodes: [Int32] = []
        var numbers: [[UInt8]: Int32] = [:]

        mutating func number(of name: String) -> Int32 {
            let key = Array(name.utf8)
            if let known = numbers[key] { return known }
            let number = Int32(names.count)
            numbers[key] = number
            names.append(name)
            nodes.append(-1)
            return number
        }
    }

    /// Labels up to this number are compared one by one, more are sorted.
    private static var searchedLabels: Int { 8 }

    /// Joins all keywords that speak of the members of a map.
    mutating func emitMembers(
        _ keywords: SchemaKeywords, into code: inout [SchemaInstruction]
    ) throws(SchemaError) {
        let speaking: [SchemaKeyword] = [
            .properties, .patternProperties, .additionalProperties, .propertyNames, .required, .dependentRequired,
            .dependentSchemas, .dependencies,
        ]
        guard speaking.contains(where: { keywords[$0] != nil }) else { return }
        var plan = SchemaProgram.MembersPlan()
        var labels = Labels()
        if let value = keywords[.properties] {
            for (name, schema) in document.members(of: value) {
                labels.nodes[Int(labels.number(of: name))] = try node(schema)
            }
        }
        if let value = keywords[.required] {
            let required = try names(value).map { labels.number(of: $0) }
            plan.firstRequired = Int32(numbers.count)
            plan.requiredCount = Int32(required.count)
            numbers += required
        }
        plan.firstDependent = Int32(dependents.count)
        for keyword in [SchemaKeyword.dependentRequired, .dependentSchemas, .dependencies] {
            if let value = keywords[keyword] { try emitDependents(keyword, value, &labels) }
        }
        plan.dependentCount = Int32(dependents.count) - plan.firstDependent
        plan.firstPattern = Int32(patternRules.count)
        if let value = keywords[.patternProperties] {
            for (text, schema) in document.members(of: value) {
                let pattern = try self.pattern(text, at: schema)
                patternRules.append(SchemaProgram.PatternRule(pattern: pattern, node: try node(schema)))
            }
        }
        plan.patternCount = Int32(patternRules.count) - plan.firstPattern
        if let value = keywords[.additionalProperties] { plan.additional = try node(value) }
        if let value = keywords[.propertyNames] { plan.names = try node(value) }
        write(labels, to: &plan)
        code.append(.members(Int32(plans.count)))
        plans.append(plan)
    }

    private mutating func emitDependents(
        _ keyword: SchemaKeyword, _ value: Int, _ labels: inout Labels
    ) throws(SchemaError) {
        guard document.kind(value) == .map else { throw error(.badKeyword, at: value, "needs an object") }
        for (name, demand) in document.members(of: value) {
            let label = labels.number(of: name)
            if keyword != .dependentRequired, document.kind(demand) != .list {
                dependents.append(
                    SchemaProgram.Dependent(
                        label: label, keyword: keyword, node: try node(demand), first: 0, count: 0))
            } else {
                let needed = try names(demand).map { labels.number(of: $0) }
                dependents.append(
                    SchemaProgram.Dependent(
                        label: label, keyword: keyword, node: -1, first: Int32(numbers.count),
                        count: Int32(needed.count)))
                numbers += needed
            }
        }
    }

    /// A list of labels.
    private func names(_ value: Int) throws(SchemaError) -> [String] {
        guard document.kind(value) == .list else { throw error(.badKeyword, at: value, "needs a list of labels") }
        var names: [String] = []
        for element in document.elements(of: value) {
            guard let name = document.text(element) else { throw error(.badKeyword, at: element, "needs text") }
            names.append(name)
        }
        return names
    }

    private mutating func write(_ names: Labels, to plan: inout SchemaProgram.MembersPlan) {
        plan.firstLabel = Int32(labels.count)
        plan.labelCount = Int32(names.names.count)
        for (name, node) in zip(names.names, names.nodes) {
            labels.append(
                SchemaProgram.Label(start: Int32(labelBytes.count), count: Int32(name.utf8.count), node: node))
            labelBytes += Array(name.utf8)
        }
        guard names.names.count > Self.searchedLabels else { return }
        let texts = names.names.map { Array($0.utf8) }
        plan.firstSorted = Int32(numbers.count)
        // A search by halves takes the same few comparisons whatever an author chose the labels for.
        numbers += texts.indices.sorted {
            texts[$0].count != texts[$1].count
                ? texts[$0].count < texts[$1].count : texts[$0].lexicographicallyPrecedes(texts[$1])
        }.map { Int32($0) }
    }
}
