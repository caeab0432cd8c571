// SPDX-License-Identifier: Apache-2.0

import ACDC
import KERI
import KelmarkBytes
import Synchronization
import Testing

@testable import KERINetwork

/// A revocation reaches who holds a credential: told by its issuer, or asked for at the issuer's witnesses.
struct CredentialRefresherTests {
    let network: GroupNetwork
    let issuer: CredentialSide
    let holder: CredentialSide
    let registry: SAID
    let credential: Credential

    init() async throws {
        network = try GroupNetwork(2, keepsRegistries: true)
        issuer = try await CredentialSide("alice", network)
        holder = try await CredentialSide("bob", network)
        try await issuer.member.meet(holder.member)
        try await holder.member.meet(issuer.member)
        try issuer.learnSchema()
        try holder.learnSchema()
        registry = try await issuer.makeRegistry()
        credential = try issuer.write(to: try holder.aid, in: registry)
        try await issuer.issue(credential, in: registry)
        _ = try await issuer.exchanges.grant(credential.said, as: "alice")
        guard case .admitted = try await holder.exchanges.admit(try await holder.next()) else {
            throw ExchangeRefusal.malformed
        }
    }

    private var publisher: RegistryPublisher<MemoryCredentialStore> {
        RegistryPublisher(issuer.member.wallet, store: issuer.store, transport: network, clock: GroupClock())
    }
    private func refresh() async throws -> CredentialRefresher<MemoryCredentialStore>.Refreshed {
        try await CredentialRefresher(
            holder.member.wallet, store: holder.store, transport: network, cursors: holder.member.cursors,
            clock: GroupClock()
        ).refresh(credential.said, as: "bob", idle: .zero)
    }

    @Test func `Who asks the witnesses of the issuer notices`() async throws {
        let published = try await publisher.publish(registry, credential: credential.said, of: try issuer.aid)
        #expect(published.map(\.result) == [.taken, .taken])
        let first = try await refresh()
        #expect(first.before == .held && first.after == .held && first.isFresh)
        try await issuer.revoke(credential)
        // The witnesses don't have the event yet, but the issuer's log tells that there is one.
        guard case .waits(.missingChain, _) = try await refresh().after else {
            Issue.record("a revocation that is sealed and not shown counts for nothing")
            return
        }
        _ = try await publisher.publish(registry, credential: credential.said, of: try issuer.aid)
        let second = try await refresh()
        guard case .revoked = second.after else {
            Issue.record("\(second.after)")
            return
        }
        #expect(second.answered.count == 2 && second.silent.isEmpty)
    }

    @Test func `Without an answer nothing is claimed to be fresh`() async throws {
        let none = try await refresh()
        #expect(!none.isFresh && none.silent.count == 2)
        network.stopped.withLock { $0 = Set(network.hosts.values.map(\.witness.aid)) }
        let away = try await refresh()
        #expect(!away.isFresh && away.after == .held)
        await #expect(throws: ExchangeError.self) {
            try await CredentialRefresher(
                holder.member.wallet, store: holder.store, transport: network, cursors: holder.member.cursors,
                clock: GroupClock()
            ).refresh(registry, as: "bob", idle: .zero)
        }
    }

    @Test func `Whom the issuer informs notices, and mail says so`() async throws {
        try await issuer.revoke(credential)
        try await issuer.exchanges.inform(of: credential.said, as: "alice")
        let contents = try await holder.fetch()
        #expect(contents.contains { if case .credential(let report) = $0 { report.accepted > 0 } else { false } })
        guard case .revoked = try holder.safe.standing(of: credential.said) else {
            Issue.record("it stands")
            return
        }
    }
}
