// SPDX-License-Identifier: Apache-2.0

package import Issuer

/// Where the issuer keeps, in a chain that shows every change, what its callers did.
package struct AuditTrail: Sendable {
    private let append: @Sendable ([AuditEvent]) async throws -> Void

    /// Appends by a closure, which returns when the events are durable.
    package init(append: @escaping @Sendable ([AuditEvent]) async throws -> Void) { self.append = append }

    /// Appends to the chain that issuances are recorded in too.
    package init(store: any IssuanceStore, blinding: LeafBlinding) {
        self.init { events in _ = try await store.commit(IssuanceBatch(events: events, blinding: blinding)) }
    }

    /// Appends events; durable when it returns.
    /// - Throws: `unavailable` or `internal` when the store fails.
    func record(_ events: [AuditEvent]) async throws(IssuerError) {
        guard !events.isEmpty else { return }
        do {
            try await append(events)
        } catch let error as IssuerStoreError {
            throw IssuerError(error, while: "the call can't be recorded")
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.internal, "the call can't be recorded", cause: error)
        }
    }
}
