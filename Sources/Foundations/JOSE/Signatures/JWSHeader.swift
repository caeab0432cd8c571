// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// The protected header of a signed token (RFC 7515 section 4).
public struct JWSHeader: Hashable, Sendable {
    /// `alg`.
    public let algorithm: JWSAlgorithm
    /// `kid`.
    public let keyID: String?
    /// `typ`, as written.
    public let type: String?
    /// All members, in order.
    public let members: OrderedMap

    /// Members by which a token would bring its own key or name a place to fetch one. They are refused, not ignored: who
    /// follows them trusts the forger.
    private static let embeddedKeys = ["jku", "jwk", "x5u", "x5c"]

    /// A header as it is written: alg, kid, typ.
    public init(algorithm: JWSAlgorithm, keyID: String? = nil, type: String? = nil) {
        self.algorithm = algorithm
        self.keyID = keyID
        self.type = type
        var members = OrderedMap()
        members["alg"] = .text(algorithm.rawValue)
        members["kid"] = keyID.map(OrderedValue.text)
        members["typ"] = type.map(OrderedValue.text)
        self.members = members
    }

    init(parsing json: [UInt8], limits: Limits) throws(JWSError) {
        guard let value = try? OrderedValue(parsingJSON: json.span, strictness: .interoperable, limits: limits),
            let members = value.mapValue
        else { throw JWSError(.header) }
        guard members["crit"] == nil else { throw JWSError(.critical) }
        for member in Self.embeddedKeys where members[member] != nil { throw JWSError(.embeddedKey, member) }
        guard let name = try Self.text("alg", in: members) else { throw JWSError(.headerMember, "alg") }
        guard let algorithm = JWSAlgorithm(rawValue: name) else { throw JWSError(.algorithm) }
        self.algorithm = algorithm
        keyID = try Self.text("kid", in: members)
        type = try Self.text("typ", in: members)
        self.members = members
    }

    private static func text(_ name: String, in members: OrderedMap) throws(JWSError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.textValue else { throw JWSError(.headerMember, name) }
        return text
    }
}
