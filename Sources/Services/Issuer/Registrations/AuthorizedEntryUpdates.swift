// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// What ``EntryService/authorizedEntryUpdates(of:)`` gives.
public struct AuthorizedEntryUpdates: AsyncSequence, Sendable {
    let service: EntryService
    let agent: SPIFFEID
    let snapshots: AsyncStream<EntrySnapshot>

    /// Starts.
    public func makeAsyncIterator() -> Iterator {
        Iterator(service: service, agent: agent, snapshots: snapshots.makeAsyncIterator())
    }

    /// Waits for the next list that differs from the one before.
    public struct Iterator: AsyncIteratorProtocol {
        let service: EntryService
        let agent: SPIFFEID
        var snapshots: AsyncStream<EntrySnapshot>.AsyncIterator
        var last: [RegistrationEntry]?

        /// The next list; nil at the end.
        /// - Throws: ``IssuerError``, `notFound` when the agent is gone, `internal` when the store fails.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(IssuerError) -> [RegistrationEntry]? {
            while await snapshots.next(isolation: actor) != nil {
                let entries = try await service.authorizedEntries(of: agent)
                guard entries != last else { continue }
                last = entries
                return entries
            }
            return nil
        }
    }
}
