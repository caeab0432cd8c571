// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The keywords of one subschema, each with the token of its value.
struct SchemaKeywords {
    private var values: [(keyword: SchemaKeyword, value: Int)] = []

    init(of token: Int, in document: SchemaDocument, dialect: SchemaDialect) {
        for (label, value) in document.members(of: token) {
            if let keyword = SchemaKeyword.byName[label], keyword.shape(in: dialect) != nil {
                values.append((keyword, value))
            }
        }
        // Beside `$ref`, draft-07 ignores everything.
        if dialect == .draft7, self[.ref] != nil { values.removeAll { $0.keyword != .ref } }
    }

    subscript(keyword: SchemaKeyword) -> Int? { values.first { $0.keyword == keyword }?.value }

    var isEmpty: Bool { values.isEmpty }
}

extension SchemaCompiler {
    /// Writes the instructions of a subschema.
    mutating func emit(_ number: Int) throws(SchemaError) {
        let draft = drafts[number]
        let keywords = SchemaKeywords(of: draft.token, in: document, dialect: draft.dialect)
        var code: [SchemaInstruction] = []
        var types = SchemaTypes.all
        if document.boolean(draft.token) == false { code.append(.refuse) }
        if let value = keywords[.type] { types = try self.types(value) }
        try emitValues(keywords, into: &code)
        try emitNumbers(keywords, into: &code)
        try emitText(keywords, into: &code)
        try emitCounts(keywords, into: &code)
        try emitMembers(keywords, into: &code)
        try emitItems(keywords, dialect: draft.dialect, into: &code)
        try emitReferences(keywords, from: draft, into: &code)
        try emitBranches(keywords, into: &code)
        // Last: they look at what all others have left.
        let before = code.count
        if let value = keywords[.unevaluatedItems] { code.append(.unevaluatedItems(try node(value))) }
        if let value = keywords[.unevaluatedProperties] { code.append(.unevaluatedProperties(try node(value))) }
        nodes.append(
            SchemaProgram.Node(
                token: Int32(draft.token), resource: Int32(draft.resource), types: types,
                tracks: code.count > before, first: Int32(instructions.count), count: Int32(code.count)))
        instructions += code
    }

    /// The subschema at a token, which the survey has found.
    func node(_ token: Int) throws(SchemaError) -> Int32 {
        guard let number = nodeAt[Int32(token)] else {
            throw error(.badKeyword, at: token, "a schema is an object, true or false")
        }
        return number
    }

    /// Appends subschemas to `numbers` and says where they are.
    mutating func list(_ tokens: [Int]) throws(SchemaError) -> (first: Int32, count: Int32) {
        let first = Int32(numbers.count)
        for token in tokens { numbers.append(try node(token)) }
        return (first, Int32(tokens.count))
    }

    private func types(_ value: Int) throws(SchemaError) -> SchemaTypes {
        let isList = document.kind(value) == .list
        var types: SchemaTypes = []
        for token in isList ? document.elements(of: value) : [value] {
            guard let name = document.text(token),
                let type = SchemaTypes.names.first(where: { $0.0 == name })?.1
            else { throw error(.badKeyword, at: token, "an unknown type") }
            types.formUnion(type)
        }
        guard !types.isEmpty else { throw error(.badKeyword, at: value, "allows no type at all") }
        return types
    }

    private func emitValues(_ keywords: SchemaKeywords, into code: inout [SchemaInstruction]) throws(SchemaError) {
        if let value = keywords[.const] { code.append(.const(Int32(value))) }
        if let value = keywords[.enum] {
            guard document.kind(value) == .list else { throw error(.badKeyword, at: value, "needs a list of values") }
            guard document.token(value).count <= limits.enumValues else {
                throw error(.tooLarge, at: value, "more than \(limits.enumValues) values")
            }
            code.append(.oneOfValues(Int32(value)))
        }
    }

    private mutating func emitNumbers(
        _ keywords: SchemaKeywords, into code: inout [SchemaInstruction]
    ) throws(SchemaError) {
        if let value = keywords[.multipleOf] {
            let bound = try self.bound(value)
            let number = bounds[Int(bound)]
            guard !number.isNegative, !number.isZero else {
                throw error(.badKeyword, at: value, "needs a number above zero")
            }
            guard number.long.isEmpty else { throw error(.tooLarge, at: value, "has more than 19 digits") }
            code.append(.multipleOf(bound))
        }
        if let value = keywords[.maximum] { code.append(.maximum(try bound(value))) }
        if let value = keywords[.exclusiveMaximum] { code.append(.exclusiveMaximum(try bound(value))) }
        if let value = keywords[.minimum] { code.append(.minimum(try bound(value))) }
        if let value = keywords[.exclusiveMinimum] { code.append(.exclusiveMinimum(try bound(value))) }
    }

