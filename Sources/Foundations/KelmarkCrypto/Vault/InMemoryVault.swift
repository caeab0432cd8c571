// SPDX-License-Identifier: Apache-2.0

private import Synchronization

/// A vault that is gone with the process: for tests and for keys that must not outlive it.
public final class InMemoryVault: KeyVault {
    private let content = Mutex(VaultContent())

    /// An empty vault.
    public init() {}

    /// The names and versions of all secrets, sorted by name.
    public func list() -> [VaultEntry] {
        content.withLock { $0.entries }
    }

    /// The secret with this name.
    /// - Throws: ``VaultError/noSuchName(_:)``.
    public func load(_ name: String) throws(VaultError) -> SecretBytes {
        try content.withLock { (content) throws(VaultError) in try content.load(name) }
    }

    /// Makes all changes or none.
    /// - Throws: as ``KeyVault/apply(_:)``.
    public func apply(_ changes: [VaultChange]) throws(VaultError) {
        try content.withLock { (content) throws(VaultError) in
            var next = content
            try next.apply(changes)
            content = next
        }
    }
}
