// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes

/// Compiles a schema document: finds its subschemas and their names, then writes the instructions of each.
struct SchemaCompiler {
    /// A subschema that has been found.
    struct Draft {
        let token: Int
        let resource: Int
        let dialect: SchemaDialect
    }

    /// A part with an own `$id`.
    struct Resource {
        let uri: SchemaURI
        let root: Int32
        /// The SAID that its `$id` is and that is checked against its bytes; nil when it is named otherwise.
        var said: SAID?
        var anchors: [String: Int32] = [:]
        var dynamicAnchors: [String: Int32] = [:]
    }

    let document: SchemaDocument
    let limits: SchemaLimits
    /// Whether references may name anything, not only SAIDs: for test suites.
    let allowsAnyReference: Bool

    var drafts: [Draft] = []
    var nodeAt: [Int32: Int32] = [:]
    var resources: [Resource] = []
    var resourceByURI: [String: Int] = [:]
    /// Blocks with an `$id`: the tokens of the block and of the text.
    var addressed: [(block: Int, id: Int)] = []

    var nodes: [SchemaProgram.Node] = []
    var instructions: [SchemaInstruction] = []
    var numbers: [Int32] = []
    var foreign: [SchemaProgram.Foreign] = []
    var dynamics: [SchemaProgram.Dynamic] = []
    var plans: [SchemaProgram.MembersPlan] = []
    var labels: [SchemaProgram.Label] = []
    var labelBytes: [UInt8] = []
    var dependents: [SchemaProgram.Dependent] = []
    var patternRules: [SchemaProgram.PatternRule] = []
    var patterns: [Pattern] = []
    var patternNumbers: [String: Int32] = [:]
    var patternStates = 0
    var bounds: [ExactNumber] = []
    var formats: [String] = []

    init(_ document: SchemaDocument, limits: SchemaLimits, allowsAnyReference: Bool = false) {
        self.document = document
        self.limits = limits
        self.allowsAnyReference = allowsAnyReference
    }

    /// Compiles a document. `base` is the URI that it has besides its `$id`.
    /// - Throws: ``SchemaError``.
    mutating func compile(base: String = "") throws(SchemaError) -> SchemaProgram {
        resources = [Resource(uri: SchemaURI(base), root: 0)]
        resourceByURI[SchemaURI(base).key] = 0
        try survey(0, in: 0, dialect: .standard, isRoot: true)
        var next = 0
        // References to places that no keyword leads to add to the list.
        while next < drafts.count {
            try emit(next)
            next += 1
        }
        try refuseLoops()
        return SchemaProgram(self)
    }

    func error(_ code: SchemaError.Code, at token: Int, _ words: String) -> SchemaError {
        SchemaError(code, at: document.pointer(to: token), words)
    }

    /// Finds the subschema at a token and all below it.
    mutating func survey(
        _ token: Int, in outer: Int, dialect outerDialect: SchemaDialect, isRoot: Bool = false
    ) throws(SchemaError) {
        guard nodeAt[Int32(token)] == nil else { return }
        let kind = document.kind(token)
        guard kind == .map || kind == .boolean else {
            throw error(.badKeyword, at: token, "a schema is an object, true or false")
        }
        guard drafts.count < limits.subschemas else {
            throw error(.tooLarge, at: token, "more than \(limits.subschemas) subschemas")
        }
        let number = Int32(drafts.count)
        nodeAt[Int32(token)] = number
        var keywords: [(keyword: SchemaKeyword, value: Int)] = []
        for (label, value) in document.members(of: token) {
            if let keyword = SchemaKeyword.byName[label] { keywords.append((keyword, value)) }
        }
        func value(of keyword: SchemaKeyword) -> Int? { keywords.first { $0.keyword == keyword }?.value }

        var dialect = outerDialect
        let id = value(of: .id)
        if let schema = value(of: .schema), isRoot || id != nil {
            guard let text = document.text(schema), let named = SchemaDialect(text) else {
                throw error(.unknownDialect, at: schema, "only draft-07 and 2020-12 are spoken here")
            }
            dialect = named
        }
        var resource = outer
        // Beside `$ref`, draft-07 ignores everything.
        let isPlain = dialect == .draft2020 || value(of: .ref) == nil
        if let id, isPlain {
            resource = try name(number, by: id, of: token, in: outer, dialect: dialect, isRoot: isRoot)
        }
        drafts.append(Draft(token: token, resource: resource, dialect: dialect))
        if dialect == .draft2020 {
            if let anchor = value(of: .anchor) { try add(anchor, to: number, in: resource, isDynamic: false) }
            if let anchor = value(of: .dynamicAnchor) { try add(anchor, to: number, in: resource, isDynamic: true) }
        }
        for (keyword, value) in keywords {
            guard let shape = keyword.shape(in: dialect) else { continue }
            for child in try children(of: value, shape: shape) {
                try survey(child, in: resource, dialect: dialect)
            }
        }
    }

