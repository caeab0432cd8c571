// SPDX-License-Identifier: Apache-2.0

import KelmarkCrypto
import Testing

@Suite struct SealedBoxTests {
    @Test func everyVectorIsRun() {
        #expect(KeysVectors.all.sealed_box.count == 9)
    }

    @Test(arguments: KeysVectors.all.sealed_box)
    func opensKeripysBoxes(_ vector: KeysVectors.Box) throws {
        let seed = try SecretBytes(raw(vector.recipient_seed, code: "A"))
        let edKey = try SigningKey(algorithm: .ed25519, seed: seed).publicKey
        if let text = vector.recipient_ed25519 { #expect(edKey == raw(text, code: "D")) }
        let publicKey = raw(vector.x25519_public, code: "C")
        let privateKey = try X25519.privateKey(fromEd25519Seed: seed)
        #expect(privateKey.bytes == raw(vector.x25519_private, code: "O"))
        #expect(try encryptionKey(edKey) == publicKey)
        #expect(try X25519.publicKey(of: privateKey) == publicKey)

        let box = vector.box
        let plain = try SealedBox.open(box.span, ed25519Seed: seed)
        #expect(plain.bytes == vector.content)
        let openedAgain = try SealedBox.open(box.span, privateKey: privateKey)
        #expect(openedAgain == plain)
        if let tampered = vector.tampered_cipher_hex.map(hex) {
            #expect(throws: CryptoError.cannotOpen) { _ = try SealedBox.open(tampered.span, ed25519Seed: seed) }
        }

        for again in [
            try SealedBox.seal(vector.content.span, toEd25519: edKey.span),
            try SealedBox.seal(vector.content.span, toX25519: publicKey.span),
        ] {
            #expect(again != box)
            let opened = try SealedBox.open(again.span, ed25519Seed: seed)
            #expect(opened == plain)
        }
    }

    private func encryptionKey(_ key: [UInt8]) throws -> [UInt8] { try X25519.publicKey(fromEd25519: key.span) }

    @Test func refusesEveryChangedByte() throws {
        let seed = try SecretBytes.random(count: 32)
        let key = try SigningKey(algorithm: .ed25519, seed: seed).publicKey
        let box = try SealedBox.seal(pattern(5).span, toEd25519: key.span)
        #expect(box.count == 5 + SealedBox.overheadByteCount)
        for index in box.indices {
            var changed = box
            changed[index] ^= 0x40
            #expect(throws: CryptoError.cannotOpen) { _ = try SealedBox.open(changed.span, ed25519Seed: seed) }
        }
        let other = try SecretBytes.random(count: 32)
        #expect(throws: CryptoError.cannotOpen) { _ = try SealedBox.open(box.span, ed25519Seed: other) }
        let short = Array(box[..<47])
        #expect(throws: CryptoError.wrongLength(of: .ciphertext, expected: 48, found: 47)) {
            _ = try SealedBox.open(short.span, ed25519Seed: seed)
        }
        let nothing: [UInt8] = []
        let empty = try SealedBox.seal(nothing.span, toEd25519: key.span)
        let opened = try SealedBox.open(empty.span, ed25519Seed: seed)
        #expect(opened.count == 0)
    }

    @Test func refusesKeysThatAreNone() throws {
        let zero = [UInt8](repeating: 0, count: 32)
        #expect(throws: CryptoError.invalidKey) { _ = try SealedBox.seal(pattern(3).span, toEd25519: zero.span) }
        #expect(throws: CryptoError.invalidKey) { _ = try SealedBox.seal(pattern(3).span, toX25519: zero.span) }
        let long = pattern(33)
        let expected = CryptoError.wrongLength(of: .key, expected: 32, found: 33)
        #expect(throws: expected) { _ = try SealedBox.seal(pattern(3).span, toEd25519: long.span) }
        #expect(throws: expected) { _ = try SealedBox.seal(pattern(3).span, toX25519: long.span) }
        let secret = try SecretBytes(long)
        #expect(throws: expected) { _ = try SealedBox.open(pattern(60).span, privateKey: secret) }
        #expect(throws: CryptoError.wrongLength(of: .seed, expected: 32, found: 33)) {
            _ = try SealedBox.open(pattern(60).span, ed25519Seed: secret)
        }
    }
}
