// SPDX-License-Identifier: Apache-2.0

public import CESR
internal import KelmarkBytes

/// The JSON Schema of a record type; its `$id` is its own SAID.
///
/// A schema says less than the reader: members in order, canonical JSON and the SAID of the record itself can't be
/// written in JSON Schema.
public struct RecordSchema: Hashable, Sendable {
    /// The value of member `t` of the records that it describes.
    public let type: String
    /// The value of `$id`.
    public let said: Primitive
    /// The schema as compact JSON.
    public let bytes: [UInt8]

    /// The schema of a record type, nil for a type that this version does not know.
    public init?(type: String) {
        guard let (title, members) = Self.members[type] else { return nil }
        var properties = OrderedMap()
        properties["d"] = Self.digest
        properties["t"] = ["const": .text(type)]
        for (label, rule) in members { properties[label] = rule }
        let schema: OrderedMap = [
            "$id": .text(SelfAddressing.dummy), "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": .text(title), "type": "object", "properties": .map(properties),
            "required": .list(properties.labels.map { .text($0) }), "additionalProperties": false,
        ]
        guard let (bytes, said) = SelfAddressing.address(schema, label: "$id") else { return nil }
        self.type = type
        self.said = said
        self.bytes = bytes
    }

    /// The schemas of all record types.
    public static var all: [RecordSchema] {
        [AuthorityStatement.type, Withdrawal.type, Suspension.type].compactMap { RecordSchema(type: $0) }
    }

    private static let digest = text("^E[A-Za-z0-9_-]{43}$")
    private static let identifier = text("^[A-Z0-9][A-Za-z0-9_-]{43,87}$")
    private static let optionalIdentifier = text("^([A-Z0-9][A-Za-z0-9_-]{43,87})?$")
    private static let domain = text("^[a-z0-9._-]{1,255}$")
    private static let time = text("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")

    private static func text(_ pattern: String) -> OrderedValue { ["type": "string", "pattern": .text(pattern)] }

    private static let members: [String: (String, KeyValuePairs<String, OrderedValue>)] = [
        AuthorityStatement.type: (
            "Authority statement",
            [
                "i": identifier, "td": domain, "kind": ["enum": ["x509", "jwt"]],
                "kid": text("^([0-9a-f]{40}|[A-Za-z0-9_-]{43})$"), "spki": text("^[A-Za-z0-9_-]+$"), "nb": time,
                "na": time, "cred": identifier, "log": optionalIdentifier, "prev": optionalIdentifier,
            ]
        ),
        Withdrawal.type: (
            "Withdrawal",
            [
                "i": identifier, "td": domain, "subject": identifier, "log": optionalIdentifier,
                "size": ["type": "integer", "minimum": 0], "reason": ["type": "string", "maxLength": 1024],
            ]
        ),
        Suspension.type: (
            "Suspension", ["i": identifier, "td": domain, "subject": identifier, "at": time]
        ),
    ]
}