    /// The subschemas that the value of a keyword holds.
    func children(of value: Int, shape: SchemaKeyword.Shape) throws(SchemaError) -> [Int] {
        switch shape {
        case .none: return []
        case .schema: return [value]
        case .schemaList:
            guard document.kind(value) == .list, document.token(value).count > 0 else {
                throw error(.badKeyword, at: value, "needs a list of schemas that is not empty")
            }
            return document.elements(of: value)
        case .schemaOrList: return document.kind(value) == .list ? document.elements(of: value) : [value]
        case .schemaMap, .dependencies:
            guard document.kind(value) == .map else {
                throw error(.badKeyword, at: value, "needs an object of schemas")
            }
            return document.members(of: value).map(\.value).filter {
                shape == .schemaMap || document.kind($0) != .list
            }
        }
    }

    /// Starts the part that an `$id` names, and says which it is.
    private mutating func name(
        _ number: Int32, by id: Int, of block: Int, in outer: Int, dialect: SchemaDialect, isRoot: Bool
    ) throws(SchemaError) -> Int {
        guard let text = document.text(id) else { throw error(.badKeyword, at: id, "needs text") }
        if dialect == .draft7, text.hasPrefix("#") {
            try add(String(text.dropFirst()), at: id, to: number, in: outer, isDynamic: false)
            return outer
        }
        let uri = SchemaURI(text).resolved(against: resources[outer].uri)
        guard (uri.fragment ?? "").isEmpty else {
            throw error(.badKeyword, at: id, "an identifier of a schema has no fragment")
        }
        addressed.append((block, id))
        if isRoot {
            resources[0] = Resource(uri: uri, root: number, said: SAID(text))
            resourceByURI[uri.key] = 0
            return 0
        }
        if let known = resourceByURI[uri.key] {
            // A block with the same SAID is the same block.
            if SchemaURI(text).said != nil { return known }
            throw error(.duplicateIdentifier, at: id, "another part of the schema has the same identifier")
        }
        resourceByURI[uri.key] = resources.count
        resources.append(Resource(uri: uri, root: number, said: SAID(text)))
        return resources.count - 1
    }

    private mutating func add(
        _ token: Int, to number: Int32, in resource: Int, isDynamic: Bool
    ) throws(SchemaError) {
        guard let name = document.text(token), !name.isEmpty, !name.contains("/"), !name.contains("#") else {
            throw error(.badKeyword, at: token, "an anchor is a plain name")
        }
        try add(name, at: token, to: number, in: resource, isDynamic: isDynamic)
    }

    private mutating func add(
        _ name: String, at token: Int, to number: Int32, in resource: Int, isDynamic: Bool
    ) throws(SchemaError) {
        if let other = resources[resource].anchors[name], other != number {
            throw error(.duplicateIdentifier, at: token, "another part of the schema has the same anchor")
        }
        resources[resource].anchors[name] = number
        if isDynamic { resources[resource].dynamicAnchors[name] = number }
    }
}

extension SchemaDocument {
    /// The token that a JSON pointer names, seen from `root`, and the last token on the way for which `isMark` holds.
    func token(
        at pointer: String, below root: Int, isMark: (Int) -> Bool = { _ in false }
    ) -> (token: Int, mark: Int?)? {
        var current = root
        var mark: Int?
        for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            if isMark(current) { mark = current }
            let name = Self.unescaped(part)
            switch kind(current) {
            case .map:
                guard let value = value(of: name, in: current) else { return nil }
                current = value
            case .list:
                guard let position = Int(name), String(position) == name, position >= 0,
                    position < token(current).count
                else { return nil }
                current = elements(of: current)[position]
            default: return nil
            }
        }
        return (current, mark)
    }

    private func value(of label: String, in map: Int) -> Int? {
        let wanted = Array(label.utf8)
        var position = map + 1
        for _ in 0..<token(map).count {
            if index.text(token(position), equals: wanted.span, in: bytes.span) { return position + 1 }
            position = Int(token(position + 1).next)
        }
        return nil
    }

    private static func unescaped(_ part: Substring) -> String {
        guard part.contains("~") else { return String(part) }
        var output = ""
        var isEscape = false
        for scalar in part.unicodeScalars {
            if isEscape {
                output.unicodeScalars.append(scalar == "1" ? "/" : scalar == "0" ? "~" : scalar)
                isEscape = false
            } else if scalar == "~" {
                isEscape = true
            } else {
                output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}
