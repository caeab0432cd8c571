// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras
import Foundation
import Testing

@testable import Issuer

/// Our own RSA operation against the library's signatures.
struct RSASignatureTests {
    static func key(_ key: _RSA.Signing.PrivateKey) throws -> RSAPublicOperation {
        let numbers = try key.publicKey.getKeyPrimitives()
        return try #require(
            RSAPublicOperation(modulus: [UInt8](numbers.modulus), exponent: [UInt8](numbers.publicExponent)))
    }

    @Test(arguments: [2048, 3072, 4096])
    func agreesWithTheLibrary(_ bits: Int) throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits))
        let own = try Self.key(key)
        #expect(own.bits == bits)
        let message = [UInt8]("a message".utf8)
        let digest = SHA256.hash(data: message)
        let pss = [UInt8](try key.signature(for: digest, padding: .PSS).rawRepresentation)
        #expect(RSASignatureCheck.isPSS(pss, of: Array(digest), by: own))
        let pkcs1 = [UInt8](try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
        #expect(RSASignatureCheck.isPKCS1(pkcs1, of: message, hash: .sha256, by: own))
        let pkcs1Of512 = [UInt8](
            try key.signature(for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5).rawRepresentation)
        #expect(RSASignatureCheck.isPKCS1(pkcs1Of512, of: message, hash: .sha512, by: own))

        // Each scheme knows only its own signatures, of this message, by this key.
        #expect(!RSASignatureCheck.isPSS(pkcs1, of: Array(digest), by: own))
        #expect(!RSASignatureCheck.isPKCS1(pss, of: message, hash: .sha256, by: own))
        #expect(!RSASignatureCheck.isPKCS1(pkcs1, of: message, hash: .sha512, by: own))
        #expect(!RSASignatureCheck.isPKCS1(pkcs1, of: message + [0], hash: .sha256, by: own))
        #expect(!RSASignatureCheck.isPSS(pss, of: Array(SHA256.hash(data: message + [0])), by: own))
        #expect(!RSASignatureCheck.isPSS(pss, of: Array(digest.dropLast()), by: own))
        #expect(!RSASignatureCheck.isPSS([0] + pss, of: Array(digest), by: own))
        #expect(!RSASignatureCheck.isPSS(Array(pss.dropLast()), of: Array(digest), by: own))
        for place in [0, 1, pss.count / 2, pss.count - 1] {
            var changed = pss
            changed[place] ^= 1
            #expect(!RSASignatureCheck.isPSS(changed, of: Array(digest), by: own))
        }
        #expect(own.apply([UInt8](repeating: 0xff, count: own.byteCount)) == nil, "not below the modulus")
    }

    @Test func refusesKeys() {
        let modulus = [UInt8](repeating: 0xff, count: 256)
        func isKey(_ modulus: [UInt8], _ exponent: [UInt8]) -> Bool {
            RSAPublicOperation(modulus: modulus, exponent: exponent) != nil
        }
        #expect(isKey(modulus, [1, 0, 1]))
        #expect(isKey([0] + modulus, [0, 1, 0, 1]))
        #expect(!isKey(Array(modulus.dropLast()), [1, 0, 1]), "too short")
        #expect(!isKey([UInt8](repeating: 0xff, count: 1025), [1, 0, 1]), "too long")
        #expect(!isKey(modulus.dropLast() + [0xfe], [1, 0, 1]), "even")
        #expect(!isKey([], [1, 0, 1]))
        for exponent in [[], [1], [2], [1, 0], [2, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 1]] as [[UInt8]] {
            #expect(!isKey(modulus, exponent))
        }
    }
}
