// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import KERI
internal import Synchronization

/// Registries, credentials and schemas in the file of a key event store; one transaction can write to all of them.
///
/// A value that costs nothing: make one wherever the store is at hand.
public struct SQLiteCredentialStore: CredentialStore {
    /// The store of the file.
    public let keyEventLogs: SQLiteKeyEventStore

    /// Keeps credentials beside the logs of `store`.
    public init(_ store: SQLiteKeyEventStore) { keyEventLogs = store }

    /// As `SQLiteKeyEventStore.read(_:)`.
    public func read<R: Sendable>(
        credentials body: (inout SQLiteKeyEventTransaction) throws -> R
    ) throws -> R { try keyEventLogs.read(body) }

    /// As `SQLiteKeyEventStore.write(_:)`.
    public func write<R: Sendable>(
        credentials body: (inout SQLiteKeyEventTransaction) throws -> R
    ) throws -> R { try keyEventLogs.write(body) }
}

/// Schemas that were compiled; compiling costs far more than looking one up, and what a digest stands for never changes.
final class CompiledSchemas: Sendable {
    private let schemas = Mutex<[SAID: CredentialSchema]>([:])

    /// How many are kept; when there are more, it begins anew.
    static var limit: Int { 256 }

    /// The schema with a digest, compiled when it is not here.
    func schema(_ said: SAID, compile: () throws -> CredentialSchema) throws -> CredentialSchema {
        if let known = schemas.withLock({ $0[said] }) { return known }
        let schema = try compile()
        schemas.withLock { schemas in
            if schemas.count >= Self.limit { schemas.removeAll() }
            schemas[said] = schema
        }
        return schema
    }
}
