// SPDX-License-Identifier: Apache-2.0

private import Crypto
internal import KelmarkBytes
public import KelmarkCrypto
internal import SPIFFE

/// Hides who is meant in the issuance log from everybody who was not told. `03-binding.md`, section 3.
///
/// Each leaf has a key of its own, made from the salt, the log's name and the leaf's index. Whoever is given the key of one
/// leaf can check whom that leaf names, and learns nothing about others.
public struct LeafBlinding: Sendable {
    /// Names the log: the AID that signs its checkpoints, or any stable text before there is one.
    public let log: String
    private let salt: SecretBytes

    /// Blinding for one log.
    /// - Parameter salt: at least 32 bytes, kept as long as the log.
    /// - Throws: ``IssuerError`` for a salt that is too short.
    public init(log: String, salt: SecretBytes) throws(IssuerError) {
        guard salt.count >= 32 else { throw IssuerError(.internal, "the salt of the issuance log is too short") }
        self.log = log
        self.salt = salt
    }

    /// The blinding whose salt is in a vault; made at first.
    /// - Throws: ``IssuerError`` when the vault can't be read or written.
    public static func open(log: String, in vault: any KeyVault) async throws -> LeafBlinding {
        let name = "issuance log salt"
        do {
            if try await vault.list().contains(where: { $0.name == name }) {
                return try LeafBlinding(log: log, salt: try await vault.load(name))
            }
            let salt = try SecretBytes.random(count: 32)
            try await vault.store(salt, as: name)
            return try LeafBlinding(log: log, salt: salt)
        } catch {
            throw IssuerError(.internal, "the salt of the issuance log can't be had", cause: error)
        }
    }

    /// The key of one leaf: HMAC-SHA256 by the salt of the log's name and the index in eight bytes.
    public func key(of index: UInt64) -> [UInt8] {
        salt.withBytes { salt in
            salt.withUnsafeBytes { salt in
                var code = HMAC<SHA256>(key: SymmetricKey(data: salt))
                code.update(data: Array(log.utf8))
                code.update(data: (0..<8).map { UInt8(truncatingIfNeeded: index >> (56 - 8 * UInt64($0))) })
                return Array(code.finalize())
            }
        }
    }

    /// What stands in the leaf for a text: SHA-256 of the leaf's key and the text.
    public static func blinded(_ text: String, key: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: key + Array(text.utf8)))
    }
}

extension IssuanceRecord {
    /// The leaf of this issuance at its place in the log: canonical JSON (RFC 8785). `03-binding.md`, section 3.
    /// - Throws: ``IssuerError`` when the record can't be written.
    public func leaf(at index: UInt64, blinding: LeafBlinding) throws(IssuerError) -> [UInt8] {
        let key = blinding.key(of: index)
        func blinded(_ text: String) -> OrderedValue { .text(Hexadecimal.text(LeafBlinding.blinded(text, key: key))) }
        var map: OrderedMap = [
            "type": .text(kind.rawValue), "svid": .text(Hexadecimal.text(digest)), "bid": blinded(id.description),
            "nb": OrderedValue(notBefore.seconds), "na": OrderedValue(notAfter.seconds),
            "at": OrderedValue(issuedAt.seconds),
        ]
        map[kind == .jwt ? "jti" : "serial"] = .text(serial)
        if !keyDigest.isEmpty { map["spki_sha256"] = .text(Hexadecimal.text(keyDigest)) }
        if !dnsNames.isEmpty { map["dns"] = .list(dnsNames.map(OrderedValue.text)) }
        if let statement { map["stmt"] = .text(statement) }
        if let entryID { map["entry"] = blinded(entryID) }
        if let node { map["node"] = blinded(node.description) }
        do {
            return try CanonicalJSON.encode(.map(map))
        } catch {
            throw IssuerError(.internal, "issuance can't be recorded", cause: error)
        }
    }
}
