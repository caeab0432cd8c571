// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// Something in a schema that its author should know of, though it may be meant.
public struct SchemaLint: Hashable, Sendable {
    /// What was found. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The schema can't be used at all; the words say why.
        case unusable = "schema-unusable"
        /// No `$schema`: others may read it as another dialect.
        case noDialect = "no-dialect"
        /// A keyword that the dialect does not know, and that nobody will check.
        case unknownKeyword = "unknown-keyword"
        /// A keyword that draft-07 ignores because it stands beside `$ref`.
        case ignoredBesideReference = "ignored-beside-reference"
        /// A `format`, which is not checked unless who verifies asks for it.
        case formatNotAsserted = "format-not-asserted"
        /// A `format` that can't be checked by us.
        case unknownFormat = "unknown-format"
        /// A section that allows no SAID in place of its block, so that it can't be kept back.
        case noCompactForm = "no-compact-form"
        /// The block of a section without an `$id` of its own.
        case blockWithoutSAID = "block-without-said"
        /// An object that allows members which the schema does not know.
        case openObject = "open-object"
    }

    /// What was found.
    public let code: Code
    /// JSON pointer to the place in the schema; empty for the whole.
    public let place: String
    /// What it means, in words.
    public let words: String

    /// The findings in a draft, as it is once it has its SAIDs.
    public static func findings(in draft: OrderedMap, limits: SchemaLimits = .standard) -> [SchemaLint] {
        guard let bytes = (try? SchemaAddressing.address(draft, limits: limits)) ?? (try? draft.encoded(as: .json))
        else {
            return [SchemaLint(code: .unusable, place: "", words: "the schema can't be written as JSON")]
        }
        return findings(in: bytes, limits: limits)
    }

    /// The findings in a schema in compact JSON; its SAIDs need not be right.
    public static func findings(in bytes: [UInt8], limits: SchemaLimits = .standard) -> [SchemaLint] {
        do throws(SchemaError) {
            let document = try SchemaDocument(bytes, limits: limits)
            var inspection = SchemaInspection(document: document)
            var compiler = SchemaCompiler(document, limits: limits)
            do throws(SchemaError) {
                inspection.inspectSections(try compiler.compile(), limits: limits)
            } catch {
                inspection.add(.unusable, at: error.place, error.words)
            }
            inspection.inspect(0, dialect: .standard, isRoot: true)
            return inspection.findings
        } catch {
            return [SchemaLint(code: .unusable, place: error.place, words: error.words)]
        }
    }
}

/// Goes through the subschemas of a document.
private struct SchemaInspection {
    let document: SchemaDocument
    var findings: [SchemaLint] = []

    /// Members that ACDC adds to a schema.
    private static let metadata: Set<String> = ["credentialType", "version"]
    /// The sections that can be shown as their SAID (facts 13.4).
    private static let sections = ["a", "A", "e", "r"]
    /// The digest of nothing in particular.
    private static let sample = "\"EMuttuKZ7cC6LzcXFFMyiemu7QPMUtM99tsYWHUI-fuy\""

    /// More findings than anybody reads are not written down.
    private static let mostFindings = 100

    mutating func add(_ code: SchemaLint.Code, at place: String, _ words: String) {
        guard findings.count < Self.mostFindings else { return }
        findings.append(SchemaLint(code: code, place: place, words: words))
    }

    private mutating func add(_ code: SchemaLint.Code, at token: Int, _ words: String) {
        // A pointer takes its time to write.
        guard findings.count < Self.mostFindings else { return }
        add(code, at: document.pointer(to: token), words)
    }

    /// Asks the schema itself whether it allows a SAID in place of each section.
    mutating func inspectSections(_ program: SchemaProgram, limits: SchemaLimits) {
        let bytes = Array(Self.sample.utf8)
        guard let index = try? DocumentIndex(bytes.span, format: .json) else { return }
        for section in Self.sections {
            guard let token = document.token(at: "/properties/\(section)", below: 0)?.token,
                let node = program.nodeAt[Int32(token)]
            else { continue }
            var machine = SchemaMachine(
                program, index: index, root: 0, library: SchemaLibrary(), limits: limits, assertsFormats: false)
            if !machine.apply(node, to: 0, marks: -1, in: bytes.span), machine.stop == nil {
                add(.noCompactForm, at: token, "the section can't be shown as its SAID")
            }
            for alternative in [token] + alternatives(of: token) where isBlockWithoutID(alternative) {
                add(.blockWithoutSAID, at: alternative, "the block has no $id with its SAID")
            }
        }
    }

    private func alternatives(of token: Int) -> [Int] {
        document.members(of: token).filter { $0.label == "oneOf" || $0.label == "anyOf" }.flatMap {
            document.elements(of: $0.value)
        }
    }

    private func isBlockWithoutID(_ token: Int) -> Bool {
        let members = document.members(of: token)
        return members.contains { $0.label == "properties" } && !members.contains { $0.label == "$id" }
    }

    /// The recursion is as deep as the document, whose depth is bounded.
    mutating func inspect(_ token: Int, dialect outer: SchemaDialect, isRoot: Bool = false) {
        let members = document.members(of: token)
        var dialect = outer
        let named = members.first { $0.label == "$schema" }
        if let named, let other = document.text(named.value).flatMap({ SchemaDialect($0) }) { dialect = other }
        if isRoot, named == nil { add(.noDialect, at: token, "without $schema others may read another dialect") }
        let labels = Set(members.map(\.label))
        for (label, value) in members {
            guard let keyword = SchemaKeyword.byName[label], let shape = keyword.shape(in: dialect) else {
                if !isRoot || !Self.metadata.contains(label) {
                    add(.unknownKeyword, at: value, "nothing checks this keyword")
                }
                continue
            }
            if dialect == .draft7, labels.contains("$ref"), keyword != .ref, !keyword.isDescription {
                add(.ignoredBesideReference, at: value, "draft-07 ignores what stands beside $ref")
            }
            if keyword == .format { inspectFormat(value) }
            inspectChildren(of: value, shape: shape, dialect: dialect)
        }
        if labels.contains("properties"), labels.isDisjoint(with: Self.closing) {
            add(.openObject, at: token, "allows members that the schema does not know")
        }
    }

    private static let closing: Set<String> = ["additionalProperties", "unevaluatedProperties", "$ref", "allOf"]

    private mutating func inspectFormat(_ value: Int) {
        guard let name = document.text(value) else { return }
        if SchemaFormat(rawValue: name) == nil {
            add(.unknownFormat, at: value, "nothing checks this format")
        } else {
            add(.formatNotAsserted, at: value, "checked only when who verifies asks for it")
        }
    }

    private mutating func inspectChildren(of value: Int, shape: SchemaKeyword.Shape, dialect: SchemaDialect) {
        let children: [Int]
        switch shape {
        case .none: return
        case .schema: children = [value]
        case .schemaList: children = document.elements(of: value)
        case .schemaOrList: children = document.kind(value) == .list ? document.elements(of: value) : [value]
        case .schemaMap, .dependencies: children = document.members(of: value).map(\.value)
        }
        for child in children where document.kind(child) == .map { inspect(child, dialect: dialect) }
    }
}

extension SchemaKeyword {
    /// Whether it only tells people something.
    fileprivate var isDescription: Bool {
        switch self {
        case .title, .description, .default, .examples, .comment, .schema, .definitions: true
        default: false
        }
    }
}
