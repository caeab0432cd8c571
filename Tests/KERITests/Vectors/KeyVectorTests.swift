// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI

/// `keys.json`: stretching, salty paths, a manager's walk, passcodes and sealed secrets.
struct KeyVectorTests {
    static let stretch = VectorRow.load("stretch", of: "keys.json") {
        "\($0["tier"]?.textValue ?? "") \($0["path"]?.textValue ?? "") \($0["size"]?.integerValue ?? 0)"
    }
    static let paths = VectorRow.load("salty_paths", of: "keys.json") { $0["path"]?.textValue ?? "" }
    static let passcodes = VectorRow.load("bran", of: "keys.json") { $0["bran"]?.textValue ?? "" }
    static let boxes = VectorRow.load("sealed_box", of: "keys.json") { $0["plain_kind"]?.textValue ?? "" }

    @Test func runsEveryRowOfTheFile() throws {
        #expect(Self.stretch.count == 11)
        #expect(Self.paths.count == 18)
        #expect(Self.passcodes.count == 6)
        #expect(Self.boxes.count == 9)
        #expect(try OrderedFile.value("manager_walk", of: "keys.json")["rows"]?.listValue?.count == 4)
    }

    @Test func statesTheCosts() throws {
        let costs = try OrderedFile.value("argon2", of: "keys.json")
        for name in ["low", "med", "high", "temp"] {
            let cost = try Self.tier(name).cost
            #expect(cost.operations == costs[name]?["opslimit"]?.integerValue)
            #expect(cost.memoryBytes == costs[name]?["memlimit"]?.integerValue)
        }
    }

    // KelmarkCryptoTests run every row of this list; the two of 256 MiB and 1 GiB need not run twice.
    @Test(arguments: stretch.filter { !$0.name.hasPrefix("med") && !$0.name.hasPrefix("high") })
    func stretches(_ row: VectorRow) throws {
        let creator = try Self.creator(row.value.text("salt"), row.value.text("tier"))
        let seed = try creator.secret(
            path: row.value.text("path"), byteCount: try #require(row.value["size"]?.integerValue))
        #expect(seed.copy == row.value["seed"]?.hexadecimal)
    }

    @Test(arguments: paths)
    func derivesKeys(_ row: VectorRow) throws {
        let salt = try OrderedFile.value("manager_walk", of: "keys.json").text("salt")
        let creator = try Self.creator(salt, row.value.text("tier"))
        let index = try #require(row.value["pidx"]?.integerValue)
        var stem = try row.value.text("stem")
        if stem.isEmpty { stem = String(index, radix: 16) }
        let rotation = try #require(row.value["ridx"]?.integerValue)
        let place = try #require(row.value["kidx"]?.integerValue)
        #expect(SaltyKeyCreator.path(stem: stem, rotation: rotation, key: place) == (try row.value.text("path")))
        let key = try #require(try creator.keys(stem: stem, rotation: rotation, first: place, count: 1).first)
        #expect(key.seed.copy == (try Primitive(text: row.value.text("seed"))).raw)
        #expect(key.verificationKey.text == (try row.value.text("public")))
    }

    @Test func walksAsKeripysManager() throws {
        let walk = try OrderedFile.value("manager_walk", of: "keys.json")
        let creator = try Self.creator(walk.text("salt"), walk.text("tier"))
        let stem = try walk.text("stem")
        var keys: [CreatedKey] = []
        var first = 0
        for (rotation, row) in (walk["rows"]?.listValue ?? []).enumerated() {
            let listed = (row["keys"]?.listValue ?? []).compactMap(\.textValue)
            if rotation == 0 { keys = try creator.keys(stem: stem, rotation: 0, first: 0, count: listed.count) }
            #expect(keys.map(\.verificationKey.text) == listed)
            first += keys.count
            let digests = (row["next"]?.listValue ?? []).compactMap(\.textValue)
            keys = try creator.keys(stem: stem, rotation: rotation + 1, first: first, count: digests.count)
            #expect(keys.map { KeyDigest(of: $0.verificationKey).text } == digests)
        }
    }

    @Test(arguments: passcodes)
    func turnsPasscodesIntoKeys(_ row: VectorRow) throws {
        let tier: Argon2id.Tier = row.value["temp"] == true ? try Self.tier("temp") : try Self.tier("low")
        let key = try Passcode.key(row.value.text("bran"), tier: tier)
        #expect(key.seed.copy == (try Primitive(text: row.value.text("seed"))).raw)
        #expect(key.verificationKey.text == (try row.value.text("aeid")))
        // Dashes are for people.
        let dashed = try row.value.text("bran").prefix(4) + "-" + row.value.text("bran").dropFirst(4)
        #expect(
            try Passcode.key(String(dashed), tier: Self.tier("temp")).verificationKey.primitive.code
                == .ed25519NonTransferable)
    }

