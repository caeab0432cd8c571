// SPDX-License-Identifier: Apache-2.0

import JOSE
import Testing

/// One key of each kind, made once: RSA keys take a moment.
enum TestKeys {
    static let p256 = try! PrivateKey(generating: .p256)
    static let p384 = try! PrivateKey(generating: .p384)
    static let p521 = try! PrivateKey(generating: .p521)
    static let rsa = try! PrivateKey(generating: .rsa2048)
    static let all = [p256, p384, p521, rsa]

    static func key(for algorithm: JWSAlgorithm) -> PrivateKey {
        all.first { algorithm.fits($0.publicKey.kind) }!
    }
}

struct AlgorithmTests {
    static let message = Array("signed".utf8)

    @Test func thereAreNineAlgorithmsAndNoOthers() {
        #expect(JWSAlgorithm.allCases.count == 9)
        for name in ["none", "None", "HS256", "EdDSA", "ES256K", "es256", "RSA-OAEP", ""] {
            #expect(JWSAlgorithm(rawValue: name) == nil)
        }
    }

    @Test(arguments: JWSAlgorithm.allCases)
    func everyAlgorithmSignsAndVerifies(_ algorithm: JWSAlgorithm) throws {
        let key = TestKeys.key(for: algorithm)
        let signature = try key.signature(over: Self.message, algorithm: algorithm)
        #expect(signature.count == key.publicKey.signatureByteCount)
        #expect(key.publicKey.isValidSignature(signature, over: Self.message, algorithm: algorithm))
        #expect(!key.publicKey.isValidSignature(signature, over: Self.message + [0], algorithm: algorithm))
        #expect(!key.publicKey.isValidSignature(signature + [0], over: Self.message, algorithm: algorithm))
        #expect(!key.publicKey.isValidSignature([], over: Self.message, algorithm: algorithm))
        // No other algorithm takes the signature, also of the same key.
        for other in JWSAlgorithm.allCases where other != algorithm {
            #expect(!key.publicKey.isValidSignature(signature, over: Self.message, algorithm: other))
        }
        for other in TestKeys.all where other.publicKey.kind != key.publicKey.kind {
            #expect(throws: JWSError.self) { try other.signature(over: Self.message, algorithm: algorithm) }
        }
    }

    @Test(arguments: JWSAlgorithm.allCases)
    func theSizeOfATokenIsKnownBeforeItIsSigned(_ algorithm: JWSAlgorithm) async throws {
        let signer = try LocalJWSSigner(TestKeys.key(for: algorithm), algorithm: algorithm)
        for count in 0..<4 {
            let draft = JWSDraft(header: JWSHeader(algorithm: algorithm), payload: Array(repeating: 7, count: count))
            let token = try await draft.signed(by: signer)
            #expect(draft.tokenByteCount(signedBy: signer.publicKey) == token.utf8.count)
        }
    }

    @Test func signersAreBoundToOneAlgorithm() throws {
        #expect(try LocalJWSSigner(TestKeys.p256).algorithm == .es256)
        #expect(try LocalJWSSigner(TestKeys.p384).algorithm == .es384)
        #expect(try LocalJWSSigner(TestKeys.p521).algorithm == .es512)
        #expect(try LocalJWSSigner(TestKeys.rsa).algorithm == .rs256)
        #expect(try LocalJWSSigner(TestKeys.rsa, algorithm: .ps512).algorithm == .ps512)
        #expect(throws: JWSError.self) { try LocalJWSSigner(TestKeys.p256, algorithm: .es384) }
        #expect(throws: JWSError.self) { try LocalJWSSigner(TestKeys.rsa, algorithm: .es256) }
    }

    @Test func ed25519SignsNoTokens() throws {
        let seed = [UInt8](repeating: 7, count: 32)
        let head: [UInt8] = [
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ]
        let key = try PrivateKey(pkcs8: head + seed)
        #expect(key.publicKey.kind == .ed25519 && key.pkcs8 == head + seed)
        #expect(throws: JWSError.self) { try LocalJWSSigner(key) }
        for algorithm in JWSAlgorithm.allCases {
            #expect(throws: JWSError.self) { try key.signature(over: [], algorithm: algorithm) }
            let signature = [UInt8](repeating: 0, count: 64)
            #expect(!key.publicKey.isValidSignature(signature, over: [], algorithm: algorithm))
        }
    }
}
