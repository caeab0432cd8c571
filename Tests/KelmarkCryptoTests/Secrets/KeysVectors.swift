// SPDX-License-Identifier: Apache-2.0

// Members are named as in the vector file.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import KelmarkTestSupport
import Testing

struct KeysVectors: Decodable {
    struct Stretch: Decodable, CustomTestStringConvertible {
        let salt, tier, path: String
        let size: Int
        let seed: String
        var testDescription: String { "\(tier), path '\(path)', \(size) bytes" }
    }
    struct Bran: Decodable, CustomTestStringConvertible {
        let bran, salt: String
        let temp: Bool
        let seed, aeid: String
        var testDescription: String { "\(bran), temp \(temp)" }
    }
    struct Box: Decodable, CustomTestStringConvertible {
        let recipient_seed, x25519_public, x25519_private, plain_kind: String
        let recipient_ed25519, plain, cipher, cipher_code: String?
        let plain_hex, cipher_hex, tampered_cipher_hex: String?
        var testDescription: String { "\(plain_kind) to \(x25519_public)" }

        var content: [UInt8] { plain.map { Array($0.utf8) } ?? hex(plain_hex!) }
        var box: [UInt8] { cipher.map { raw($0, code: cipher_code!) } ?? hex(cipher_hex!) }
    }
    struct SaltyPath: Decodable, CustomTestStringConvertible {
        let path, seed, `public`, tier: String
        var testDescription: String { "\(path), \(tier)" }
    }
    let stretch: [Stretch]
    let bran: [Bran]
    let sealed_box: [Box]
    let salty_paths: [SaltyPath]

    static let all = try! Vectors.decode(Self.self, from: "KERI/keys.json")
}
