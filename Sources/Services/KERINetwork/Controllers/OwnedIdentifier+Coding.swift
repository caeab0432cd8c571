// SPDX-License-Identifier: Apache-2.0

internal import KERI
public import KelmarkBytes
public import KelmarkCrypto

/// The one form in which books are kept: ordered JSON with a version.
public enum WalletBookCoding {
    /// The version that is written, and the newest that is read.
    public static let version = 1

    /// The records as a document.
    public static func encode(_ identifiers: [OwnedIdentifier]) -> OrderedMap {
        ["version": OrderedValue(version), "identifiers": .list(identifiers.map { .map(encode($0)) })]
    }

    /// Reads a document back.
    /// - Throws: ``ControllerError`` `bookDamaged` or `bookTooNew`.
    public static func decode(_ document: OrderedMap) throws(ControllerError) -> [OwnedIdentifier] {
        guard let found = document["version"]?.integerValue else {
            throw ControllerError(.bookDamaged, "there is no version")
        }
        guard found <= version else { throw ControllerError(.bookTooNew, "the book has version \(found)") }
        guard let list = document["identifiers"]?.listValue else {
            throw ControllerError(.bookDamaged, "there are no identifiers")
        }
        var identifiers: [OwnedIdentifier] = []
        for (place, value) in list.enumerated() {
            guard let map = value.mapValue, let one = decode(map) else {
                throw ControllerError(.bookDamaged, "identifier \(place) can't be read back")
            }
            identifiers.append(one)
        }
        guard Set(identifiers.map(\.name)).count == identifiers.count else {
            throw ControllerError(.bookDamaged, "a name stands twice")
        }
        return identifiers
    }

    private static func encode(_ one: OwnedIdentifier) -> OrderedMap {
        var derivation: OrderedMap = ["kind": "random"]
        if case .salty(let position) = one.derivation {
            derivation = [
                "kind": "salty", "salt": .text(position.saltName), "stem": .text(position.stem),
                "tier": .text(position.tier.rawValue), "rotation": OrderedValue(position.rotation),
                "keys": OrderedValue(position.keyCount),
            ]
        }
        return [
            "name": .text(one.name), "aid": .text(one.aid.text), "created": .text(one.createdAt.description),
            "algorithm": .text(one.algorithm.name), "derivation": .map(derivation),
            "waiting": one.waitingEvent.map { .text(Base64URL.encodedString($0.span)) } ?? .null,
        ]
    }

    private static func decode(_ map: OrderedMap) -> OwnedIdentifier? {
        guard let name = map["name"]?.textValue, let aid = map["aid"]?.textValue.flatMap({ AID($0) }),
            let created = map["created"]?.textValue.flatMap({ Timestamp($0) }),
            let algorithm = map["algorithm"]?.textValue.flatMap({ SignatureAlgorithm(name: $0) }),
            let stated = map["derivation"]?.mapValue, let waiting = map["waiting"]
        else { return nil }
        let derivation: KeyDerivation
        switch stated["kind"]?.textValue {
        case "random": derivation = .random
        case "salty":
            guard let salt = stated["salt"]?.textValue, let stem = stated["stem"]?.textValue,
                let tier = stated["tier"]?.textValue.flatMap(Argon2id.Tier.init(rawValue:)),
                let rotation = stated["rotation"]?.integerValue, let keys = stated["keys"]?.integerValue,
                rotation >= 0, keys >= 0
            else { return nil }
            derivation = .salty(
                SaltyPosition(saltName: salt, stem: stem, tier: tier, rotation: rotation, keyCount: keys))
        default: return nil
        }
        var event: [UInt8]?
        if !waiting.isNull {
            guard let text = waiting.textValue, let bytes = try? Base64URL.decode(text.utf8.span) else { return nil }
            event = bytes
        }
        return OwnedIdentifier(
            name: name, aid: aid, createdAt: created, derivation: derivation, algorithm: algorithm, waitingEvent: event)
    }
}

extension SignatureAlgorithm {
    /// The name in documents and options.
    public var name: String {
        switch self {
        case .ed25519: "ed25519"
        case .secp256k1: "secp256k1"
        case .secp256r1: "secp256r1"
        }
    }

    /// Reads a name back.
    public init?(name: String) {
        guard let found = [Self.ed25519, .secp256k1, .secp256r1].first(where: { $0.name == name }) else { return nil }
        self = found
    }
}
