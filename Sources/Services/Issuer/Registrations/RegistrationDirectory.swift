// SPDX-License-Identifier: Apache-2.0

internal import KelmarkConcurrency
public import SPIFFE
private import Synchronization

/// The registrations of one trust domain: the store, and the entries in memory.
///
/// Every change goes through ``change(_:)``, one at a time, and reaches memory in the order in which it reached the
/// medium. The services of this module share one directory.
public final class RegistrationDirectory: Sendable {
    /// Whose registrations these are.
    public let trustDomain: TrustDomain
    /// The ID of the issuer itself, the parent of entries that name several nodes.
    public let server: SPIFFEID
    let store: any RegistrationStore
    private let turnstile = Turnstile()
    private let entries: Mutex<EntrySnapshot>

    /// Entries that are read at once when the directory opens.
    private static let loadedAtOnce = 4096

    private init(trustDomain: TrustDomain, server: SPIFFEID, store: any RegistrationStore, snapshot: EntrySnapshot) {
        self.trustDomain = trustDomain
        self.server = server
        self.store = store
        entries = Mutex(snapshot)
    }

    /// Reads all entries of a store.
    /// - Throws: ``IssuerError`` when the store can't be read.
    public static func open(
        trustDomain: TrustDomain, store: any RegistrationStore
    ) async throws(IssuerError) -> RegistrationDirectory {
        do {
            let server = try SPIFFEID(trustDomain: trustDomain, path: "/spire/server")
            var snapshot = EntrySnapshot(server: server)
            var last = Int64.min
            while true {
                let place = last
                let some = try await store.read { try $0.entries(after: place, limit: loadedAtOnce) }
                for stored in some { snapshot.put(PlacedEntry(place: stored.place, entry: stored.entry)) }
                guard let end = some.last?.place, some.count == loadedAtOnce else { break }
                last = end
            }
            return RegistrationDirectory(trustDomain: trustDomain, server: server, store: store, snapshot: snapshot)
        } catch {
            throw IssuerError(.internal, "failed to read the registration entries", cause: error)
        }
    }

    /// The entries as of the last change.
    public var snapshot: EntrySnapshot { entries.withLock { $0 } }

    /// Runs one change: whole or not at all, after every change before it.
    /// - Throws: the ``IssuerError`` that `body` throws, or `internal` for what the store fails with.
    func change<R: Sendable>(
        _ action: String, _ body: @escaping @Sendable (RegistrationEdit) throws -> R
    ) async throws(IssuerError) -> R {
        do {
            return try await turnstile.pass {
                let (result, changes) = try await store.write { transaction in
                    let edit = RegistrationEdit(transaction)
                    let result = try body(edit)
                    return (result, edit.changes)
                }
                publish(changes)
                return result
            }
        } catch {
            throw Self.translated(error, action)
        }
    }

    /// Reads from the store.
    /// - Throws: the ``IssuerError`` that `body` throws, or `internal` for what the store fails with.
    func read<R: Sendable>(
        _ action: String, _ body: @escaping @Sendable (any RegistrationView) throws -> R
    ) async throws(IssuerError) -> R {
        do {
            return try await store.read(body)
        } catch {
            throw Self.translated(error, action)
        }
    }

    /// What the services say of an error inside a transaction.
    private static func translated(_ error: any Error, _ action: String) -> IssuerError {
        switch error {
        case let error as IssuerError: error
        case let error as IssuerStoreError: IssuerError(error, while: "failed to \(action)")
        default: IssuerError(.internal, "failed to \(action)", cause: error)
        }
    }

    /// Only inside the turnstile.
    private func publish(_ changes: [EntryChange]) {
        guard !changes.isEmpty else { return }
        var snapshot = self.snapshot
        for change in changes {
            switch change {
            case .put(let stored): snapshot.put(PlacedEntry(place: stored.place, entry: stored.entry))
            case .removed(let id): snapshot.remove(id)
            }
        }
        snapshot.number += 1
        entries.withLock { [snapshot] in $0 = snapshot }
    }
}

/// What a change did to entries, in order.
enum EntryChange: Hashable, Sendable {
    case put(StoredEntry)
    case removed(String)
}

/// A transaction that remembers what it did to entries, so that memory can follow. Lives as long as the transaction.
final class RegistrationEdit {
    let records: any RegistrationTransaction
    private(set) var changes: [EntryChange] = []

    init(_ records: any RegistrationTransaction) { self.records = records }

    func insert(_ entry: RegistrationEntry) throws -> RegistrationEntry {
        let stored = try records.insert(entry)
        changes.append(.put(stored))
        return stored.entry
    }

    func replace(_ entry: RegistrationEntry) throws -> RegistrationEntry {
        let stored = try records.replace(entry)
        changes.append(.put(stored))
        return stored.entry
    }

    func deleteEntry(_ id: String) throws -> Bool {
        guard try records.deleteEntry(id) else { return false }
        changes.append(.removed(id))
        return true
    }
}
