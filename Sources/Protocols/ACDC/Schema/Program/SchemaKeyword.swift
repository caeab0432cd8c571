// SPDX-License-Identifier: Apache-2.0

/// A dialect of JSON Schema, as `$schema` names it.
enum SchemaDialect: Sendable, Hashable {
    case draft7, draft2020

    /// What a schema is read as that names none.
    static let standard = draft2020

    /// The dialect of a `$schema`; nil when it is not spoken here.
    init?(_ uri: String) {
        let parsed = SchemaURI(uri)
        guard parsed.fragment ?? "" == "", parsed.scheme == "http" || parsed.scheme == "https",
            parsed.authority == "json-schema.org", parsed.query == nil
        else { return nil }
        switch parsed.path {
        case "/draft-07/schema": self = .draft7
        case "/draft/2020-12/schema": self = .draft2020
        default: return nil
        }
    }
}

/// The keywords of both dialects.
enum SchemaKeyword: String, Sendable, Hashable, CaseIterable {
    case id = "$id"
    case schema = "$schema"
    case ref = "$ref"
    case anchor = "$anchor"
    case dynamicRef = "$dynamicRef"
    case dynamicAnchor = "$dynamicAnchor"
    case vocabulary = "$vocabulary"
    case comment = "$comment"
    case defs = "$defs"
    case definitions
    case prefixItems, items, additionalItems, contains, minContains, maxContains, minItems, maxItems, uniqueItems
    case unevaluatedItems
    case properties, patternProperties, additionalProperties, propertyNames, required, minProperties, maxProperties
    case dependentRequired, dependentSchemas, dependencies, unevaluatedProperties
    case allOf, anyOf, oneOf, not
    case `if`, then, `else`
    case type
    case `enum`, const
    case multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum
    case minLength, maxLength, pattern, format
    case title, description, `default`, examples, deprecated, readOnly, writeOnly
    case contentEncoding, contentMediaType, contentSchema

    /// Where the value of a keyword has subschemas.
    enum Shape {
        case none, schema, schemaList, schemaMap
        /// A schema or a list of them.
        case schemaOrList
        /// A map to schemas or to lists of labels.
        case dependencies
    }

    static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// Where its value has subschemas; nil when the dialect does not know it.
    func shape(in dialect: SchemaDialect) -> Shape? {
        switch self {
        case .anchor, .dynamicRef, .dynamicAnchor, .vocabulary, .minContains, .maxContains, .dependentRequired,
            .deprecated:
            dialect == .draft2020 ? Shape.none : nil
        case .defs, .dependentSchemas: dialect == .draft2020 ? .schemaMap : nil
        case .prefixItems: dialect == .draft2020 ? .schemaList : nil
        case .unevaluatedItems, .unevaluatedProperties, .contentSchema: dialect == .draft2020 ? .schema : nil
        // Reserved by 2020-12 for schemas that still have it.
        case .definitions: .schemaMap
        case .additionalItems: dialect == .draft7 ? .schema : nil
        case .dependencies: dialect == .draft7 ? .dependencies : nil
        case .items: dialect == .draft7 ? .schemaOrList : .schema
        case .contains, .additionalProperties, .propertyNames, .not, .if, .then, .else: .schema
        case .properties, .patternProperties: .schemaMap
        case .allOf, .anyOf, .oneOf: .schemaList
        default: Shape.none
        }
    }
}
