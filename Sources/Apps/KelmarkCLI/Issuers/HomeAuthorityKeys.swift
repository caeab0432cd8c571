// SPDX-License-Identifier: Apache-2.0

internal import KelmarkCrypto

/// The P-256 signing keys of issuers, kept in the vault under the ids of their certificates.
enum HomeAuthorityKeys {
    /// The name in the vault of the key with this id.
    static func name(of keyID: String) -> String { "authority \(keyID)" }

    /// The ids of the keys in a vault.
    static func held(in vault: any KeyVault) async throws -> Set<String> {
        let prefix = name(of: "")
        return Set(
            try await vault.list().map(\.name).filter { $0.hasPrefix(prefix) }.map {
                String($0.dropFirst(prefix.count))
            })
    }

    /// Makes a key; it is not kept yet.
    static func make() throws -> (key: SigningKey, seed: SecretBytes) {
        while true {
            let seed = try SecretBytes.random(count: 32)
            do {
                return (try SigningKey(algorithm: .secp256r1, seed: seed), seed)
            } catch CryptoError.invalidKey {
                // One seed of 2^32 is no scalar of the curve.
                continue
            }
        }
    }

    /// The key with this id.
    static func load(_ keyID: String, from vault: any KeyVault) async throws -> SigningKey {
        try SigningKey(algorithm: .secp256r1, seed: try await vault.load(name(of: keyID)))
    }
}
