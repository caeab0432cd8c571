// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KelmarkCrypto

@Suite struct VaultSizeTests {
    static let path = "/keys/vault"

    /// A vault of the greatest size opens or not by its passphrase; with a byte behind it, it is no vault of ours.
    @Test func nothingMayFollowTheGreatestVault() throws {
        let disk = FakeDisk()
        let cost = Argon2id.Tier.temporary.cost
        var envelope = SealedFileVault.Envelope(
            cost: cost, salt: [UInt8](repeating: 1, count: 16), nonce: [UInt8](repeating: 2, count: 24),
            check: [UInt8](repeating: 3, count: 16),
            sealedByteCount: SealedFileVault.Envelope.maximumSealedByteCount)
        envelope.sealed = [UInt8](repeating: 4, count: SealedFileVault.Envelope.maximumSealedByteCount)
        let bytes = envelope.encoded
        let passphrase = try SecretBytes([1, 2, 3])
        for (content, expected) in [(bytes, VaultError.wrongPassphrase), (bytes + [0], .tooLarge)] {
            disk.put(content, at: Self.path)
            #expect(throws: expected) {
                _ = try SealedFileVault.open(at: Self.path, passphrase: passphrase, fileSystem: disk)
            }
        }
    }
}
