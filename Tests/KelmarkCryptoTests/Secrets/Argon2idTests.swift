// SPDX-License-Identifier: Apache-2.0

import KelmarkCrypto
import Testing

/// One at a time: the tier `high` takes 1 GiB.
@Suite(.serialized) struct Argon2idTests {
    @Test func everyVectorIsRun() {
        #expect(KeysVectors.all.stretch.count == 11)
        #expect(Argon2id.Tier(rawValue: "med") == .medium)
        #expect(Argon2id.Tier(rawValue: "temp") == .temporary)
    }

    @Test(arguments: KeysVectors.all.stretch)
    func stretchesAsKeripy(_ vector: KeysVectors.Stretch) throws {
        let tier = try #require(Argon2id.Tier(rawValue: vector.tier))
        let password = try SecretBytes(Array(vector.path.utf8))
        let salt = raw(vector.salt, code: "0A")
        let seed = try Argon2id.derive(password: password, salt: salt.span, cost: tier.cost, byteCount: vector.size)
        #expect(seed.bytes == hex(vector.seed))
    }

    @Test func refusesWhatTheAlgorithmDoesNotDefine() {
        func derive(salt: Int = 16, operations: Int = 1, memory: Int = 8192, count: Int = 32) throws -> SecretBytes {
            try Argon2id.derive(
                password: pattern(3).span, salt: pattern(salt).span, operations: operations, memoryBytes: memory,
                byteCount: count)
        }
        for salt in [0, 15, 17] {
            #expect(throws: CryptoError.wrongLength(of: .salt, expected: 16, found: salt)) {
                _ = try derive(salt: salt)
            }
        }
        for count in [-1, 0, 15, 1 << 33] {
            #expect(throws: CryptoError.wrongLength(of: .output, expected: 16, found: count)) {
                _ = try derive(count: count)
            }
        }
        for operations in [-1, 0, 1 << 33] {
            #expect(throws: CryptoError.costOutOfBounds) { _ = try derive(operations: operations) }
        }
        for memory in [-1, 0, 8191, 1 << 45] {
            #expect(throws: CryptoError.costOutOfBounds) { _ = try derive(memory: memory) }
        }
        // Within the bounds of the algorithm, but more than any machine has.
        #expect(throws: CryptoError.outOfMemory) { _ = try derive(memory: 1 << 41) }
    }
}
