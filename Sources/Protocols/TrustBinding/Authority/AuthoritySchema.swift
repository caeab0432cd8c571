// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The JSON Schema of the authority credential. Published as `docs/reference/schemas/authority-credential.json`.
public enum AuthoritySchema {
    /// Its SAID, the value of `s` in every authority credential.
    public static let said = "EKzKO64Q73MDSZ_eGXJmX3o55_cffJEc-ute-UBdWofx"

    /// The schema as compact JSON. A test holds it against ``said``.
    public static let bytes: [UInt8] = written ?? []

    /// The attributes in their order; `bindings` may be left out.
    static let attributes = [
        "d", "i", "dt", "trustDomain", "pathPrefixes", "svidTypes", "maxX509TTL", "maxJWTTL", "maxKeys", "downstream",
        "bindings",
    ]

    private static var written: [UInt8]? {
        guard let (block, _) = SelfAddressing.address(attributesBlock, label: "$id"),
            let attributes = try? OrderedValue(parsing: block.span, format: .json)
        else { return nil }
        let digest: OrderedValue = ["type": "string", "pattern": "^E[A-Za-z0-9_-]{43}$"]
        let properties: OrderedMap = [
            "v": ["description": "Version", "type": "string"],
            "d": ["description": "SAID of the credential", "type": "string"],
            "i": ["description": "AID of the organisation", "type": "string"],
            "ri": ["description": "Registry of the organisation", "type": "string"],
            "s": ["description": "SAID of this schema", "type": "string"],
            "a": ["oneOf": [digest, attributes]],
        ]
        let schema: OrderedMap = [
            "$id": .text(SelfAddressing.dummy), "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Authority credential",
            "description": "An organisation lets an issuer sign SVIDs of a trust domain, within limits.",
            "type": "object", "credentialType": "KelmarkAuthorityCredential", "version": "1.0.0",
            "properties": .map(properties), "required": .list(properties.labels.map { .text($0) }),
            "additionalProperties": false,
        ]
        return SelfAddressing.address(schema, label: "$id")?.bytes
    }

    private static var attributesBlock: OrderedMap {
        let path = "^/([A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)?$"
        let identifier: OrderedValue = ["type": "string", "pattern": "^[A-Z0-9][A-Za-z0-9_-]{43,87}$"]
        let seconds: OrderedValue = [
            "type": "integer", "minimum": 1, "maximum": OrderedValue(AuthorityLimits.longestLifetime),
        ]
        let properties: OrderedMap = [
            "d": ["type": "string"], "i": identifier, "dt": ["type": "string", "format": "date-time"],
            "trustDomain": ["type": "string", "pattern": "^[a-z0-9._-]{1,255}$"],
            "pathPrefixes": [
                "type": "array", "items": ["type": "string", "pattern": .text(path)], "minItems": 1,
                "maxItems": OrderedValue(AuthorityLimits.mostPaths), "uniqueItems": true,
            ],
            "svidTypes": [
                "type": "array", "items": ["enum": ["x509", "jwt"]], "minItems": 1, "uniqueItems": true,
            ],
            "maxX509TTL": seconds, "maxJWTTL": seconds,
            "maxKeys": ["type": "integer", "minimum": 1, "maximum": OrderedValue(AuthorityLimits.mostKeysEver)],
            "downstream": ["type": "boolean"],
            "bindings": [
                "type": "object", "propertyNames": ["pattern": .text(path)], "additionalProperties": identifier,
                "maxProperties": OrderedValue(AuthorityLimits.mostPaths),
            ],
        ]
        return [
            "$id": .text(SelfAddressing.dummy), "description": "Attributes", "type": "object",
            "properties": .map(properties),
            "required": .list(properties.labels.filter { $0 != "bindings" }.map { .text($0) }),
            "additionalProperties": false,
        ]
    }
}
