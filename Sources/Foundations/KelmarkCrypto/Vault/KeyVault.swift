// SPDX-License-Identifier: Apache-2.0

/// A place that keeps secrets under names, for longer than the process lives.
///
/// A name is a label such as the text of a public key: 1 to 255 printable ASCII characters. Every store gives the entry
/// a new, larger version, so that a writer can say which version it means to replace.
public protocol KeyVault: Sendable {
    /// The names and versions of all secrets, sorted by name.
    func list() async throws -> [VaultEntry]

    /// The secret with this name.
    /// - Throws: ``VaultError/noSuchName(_:)`` when there is none, or why the vault can't be read.
    func load(_ name: String) async throws -> SecretBytes

    /// Makes all changes, in this order, or none of them. When it returns, they survive a loss of power.
    /// - Throws: ``VaultError/nameTaken(_:)``, ``VaultError/noSuchName(_:)``, ``VaultError/versionConflict(_:expected:found:)``,
    ///   ``VaultError/invalidName``, ``VaultError/tooLarge``, or why the vault can't be written.
    func apply(_ changes: [VaultChange]) async throws
}

extension KeyVault {
    /// Stores one secret: under a name that is free, or in place of the version given.
    /// - Throws: as ``apply(_:)``.
    public func store(_ secret: SecretBytes, as name: String, replacing version: UInt64? = nil) async throws {
        try await apply([.store(secret, name: name, replacing: version)])
    }

    /// Deletes one secret, when a version is given only that version.
    /// - Throws: as ``apply(_:)``.
    public func delete(_ name: String, version: UInt64? = nil) async throws {
        try await apply([.delete(name: name, version: version)])
    }
}

/// What ``KeyVault/list()`` tells about a secret.
public struct VaultEntry: Hashable, Sendable {
    /// The name it is loaded by.
    public let name: String
    /// Grows with every store of this name.
    public let version: UInt64
}

/// One change of a vault.
public enum VaultChange: Sendable {
    /// Keep a secret. With no version to replace, the name must be free.
    case store(SecretBytes, name: String, replacing: UInt64?)
    /// Forget a secret. Without a version, whatever its version is.
    case delete(name: String, version: UInt64?)
}
