// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// A public JSON Web Key (RFC 7517): a key with its labels.
public struct JWK: Hashable, Sendable {
    /// The key.
    public let key: PublicKey
    /// `kid`: names the key within its set.
    public let keyID: String?
    /// `use`: what the publisher says the key is for; case matters.
    public let use: String?
    /// `alg`: the only algorithm that the key is for. Where an `alg` is none of the nine, reading the key fails.
    public let algorithm: JWSAlgorithm?
    /// `x5c`: DER certificates, not read further here.
    public let certificates: [[UInt8]]?

    /// A key with labels.
    public init(
        key: PublicKey, keyID: String? = nil, use: String? = nil, algorithm: JWSAlgorithm? = nil,
        certificates: [[UInt8]]? = nil
    ) {
        self.key = key
        self.keyID = keyID
        self.use = use
        self.algorithm = algorithm
        self.certificates = certificates
    }

    /// Members that only a private key has (RFC 7518, 6.2.2 and 6.3.2).
    private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

    /// Reads a key from its members; unknown ones are passed over.
    /// - Throws: ``KeyError``; where ``KeyError/isUnsupported``, the key is of a kind that is not used here.
    public init(_ members: OrderedMap) throws(KeyError) {
        let type = try Self.text("kty", in: members)
        key =
            switch type {
            case "EC": try Self.ellipticKey(members)
            case "RSA": try PublicKey(modulus: Self.bytes("n", in: members), exponent: Self.bytes("e", in: members))
            case "OKP": try Self.edwardsKey(members)
            default: throw KeyError(.unknownKeyType)
            }
        for member in Self.privateMembers where members[member] != nil { throw KeyError(.privateKey, member) }
        keyID = try Self.optionalText("kid", in: members)
        use = try Self.optionalText("use", in: members)
        if let name = try Self.optionalText("alg", in: members) {
            guard let algorithm = JWSAlgorithm(rawValue: name), algorithm.fits(key.kind) else {
                throw KeyError(.algorithmMismatch)
            }
            self.algorithm = algorithm
        } else {
            algorithm = nil
        }
        certificates = try Self.certificates(in: members)
    }

    /// Reads a key from JSON.
    /// - Throws: ``KeyError`` as ``init(_:)``, and for bytes that are no JSON map or repeat a member.
    public init(parsing json: [UInt8], limits: Limits = .jose) throws(KeyError) {
        guard let value = try? OrderedValue(parsingJSON: json.span, strictness: .interoperable, limits: limits),
            let members = value.mapValue
        else { throw KeyError(.malformed, "JSON") }
        try self.init(members)
    }

    /// The members in the order that SPIRE writes them: use, kty, kid, crv, alg, x, y, n, e, x5c.
    public var members: OrderedMap {
        var members = OrderedMap()
        members["use"] = use.map(OrderedValue.text)
        members["kty"] = .text(key.keyType)
        members["kid"] = keyID.map(OrderedValue.text)
        let numbers = key.numbers
        members["crv"] = numbers["crv"]
        members["alg"] = algorithm.map { .text($0.rawValue) }
        for name in ["x", "y", "n", "e"] { members[name] = numbers[name] }
        members["x5c"] = certificates.map { .list($0.map { .text(StandardBase64.encodedString($0)) }) }
        return members
    }

    // MARK: Members

    private static func ellipticKey(_ members: OrderedMap) throws(KeyError) -> PublicKey {
        guard let curve = EllipticCurve(rawValue: try text("crv", in: members)) else { throw KeyError(.unknownCurve) }
        return try PublicKey(curve: curve, x: bytes("x", in: members), y: bytes("y", in: members))
    }

    private static func edwardsKey(_ members: OrderedMap) throws(KeyError) -> PublicKey {
        guard try text("crv", in: members) == "Ed25519" else { throw KeyError(.unknownCurve) }
        return try PublicKey(ed25519: bytes("x", in: members))
    }

    private static func certificates(in members: OrderedMap) throws(KeyError) -> [[UInt8]]? {
        guard let value = members["x5c"] else { return nil }
        guard let list = value.listValue else { throw KeyError(.member, "x5c") }
        var certificates: [[UInt8]] = []
        for element in list {
            guard let text = element.textValue else { throw KeyError(.member, "x5c") }
            guard let der = StandardBase64.decode(text) else { throw KeyError(.base64, "x5c") }
            certificates.append(der)
        }
        return certificates
    }

    private static func text(_ name: String, in members: OrderedMap) throws(KeyError) -> String {
        guard let text = try optionalText(name, in: members) else { throw KeyError(.member, name) }
        return text
    }

    private static func optionalText(_ name: String, in members: OrderedMap) throws(KeyError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.textValue else { throw KeyError(.member, name) }
        return text
    }

    private static func bytes(_ name: String, in members: OrderedMap) throws(KeyError) -> [UInt8] {
        let text = Array(try text(name, in: members).utf8)
        do {
            return try Base64URL.decode(text.span)
        } catch {
            throw KeyError(.base64, name)
        }
    }
}

extension Limits {
    /// What key sets and tokens may be: 1 MiB, 16 levels, 65,536 values.
    public static let jose = Limits(bodyBytes: 1 << 20, nestingDepth: 16, documentValues: 1 << 16)
}
