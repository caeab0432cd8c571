// SPDX-License-Identifier: Apache-2.0

private import Synchronization

/// A book that is gone with the process.
public final class MemoryWalletBook: WalletBook {
    private let identifiers = Mutex<[OwnedIdentifier]>([])

    /// An empty book.
    public init() {}

    /// The records kept last.
    public func load() -> [OwnedIdentifier] { identifiers.withLock { $0 } }

    /// Replaces all records.
    public func save(_ identifiers: [OwnedIdentifier]) { self.identifiers.withLock { $0 = identifiers } }
}
