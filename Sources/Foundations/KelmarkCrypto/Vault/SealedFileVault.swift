// SPDX-License-Identifier: Apache-2.0

private import CSodium
private import Synchronization

/// A vault in one file, sealed with a passphrase: Argon2id makes the key, XChaCha20-Poly1305 seals the content.
///
/// Every change writes the whole file anew and puts it in place of the old one at once, so that after a crash, a full
/// disk or a loss of power either the old or the new vault opens. Several processes may use the same file: writers take
/// turns by a lock, and each call sees the newest file.
///
/// The calls block on the disk for a few milliseconds; opening, creating and changing the passphrase run Argon2id and
/// take up to seconds. Call them from a thread that may wait.
public final class SealedFileVault: KeyVault {
    /// What Argon2id costs unless asked otherwise: 3 passes over 256 MiB.
    public static let standardCost = Argon2id.Tier.medium.cost

    private struct State: Sendable {
        var keys: Keys
        var content: VaultContent
        /// The nonce of the file that `content` was read from; every save has a fresh one.
        var nonce: [UInt8]
    }

    private let file: VaultFile
    private let state: Mutex<State>

    private init(file: VaultFile, state: State) {
        self.file = file
        self.state = Mutex(state)
    }

    /// Creates an empty vault at a path where nothing is yet.
    /// - Throws: ``VaultError/alreadyExists``, ``VaultError/emptyPassphrase``, ``VaultError/costOutOfBounds``,
    ///   ``VaultError/noDirectory``, or why the file can't be written.
    public static func create(
        at path: String, passphrase: SecretBytes, cost: Argon2id.Cost = standardCost
    ) throws(VaultError) -> SealedFileVault {
        try create(at: path, passphrase: passphrase, cost: cost, fileSystem: POSIXFileSystem())
    }

    /// Opens a vault.
    /// - Throws: ``VaultError/noVault``, ``VaultError/wrongPassphrase``, ``VaultError/damaged(_:)``,
    ///   ``VaultError/vaultTooNew(version:)``, ``VaultError/permissionsTooOpen(mode:)``, or why the file can't be read.
    public static func open(at path: String, passphrase: SecretBytes) throws(VaultError) -> SealedFileVault {
        try open(at: path, passphrase: passphrase, fileSystem: POSIXFileSystem())
    }

    /// Creates a vault in a given file system.
    package static func create(
        at path: String, passphrase: SecretBytes, cost: Argon2id.Cost, fileSystem: any VaultFileSystem
    ) throws(VaultError) -> SealedFileVault {
        let file = VaultFile(path: path, fileSystem: fileSystem)
        let keys = try Keys(passphrase: passphrase, cost: cost)
        let saved = try file.withLock { () throws(VaultError) in
            guard try !file.exists() else { throw .alreadyExists }
            return try save(VaultContent(), keys: keys, to: file)
        }
        return SealedFileVault(file: file, state: saved)
    }

    /// Opens a vault in a given file system.
    package static func open(
        at path: String, passphrase: SecretBytes, fileSystem: any VaultFileSystem
    ) throws(VaultError) -> SealedFileVault {
        let file = VaultFile(path: path, fileSystem: fileSystem)
        let envelope = try read(file)
        let keys = try Keys(passphrase: passphrase, envelope: envelope)
        let content = try keys.unseal(envelope)
        return SealedFileVault(file: file, state: State(keys: keys, content: content, nonce: envelope.nonce))
    }

    /// The names and versions of all secrets, sorted by name.
    /// - Throws: why the file can't be read.
    public func list() throws(VaultError) -> [VaultEntry] {
        try withFreshState { (state) throws(VaultError) in state.content.entries }
    }

    /// The secret with this name.
    /// - Throws: ``VaultError/noSuchName(_:)``, or why the file can't be read.
    public func load(_ name: String) throws(VaultError) -> SecretBytes {
        try withFreshState { (state) throws(VaultError) in try state.content.load(name) }
    }

    /// Makes all changes or none. When it returns, they are on the disk.
    /// - Throws: as ``KeyVault/apply(_:)``.
    public func apply(_ changes: [VaultChange]) throws(VaultError) {
        try state.withLock { (state) throws(VaultError) in
            state = try file.withLock { () throws(VaultError) in
                var fresh = state
                try Self.refresh(&fresh, from: file)
                try fresh.content.apply(changes)
                return try Self.save(fresh.content, keys: fresh.keys, to: file)
            }
        }
    }

    /// Seals the vault with another passphrase and a fresh salt. Old copies of the file still open with the old one.
    /// - Throws: ``VaultError/emptyPassphrase``, ``VaultError/costOutOfBounds``, or why the file can't be written.
    public func changePassphrase(
        to passphrase: SecretBytes, cost: Argon2id.Cost = standardCost
    ) throws(VaultError) {
        let keys = try Keys(passphrase: passphrase, cost: cost)
        try state.withLock { (state) throws(VaultError) in
            state = try file.withLock { () throws(VaultError) in
                var fresh = state
                try Self.refresh(&fresh, from: file)
                try fresh.content.apply([])
                return try Self.save(fresh.content, keys: keys, to: file)
            }
        }
    }

    private func withFreshState<Result: Sendable>(
        _ body: (State) throws(VaultError) -> Result
    ) throws(VaultError) -> Result {
        try state.withLock { (state) throws(VaultError) in
            try Self.refresh(&state, from: file)
            return try body(state)
        }
    }

