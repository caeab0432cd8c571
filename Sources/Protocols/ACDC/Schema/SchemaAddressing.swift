// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
public import KelmarkBytes
internal import KelmarkCrypto

/// SAIDs of schemas and of the blocks inside them (facts 4, 13.9): the digest of the compact JSON of the block with `#`
/// in place of its own `$id`.
public enum SchemaAddressing {
    /// Writes the SAIDs into a draft, from the inside out: first the blocks inside that have an `$id` which is empty, made
    /// of `#`, or a SAID; then the whole, whose `$id` is put in front when there is none.
    ///
    /// - Returns: the compact JSON of the schema.
    /// - Throws: ``SchemaError`` when the result is no schema that can be read.
    public static func address(
        _ draft: OrderedMap, limits: SchemaLimits = .standard
    ) throws(SchemaError) -> [UInt8] {
        var map = draft
        if map["$id"] == nil {
            map = OrderedMap()
            map["$id"] = ""
            for member in draft.members { map[member.label] = member.value }
        }
        let dialect = map["$schema"]?.textValue.flatMap { SchemaDialect($0) } ?? .standard
        // The depth is checked before anything recurses.
        let bytes = try encoded(.map(map))
        _ = try SchemaDocument(bytes, limits: limits)
        map = try addressed(map, dialect: dialect, isRoot: true)
        let result = try encoded(.map(map))
        return try CredentialSchema(parsing: result, limits: limits).bytes
    }

    /// Whether `said` is the digest of the block at a token with dummies in place of the text at `id`.
    static func isAddressed(_ block: Int, id: Int, by said: SAID, in document: SchemaDocument) -> Bool {
        guard let algorithm = said.primitive.code.digestAlgorithm else { return false }
        let range = document.token(block).range
        let text = document.token(id).range
        var bytes = Array(document.bytes[range])
        for position in text { bytes[position - range.lowerBound] = UInt8(ascii: "#") }
        return algorithm.matches(said.primitive.span, bytes.span)
    }

    private static func addressed(
        _ map: OrderedMap, dialect outer: SchemaDialect, isRoot: Bool = false
    ) throws(SchemaError) -> OrderedMap {
        var map = map
        var dialect = outer
        if map["$id"] != nil, let named = map["$schema"]?.textValue.flatMap({ SchemaDialect($0) }) { dialect = named }
        for member in map.members {
            guard let shape = SchemaKeyword.byName[member.label]?.shape(in: dialect) else { continue }
            map[member.label] = try addressed(member.value, shape: shape, dialect: dialect)
        }
        guard let id = map["$id"], isRoot || isDue(id) else { return map }
        do throws(DocumentEncodingError) {
            try SelfAddressing.seal(&map, labels: ["$id"])
        } catch {
            throw SchemaError(.malformed, "the schema can't be written as JSON")
        }
        return map
    }

    private static func addressed(
        _ value: OrderedValue, shape: SchemaKeyword.Shape, dialect: SchemaDialect
    ) throws(SchemaError) -> OrderedValue {
        switch (shape, value) {
        case (.schema, .map(let map)), (.schemaOrList, .map(let map)):
            return .map(try addressed(map, dialect: dialect))
        case (.schemaList, .list(let list)), (.schemaOrList, .list(let list)):
            var result: [OrderedValue] = []
            for element in list { result.append(try addressed(element, shape: .schema, dialect: dialect)) }
            return .list(result)
        case (.schemaMap, .map(var map)), (.dependencies, .map(var map)):
            for member in map.members {
                map[member.label] = try addressed(member.value, shape: .schema, dialect: dialect)
            }
            return .map(map)
        default: return value
        }
    }

    /// Whether a block waits for its SAID, or has one that may be out of date.
    private static func isDue(_ id: OrderedValue) -> Bool {
        guard let text = id.textValue else { return false }
        return text.utf8.allSatisfy { $0 == UInt8(ascii: "#") } || SAID(text) != nil
    }

    private static func encoded(_ value: OrderedValue) throws(SchemaError) -> [UInt8] {
        do throws(DocumentEncodingError) {
            return try value.encoded(as: .json)
        } catch {
            throw SchemaError(.malformed, "the schema can't be written as JSON")
        }
    }
}