    @Test(arguments: ["", "short", "0123456789abcdefghij", "0123456789abcdefghij!", "0123456789-abcdefghij"])
    func refusesBadPasscodes(_ text: String) throws {
        #expect(throws: CryptoError.invalidKey) { try Passcode.key(text, tier: .temporary) }
    }

    @Test func refusesShortSalts() throws {
        let salt = try SecretBytes.random(count: 15)
        #expect(throws: CryptoError.self) { try SaltyKeyCreator(salt: salt, tier: .temporary) }
    }

    @Test(arguments: boxes)
    func opensSealedSecrets(_ row: VectorRow) throws {
        let seed = try Primitive(text: row.value.text("recipient_seed"))
        let secret = try SecretBytes(copying: seed.span)
        let agreement = try X25519.privateKey(fromEd25519Seed: secret)
        #expect(agreement.copy == (try Primitive(text: row.value.text("x25519_private"))).raw)
        let publicKey = try Primitive(text: row.value.text("x25519_public"))
        #expect(publicKey.code == .x25519)
        #expect(try X25519.publicKey(of: agreement) == publicKey.raw)
        if let text = row.value["recipient_ed25519"]?.textValue {
            let recipient = try Primitive(text: text)
            #expect(try X25519.publicKey(fromEd25519: recipient.span) == publicKey.raw)
        }
        if let plain = row.value["plain_hex"]?.hexadecimal {
            let box = try #require(row.value["cipher_hex"]?.hexadecimal)
            #expect(try SealedBox.open(box.span, privateKey: agreement).copy == plain)
            return
        }
        // What is sealed is the text of the secret's primitive.
        let cipher = try Primitive(text: row.value.text("cipher"))
        #expect(cipher.code.text == (try row.value.text("cipher_code")))
        let plain = try row.value.text("plain")
        #expect(try SealedBox.open(cipher.span, ed25519Seed: secret).copy == Array(plain.utf8))
        let again = try SealedBox.seal(Array(plain.utf8).span, toX25519: publicKey.span)
        let sealed = try Primitive(code: cipher.code, raw: again)
        #expect(try SealedBox.open(sealed.span, privateKey: agreement).copy == Array(plain.utf8))
    }

    @Test func createsRandomKeys() throws {
        for algorithm in [SignatureAlgorithm.ed25519, .secp256r1, .secp256k1] {
            let keys = try RandomKeyCreator.keys(count: 3, algorithm: algorithm, isTransferable: false)
            #expect(Set(keys.map(\.verificationKey)).count == 3)
            for key in keys {
                #expect(key.verificationKey.isNonTransferable)
                let message = Array("text".utf8)
                let signature = try key.indexedSignature(over: message, index: 0)
                #expect(key.verificationKey.accepts(signature, over: message))
                #expect(key.verificationKey.accepts(try key.signature(over: message), over: message))
            }
        }
    }

    static func tier(_ name: String) throws -> Argon2id.Tier {
        switch name {
        case "low": .low
        case "med": .medium
        case "high": .high
        case "temp": .temporary
        default: throw CryptoError.invalidKey
        }
    }

    static func creator(_ salt: String, _ tier: String) throws -> SaltyKeyCreator {
        let primitive = try Primitive(text: salt)
        return try SaltyKeyCreator(salt: SecretBytes(copying: primitive.span), tier: Self.tier(tier))
    }
}

extension SecretBytes {
    /// The bytes, for comparing.
    var copy: [UInt8] { withBytes { [UInt8](copying: $0) } }
}
