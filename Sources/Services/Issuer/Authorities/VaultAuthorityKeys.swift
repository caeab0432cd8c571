// SPDX-License-Identifier: Apache-2.0

private import JOSE
public import KelmarkCrypto
private import Synchronization

/// Authority keys in a vault: a sealed file, a plain file for its owner only, or memory, as composition chooses.
///
/// Keys are read once and kept parsed; the vault is asked again only when they change.
public final class VaultAuthorityKeys: AuthorityKeys {
    private struct Held: Sendable {
        let key: AuthorityKey
        let privateKey: PrivateKey

        init(_ slot: AuthoritySlot, _ privateKey: PrivateKey) throws {
            key = try AuthorityKey(
                slot: slot, subjectPublicKeyInfo: privateKey.publicKey.subjectPublicKeyInfo)
            self.privateKey = privateKey
        }
    }

    private struct Place: Sendable {
        var inUse: Held?
        var candidate: Held?
    }

    private let vault: any KeyVault
    private let places: Mutex<[AuthoritySlot: Place]>

    private init(vault: any KeyVault, places: [AuthoritySlot: Place]) {
        self.vault = vault
        self.places = Mutex(places)
    }

    /// Reads the keys of a vault.
    /// - Throws: ``IssuerError`` when the vault or a key in it can't be read: a server with half its keys must not start.
    public static func open(_ vault: any KeyVault) async throws -> VaultAuthorityKeys {
        var places: [AuthoritySlot: Place] = [:]
        do {
            let names = Set(try await vault.list().map(\.name))
            for slot in AuthoritySlot.allCases {
                var place = Place()
                for isCandidate in [false, true] where names.contains(name(of: slot, isCandidate: isCandidate)) {
                    let secret = try await vault.load(name(of: slot, isCandidate: isCandidate))
                    let held = try Held(slot, try privateKey(in: secret))
                    if isCandidate { place.candidate = held } else { place.inUse = held }
                }
                places[slot] = place
            }
        } catch {
            throw IssuerError(.internal, "authority keys can't be read", cause: error)
        }
        return VaultAuthorityKeys(vault: vault, places: places)
    }

    /// Keys that are gone with the process.
    public static func inMemory() -> VaultAuthorityKeys { VaultAuthorityKeys(vault: InMemoryVault(), places: [:]) }

    private static func name(of slot: AuthoritySlot, isCandidate: Bool) -> String {
        isCandidate ? "\(slot.rawValue) candidate" : slot.rawValue
    }

    /// What is in a place.
    public func content(of slot: AuthoritySlot) -> AuthoritySlotContent {
        places.withLock { places in
            AuthoritySlotContent(inUse: places[slot]?.inUse?.key, candidate: places[slot]?.candidate?.key)
        }
    }

    /// Makes a candidate.
    @concurrent public func generateCandidate(
        in slot: AuthoritySlot, algorithm: AuthorityKeyAlgorithm
    ) async throws -> AuthorityKey {
        do {
            // A thumbprint may begin with a hyphen, and commands to which it is given take it for an option then.
            var held: Held
            repeat {
                held = try Held(slot, try PrivateKey(generating: algorithm.privateKind))
            } while held.key.authorityID.hasPrefix("-")
            let name = Self.name(of: slot, isCandidate: true)
            try await vault.apply(
                try await removal(of: name) + [.store(Self.secret(of: held.privateKey), name: name, replacing: nil)])
            places.withLock { [held] in $0[slot, default: Place()].candidate = held }
            return held.key
        } catch {
            throw IssuerError(.internal, "authority key can't be made", cause: error)
        }
    }

    /// Puts the candidate into use.
    @concurrent public func adopt(_ candidate: AuthorityKey) async throws {
        let slot = candidate.slot
        let place = places.withLock { $0[slot] ?? Place() }
        if place.inUse?.key == candidate, place.candidate?.key != candidate { return }
        guard let held = place.candidate, held.key == candidate else {
            throw IssuerError(.failedPrecondition, "authority key is not there", detail: candidate.authorityID)
        }
        do {
            let name = Self.name(of: slot, isCandidate: false)
            let changes =
                try await removal(of: name) + [
                    .store(Self.secret(of: held.privateKey), name: name, replacing: nil),
                    .delete(name: Self.name(of: slot, isCandidate: true), version: nil),
                ]
            try await vault.apply(changes)
        } catch {
            throw IssuerError(.internal, "authority key can't be put into use", cause: error)
        }
        places.withLock { $0[slot] = Place(inUse: held) }
    }

    /// Signs with exactly this key.
    @concurrent public func signature(over message: [UInt8], by key: AuthorityKey) async throws -> [UInt8] {
        let held = places.withLock { places in
            [places[key.slot]?.inUse, places[key.slot]?.candidate].compactMap { $0 }.first { $0.key == key }
        }
        guard let held else {
            throw IssuerError(.failedPrecondition, "authority key is not there", detail: key.authorityID)
        }
        do {
            return try held.privateKey.signature(over: message, algorithm: key.algorithm.signatureAlgorithm)
        } catch {
            throw IssuerError(.internal, "authority key can't sign", cause: error)
        }
    }

    /// Destroys what is in a place.
    @concurrent public func delete(_ slot: AuthoritySlot) async throws {
        do {
            let changes =
                try await removal(of: Self.name(of: slot, isCandidate: false))
                + removal(of: Self.name(of: slot, isCandidate: true))
            if !changes.isEmpty { try await vault.apply(changes) }
        } catch {
            throw IssuerError(.internal, "authority key can't be deleted", cause: error)
        }
        places.withLock { $0[slot] = nil }
    }

    // The form in a vault is unencrypted PKCS#8. swift-crypto wipes its own copies; ours are wiped here.

    private static func secret(of key: PrivateKey) throws -> SecretBytes {
        var der = key.pkcs8
        return try SecretBytes(moving: &der)
    }

    private static func privateKey(in secret: SecretBytes) throws -> PrivateKey {
        var der = secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        defer { wipe(&der) }
        return try PrivateKey(pkcs8: der)
    }

    /// Nothing, or the change that removes what has this name.
    private func removal(of name: String) async throws -> [VaultChange] {
        try await vault.list().filter { $0.name == name }.map { .delete(name: name, version: $0.version) }
    }
}
