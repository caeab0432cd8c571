// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes

/// A schema compiled to flat tables. Subschemas are numbers; nothing is looked up by name but the labels of the value.
final class SchemaProgram: Sendable {
    /// A subschema.
    struct Node: Sendable {
        /// Its place in the schema document.
        let token: Int32
        /// The part of the schema with an own `$id` that it belongs to.
        let resource: Int32
        /// The types that it allows.
        let types: SchemaTypes
        /// Whether it has to know what of a list or map other keywords have looked at.
        let tracks: Bool
        /// Its instructions, behind `types`.
        let first: Int32
        let count: Int32
    }

    /// A part of the schema that is named by an URI of its own.
    struct Resource: Sendable {
        let root: Int32
        /// Subschemas by `$anchor` and `$dynamicAnchor`.
        let anchors: [String: Int32]
        /// Those of them that a `$dynamicRef` finds.
        let dynamicAnchors: [String: Int32]
    }

    /// A reference to another schema.
    struct Foreign: Sendable {
        /// The SAID as text (in test suites: any URI).
        let key: String
        let said: SAID?
        let fragment: String
        /// Whether it is a `$dynamicRef`.
        let isDynamic: Bool
    }

    /// A `$dynamicRef` that starts at a dynamic anchor.
    struct Dynamic: Sendable {
        let anchor: String
        let fallback: Int32
    }

    /// A label that a keyword for members names.
    struct Label: Sendable {
        let start: Int32
        let count: Int32
        /// The subschema of `properties`, -1 without.
        var node: Int32
    }

    /// What happens when a label is there.
    struct Dependent: Sendable {
        let label: Int32
        let keyword: SchemaKeyword
        /// The subschema that the whole map must fulfil then, -1 for labels.
        let node: Int32
        /// The labels that must be there too: a range of `numbers`, relative to the first label of the plan.
        let first: Int32
        let count: Int32
    }

    struct PatternRule: Sendable {
        let pattern: Int32
        let node: Int32
    }

    /// All that a subschema says of the members of a map, looked at in one pass.
    struct MembersPlan: Sendable {
        var firstLabel: Int32 = 0
        var labelCount: Int32 = 0
        /// When there are many labels, a range of `numbers` that has them in order; -1 when there are few.
        var firstSorted: Int32 = -1
        /// The labels that must be there: a range of `numbers`.
        var firstRequired: Int32 = 0
        var requiredCount: Int32 = 0
        var firstDependent: Int32 = 0
        var dependentCount: Int32 = 0
        var firstPattern: Int32 = 0
        var patternCount: Int32 = 0
        var additional: Int32 = -1
        var names: Int32 = -1
    }

    /// What the whole is named by, when that is a SAID.
    let said: SAID?
    let document: SchemaDocument
    let nodes: [Node]
    let instructions: [SchemaInstruction]
    /// Lists of subschemas and labels.
    let numbers: [Int32]
    let resources: [Resource]
    let foreign: [Foreign]
    let dynamics: [Dynamic]
    let plans: [MembersPlan]
    let labels: [Label]
    let labelBytes: [UInt8]
    let dependents: [Dependent]
    let patternRules: [PatternRule]
    let patterns: [Pattern]
    let bounds: [ExactNumber]
    let formats: [String]
    /// Where subschemas stand in the document.
    let nodeAt: [Int32: Int32]

    init(_ compiler: SchemaCompiler) {
        said = compiler.resources[0].uri.said
        document = compiler.document
        nodes = compiler.nodes
        instructions = compiler.instructions
        numbers = compiler.numbers
        resources = compiler.resources.map {
            Resource(root: $0.root, anchors: $0.anchors, dynamicAnchors: $0.dynamicAnchors)
        }
        foreign = compiler.foreign
        dynamics = compiler.dynamics
        plans = compiler.plans
        labels = compiler.labels
        labelBytes = compiler.labelBytes
        dependents = compiler.dependents
        patternRules = compiler.patternRules
        patterns = compiler.patterns
        bounds = compiler.bounds
        formats = compiler.formats
        nodeAt = compiler.nodeAt
    }