    /// Reads the file again when it is not the one that was read last.
    private static func refresh(_ state: inout State, from file: VaultFile) throws(VaultError) {
        let header = try file.read(limit: Envelope.headerByteCount).bytes
        guard try Envelope.parseHeader(header.span).nonce != state.nonce else { return }
        let envelope = try read(file)
        guard state.keys.made(envelope) else { throw .passphraseChanged }
        let content = try state.keys.unseal(envelope)
        guard content.generation > state.content.generation else { throw .rolledBack }
        state = State(keys: state.keys, content: content, nonce: envelope.nonce)
    }

    private static func read(_ file: VaultFile) throws(VaultError) -> Envelope {
        let limit = Envelope.headerByteCount + Envelope.maximumSealedByteCount
        let (bytes, isWhole) = try file.read(limit: limit)
        let envelope = try Envelope.parse(bytes.span)
        guard isWhole else { throw .tooLarge }
        return envelope
    }

    private static func save(
        _ content: VaultContent, keys: Keys, to file: VaultFile
    ) throws(VaultError) -> State {
        let bytes: SecretBytes
        let envelope: Envelope
        do throws(CryptoError) {
            bytes = try content.encoded()
            envelope = try keys.seal(bytes)
        } catch {
            throw .crypto(error)
        }
        try file.replace(with: envelope.encoded)
        return State(keys: keys, content: try VaultContent(parsing: bytes), nonce: envelope.nonce)
    }
}

extension SealedFileVault {
    /// What Argon2id made of the passphrase, kept so that a save does not need to do it again.
    private struct Keys: Sendable {
        let cost: Argon2id.Cost
        let salt: [UInt8]
        let check: [UInt8]
        private let key: SecretBytes

        private static let keyByteCount = 32

        /// Keys of a new salt.
        init(passphrase: SecretBytes, cost: Argon2id.Cost) throws(VaultError) {
            guard passphrase.count > 0 else { throw .emptyPassphrase }
            guard Envelope.isAcceptable(cost) else { throw .costOutOfBounds }
            do throws(CryptoError) {
                let salt = try RandomBytes.generate(count: Argon2id.saltByteCount)
                try self.init(passphrase: passphrase, cost: cost, salt: salt)
            } catch {
                throw .crypto(error)
            }
        }

        /// The keys of a file.
        init(passphrase: SecretBytes, envelope: Envelope) throws(VaultError) {
            do throws(CryptoError) {
                try self.init(passphrase: passphrase, cost: envelope.cost, salt: envelope.salt)
            } catch {
                throw .crypto(error)
            }
            guard made(envelope) else { throw .wrongPassphrase }
        }

        private init(passphrase: SecretBytes, cost: Argon2id.Cost, salt: [UInt8]) throws(CryptoError) {
            let derived = try Argon2id.derive(
                password: passphrase, salt: salt.span, cost: cost,
                byteCount: Self.keyByteCount + Envelope.checkByteCount)
            self.cost = cost
            self.salt = salt
            key = try derived.withBytes { (bytes: Span<UInt8>) throws(CryptoError) in
                try SecretBytes(copying: bytes.extracting(first: Self.keyByteCount))
            }
            check = derived.withBytes { bytes in (Self.keyByteCount..<bytes.count).map { bytes[$0] } }
        }

        /// Whether the file was sealed with these keys.
        func made(_ envelope: Envelope) -> Bool {
            envelope.salt == salt && envelope.cost == cost
                && constantTimeEquals(envelope.check.span, check.span)
        }

        /// Seals the bytes of a content under a fresh nonce.
        func seal(_ content: SecretBytes) throws(CryptoError) -> Envelope {
            var envelope = Envelope(
                cost: cost, salt: salt, nonce: try RandomBytes.generate(count: Envelope.nonceByteCount), check: check,
                sealedByteCount: content.count + Envelope.tagByteCount)
            let header = envelope.header
            var sealed = [UInt8](repeating: 0, count: content.count + Envelope.tagByteCount)
            let isSealed = content.withPointer { content in
                key.withPointer { key in
                    crypto_aead_xchacha20poly1305_ietf_encrypt(
                        &sealed, nil, content, UInt64(sealed.count - Envelope.tagByteCount), header,
                        UInt64(header.count), nil, envelope.nonce, key) == 0
                }
            }
            guard isSealed else { throw .invalidKey }
            envelope.sealed = sealed
            return envelope
        }

        /// Opens a file that these keys sealed.
        func unseal(_ envelope: Envelope) throws(VaultError) -> VaultContent {
            let header = envelope.header
            let bytes: SecretBytes
            do throws(CryptoError) {
                bytes = try SecretBytes(
                    count: envelope.sealed.count - Envelope.tagByteCount, orThrow: .cannotOpen
                ) { target in
                    key.withPointer { key in
                        crypto_aead_xchacha20poly1305_ietf_decrypt(
                            target, nil, nil, envelope.sealed, UInt64(envelope.sealed.count), header,
                            UInt64(header.count), envelope.nonce, key) == 0
                    }
                }
            } catch .cannotOpen {
                throw .damaged(.seal)
            } catch {
                throw .crypto(error)
            }
            return try VaultContent(parsing: bytes)
        }
    }
}
