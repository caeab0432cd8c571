// SPDX-License-Identifier: Apache-2.0

private import Synchronization

/// A ledger of registries that is gone with the process.
public final class MemoryRegistryBook: RegistryBook {
    private let ledger = Mutex(RegistryLedger())

    /// An empty ledger.
    public init() {}

    /// The ledger as it is.
    public func load() -> RegistryLedger { ledger.withLock { $0 } }

    /// Changes the ledger, or leaves it as it was when `change` throws.
    public func update<Result: Sendable>(_ change: (inout RegistryLedger) throws -> Result) throws -> Result {
        try ledger.withLock { ledger in
            var copy = ledger
            let result = try change(&copy)
            ledger = copy
            return result
        }
    }
}
