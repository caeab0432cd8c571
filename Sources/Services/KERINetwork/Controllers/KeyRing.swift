// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkCrypto

/// The keys of a vault, found by what logs say of them. Each seed is kept under the text of its public key.
struct KeyRing {
    private let vault: any KeyVault
    /// Every name in the vault.
    private let names: Set<String>
    /// Keys made now and not stored yet.
    private(set) var fresh: [String: CreatedKey] = [:]

    init(_ vault: any KeyVault) async throws {
        self.vault = vault
        names = Set(try await vault.list().map(\.name))
    }

    /// The private key of a public key, nil when the vault hasn't it.
    func key(_ key: VerificationKey) async throws -> CreatedKey? {
        if let made = fresh[key.text] { return made }
        guard names.contains(key.text) else { return nil }
        return try CreatedKey(
            seed: try await vault.load(key.text), algorithm: key.algorithm, isTransferable: !key.isNonTransferable)
    }

    /// The keys behind digests, each nil when the vault hasn't it.
    func keys(behind digests: [KeyDigest]) async throws -> [CreatedKey?] {
        var wanted: [KeyDigest: Int] = [:]
        for (place, digest) in digests.enumerated() { wanted[digest] = place }
        var found = [CreatedKey?](repeating: nil, count: digests.count)
        for name in names.union(fresh.keys) {
            guard let key = VerificationKey(name), let place = wanted[KeyDigest(of: key)] else { continue }
            found[place] = try await self.key(key)
        }
        return found
    }

    /// Whether the vault has something under this name.
    func contains(_ name: String) -> Bool { names.contains(name) }

    /// Remembers keys that were made now.
    mutating func add(_ keys: [CreatedKey]) {
        for key in keys { fresh[key.verificationKey.text] = key }
    }

    /// Makes the fresh keys durable; a key that is there already is the same key, because its name says so.
    func save(with changes: [VaultChange] = []) async throws {
        let keys = fresh.sorted { $0.key < $1.key }.filter { !names.contains($0.key) }
        let all = changes + keys.map { VaultChange.store($0.value.seed, name: $0.key, replacing: nil) }
        guard !all.isEmpty else { return }
        try await vault.apply(all)
    }

    /// Makes the next keys of an AID.
    mutating func make(
        _ count: Int, for derivation: inout KeyDerivation, algorithm: SignatureAlgorithm, isTransferable: Bool = true,
        salt: SecretBytes? = nil
    ) async throws -> [CreatedKey] {
        guard count > 0 else { return [] }
        let keys: [CreatedKey]
        switch derivation {
        case .random:
            keys = try RandomKeyCreator.keys(count: count, algorithm: algorithm, isTransferable: isTransferable)
        case .salty(var position):
            let secret: SecretBytes
            if let salt { secret = salt } else { secret = try await vault.load(position.saltName) }
            keys = try SaltyKeyCreator(salt: secret, tier: position.tier).keys(
                stem: position.stem, rotation: position.rotation, first: position.keyCount, count: count,
                algorithm: algorithm, isTransferable: isTransferable)
            position.rotation += 1
            position.keyCount += count
            derivation = .salty(position)
        }
        add(keys)
        return keys
    }
}