    /// The subschema that a fragment of a reference from outside names.
    func node(for fragment: String) -> Int32? {
        if fragment.isEmpty { return 0 }
        guard fragment.hasPrefix("/") else { return resources[0].anchors[fragment] }
        guard let token = document.token(at: fragment, below: 0)?.token else { return nil }
        return nodeAt[Int32(token)]
    }
}

/// The types of JSON, and whole numbers.
struct SchemaTypes: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    static let null = SchemaTypes(rawValue: 1)
    static let boolean = SchemaTypes(rawValue: 2)
    static let object = SchemaTypes(rawValue: 4)
    static let array = SchemaTypes(rawValue: 8)
    static let string = SchemaTypes(rawValue: 16)
    static let number = SchemaTypes(rawValue: 32)
    static let integer = SchemaTypes(rawValue: 64)
    /// A byte string of CBOR or MessagePack, which no name stands for.
    static let bytes = SchemaTypes(rawValue: 128)
    static let all = SchemaTypes(rawValue: 255)

    static let names: [(String, SchemaTypes)] = [
        ("null", .null), ("boolean", .boolean), ("object", .object), ("array", .array), ("string", .string),
        ("number", [.number, .integer]), ("integer", .integer),
    ]
}

/// One keyword of a subschema. Numbers are subschemas unless a comment says otherwise.
enum SchemaInstruction: Sendable {
    /// The schema `false`.
    case refuse
    /// A value of the schema document, by its token.
    case const(Int32)
    /// A list of the schema document, by its token.
    case oneOfValues(Int32)
    /// A number of `bounds`.
    case multipleOf(Int32)
    case maximum(Int32)
    case exclusiveMaximum(Int32)
    case minimum(Int32)
    case exclusiveMinimum(Int32)
    case maxLength(Int)
    case minLength(Int)
    /// A number of `patterns`.
    case pattern(Int32)
    case format(SchemaFormat)
    case maxItems(Int)
    case minItems(Int)
    case uniqueItems
    /// The first elements by a range of `numbers`, then the rest (-1: anything).
    case items(first: Int32, count: Int32, rest: Int32)
    case contains(Int32, min: Int32, max: Int32)
    case maxProperties(Int)
    case minProperties(Int)
    /// A number of `plans`.
    case members(Int32)
    /// Ranges of `numbers`.
    case allOf(first: Int32, count: Int32)
    case anyOf(first: Int32, count: Int32)
    case oneOf(first: Int32, count: Int32)
    case not(Int32)
    /// -1 where there is none.
    case condition(if: Int32, then: Int32, else: Int32)
    case reference(Int32)
    /// A number of `foreign`.
    case foreign(Int32)
    /// A number of `dynamics`.
    case dynamic(Int32)
    case unevaluatedItems(Int32)
    case unevaluatedProperties(Int32)

    /// The keyword whose place a violation names; nil for the subschema as a whole.
    var keyword: SchemaKeyword? {
        switch self {
        case .refuse: nil
        case .const: .const
        case .oneOfValues: .enum
        case .multipleOf: .multipleOf
        case .maximum: .maximum
        case .exclusiveMaximum: .exclusiveMaximum
        case .minimum: .minimum
        case .exclusiveMinimum: .exclusiveMinimum
        case .maxLength: .maxLength
        case .minLength: .minLength
        case .pattern: .pattern
        case .format: .format
        case .maxItems: .maxItems
        case .minItems: .minItems
        case .uniqueItems: .uniqueItems
        case .items: .items
        case .contains: .contains
        case .maxProperties: .maxProperties
        case .minProperties: .minProperties
        case .members: .properties
        case .allOf: .allOf
        case .anyOf: .anyOf
        case .oneOf: .oneOf
        case .not: .not
        case .condition: .if
        case .reference, .foreign: .ref
        case .dynamic: .dynamicRef
        case .unevaluatedItems: .unevaluatedItems
        case .unevaluatedProperties: .unevaluatedProperties
        }
    }
}