    private mutating func bound(_ value: Int) throws(SchemaError) -> Int32 {
        guard let number = document.number(value) else { throw error(.badKeyword, at: value, "needs a number") }
        bounds.append(number)
        return Int32(bounds.count - 1)
    }

    /// A whole number from 0 up.
    func count(_ value: Int) throws(SchemaError) -> Int {
        guard let count = document.number(value)?.count else {
            throw error(.badKeyword, at: value, "needs a whole number from 0 up")
        }
        return count
    }

    private mutating func emitText(
        _ keywords: SchemaKeywords, into code: inout [SchemaInstruction]
    ) throws(SchemaError) {
        if let value = keywords[.maxLength] { code.append(.maxLength(try count(value))) }
        if let value = keywords[.minLength] { code.append(.minLength(try count(value))) }
        if let value = keywords[.pattern] {
            guard let text = document.text(value) else { throw error(.badKeyword, at: value, "needs text") }
            code.append(.pattern(try pattern(text, at: value)))
        }
        if let value = keywords[.format] {
            guard let name = document.text(value) else { throw error(.badKeyword, at: value, "needs text") }
            if let format = SchemaFormat(rawValue: name) { code.append(.format(format)) }
        }
    }

    /// Compiles a regular expression, once for each text.
    mutating func pattern(_ text: String, at token: Int) throws(SchemaError) -> Int32 {
        if let known = patternNumbers[text] { return known }
        guard text.utf8.count <= limits.patternBytes else {
            throw error(.patternTooLarge, at: token, "longer than \(limits.patternBytes) bytes")
        }
        do throws(PatternError) {
            let pattern = try Pattern(text, states: limits.patternStates - patternStates)
            patternStates += pattern.states.count
            patterns.append(pattern)
        } catch let fault {
            let code: SchemaError.Code =
                switch fault.kind {
                case .malformed: .badPattern
                case .unsupported: .unsupportedPattern
                case .tooLarge: .patternTooLarge
                }
            throw error(code, at: token, "character \(fault.offset): \(fault.words)")
        }
        patternNumbers[text] = Int32(patterns.count - 1)
        return Int32(patterns.count - 1)
    }

    private func emitCounts(_ keywords: SchemaKeywords, into code: inout [SchemaInstruction]) throws(SchemaError) {
        if let value = keywords[.maxItems] { code.append(.maxItems(try count(value))) }
        if let value = keywords[.minItems] { code.append(.minItems(try count(value))) }
        if let value = keywords[.maxProperties] { code.append(.maxProperties(try count(value))) }
        if let value = keywords[.minProperties] { code.append(.minProperties(try count(value))) }
        if let value = keywords[.uniqueItems] {
            guard let unique = document.boolean(value) else {
                throw error(.badKeyword, at: value, "needs true or false")
            }
            if unique { code.append(.uniqueItems) }
        }
    }

    private mutating func emitItems(
        _ keywords: SchemaKeywords, dialect: SchemaDialect, into code: inout [SchemaInstruction]
    ) throws(SchemaError) {
        var prefix: [Int] = []
        var rest = keywords[.items]
        if dialect == .draft7, let items = rest, document.kind(items) == .list {
            prefix = document.elements(of: items)
            rest = keywords[.additionalItems]
        } else if let value = keywords[.prefixItems] {
            prefix = document.elements(of: value)
        }
        if !prefix.isEmpty || rest != nil {
            let (first, count) = try list(prefix)
            var restNode: Int32 = -1
            if let rest { restNode = try node(rest) }
            code.append(.items(first: first, count: count, rest: restNode))
        }
        if let value = keywords[.contains] {
            var low = 1
            var high = Int(Int32.max)
            if let value = keywords[.minContains] { low = try count(value) }
            if let value = keywords[.maxContains] { high = try count(value) }
            code.append(.contains(try node(value), min: Int32(clamping: low), max: Int32(clamping: high)))
        }
    }

    private mutating func emitBranches(
        _ keywords: SchemaKeywords, into code: inout [SchemaInstruction]
    ) throws(SchemaError) {
        if let value = keywords[.allOf] {
            let (first, count) = try list(document.elements(of: value))
            code.append(.allOf(first: first, count: count))
        }
        if let value = keywords[.anyOf] {
            let (first, count) = try list(document.elements(of: value))
            code.append(.anyOf(first: first, count: count))
        }
        if let value = keywords[.oneOf] {
            let (first, count) = try list(document.elements(of: value))
            code.append(.oneOf(first: first, count: count))
        }
        if let value = keywords[.not] { code.append(.not(try node(value))) }
        if let value = keywords[.if] {
            var branches: (Int32, Int32) = (-1, -1)
            if let then = keywords[.then] { branches.0 = try node(then) }
            if let other = keywords[.else] { branches.1 = try node(other) }
            code.append(.condition(if: try node(value), then: branches.0, else: branches.1))
        }
    }
}
