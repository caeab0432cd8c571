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
    private func refresh(_ said: SAID? = nil) async throws -> CredentialRefresher<MemoryCredentialStore>.Refreshed {
        try await CredentialRefresher(
            holder.member.wallet, store: holder.store, transport: network, cursors: holder.member.cursors,
            clock: GroupClock()
        ).refresh(said ?? credential.said, as: "bob", idle: .zero)
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

    @Test func `Mail of strangers is no answer`() async throws {
        let other = try await issuer.makeRegistry(8)
        let second = try issuer.write(to: try holder.aid, in: other)
        try await issuer.issue(second, in: other)
        let proof = try #require(try issuer.safe.proof(of: second.said))
        let stranger = try await CredentialSide("eve", network)
        try await stranger.member.meet(holder.member)
        for mail in proof.artefacts {
            try await stranger.member.postman.send(
                [mail], to: try holder.aid, from: try stranger.aid, topic: "replay")
        }
        let refreshed = try await refresh()
        #expect(!refreshed.isFresh && refreshed.answered.isEmpty && refreshed.unanswered == [credential.said])
    }

    @Test func `An answer holds the registry and the issuance in it`() throws {
        func message(_ subject: SAID, at sn: SequenceNumber = .zero) throws -> [UInt8] {
            try #require(try issuer.store.read(credentials: { $0.event(of: subject, in: registry, at: sn) })).message()
        }
        let (inception, issuance) = (try message(registry), try message(credential.said))
        func isAnswer(_ messages: [UInt8]..., about asked: SAID? = nil, _ other: SAID? = nil) -> Bool {
            var answer = RegistryAnswer(about: asked ?? registry, other ?? credential.said)
            for message in messages { answer.read(message) }
            return answer.isComplete
        }
        #expect(isAnswer(inception + issuance) && isAnswer(issuance, inception))
        #expect(!isAnswer(inception) && !isAnswer(issuance) && !isAnswer([]) && !isAnswer(Array("x".utf8)))
        #expect(!isAnswer(inception + issuance, about: credential.said))
        #expect(!isAnswer(inception + issuance, about: nil, registry))
    }

    @Test func `One answer does not speak for the whole chain`() async throws {
        // What the credential builds upon is of another issuer, whose witnesses know nothing of it.
        let other = try await CredentialSide("carol", network)
        for one in [holder, issuer] {
            try await one.member.meet(other.member)
            try await other.member.meet(one.member)
        }
        try other.learnSchema()
        let elsewhere = try await other.makeRegistry(9)
        let base = try other.write(to: try issuer.aid, in: elsewhere)
        try await other.issue(base, in: elsewhere)
        let edges: OrderedValue = [
            "d": "", "base": ["n": .text(base.said.text), "s": .text(CredentialSide.schema.said.text)],
        ]
        let proof = try #require(try other.safe.proof(of: base.said))
        _ = try issuer.safe.take((proof.artefacts + [proof.credential]).flatMap(\.self), now: groupMoment(60))
        let chained = try issuer.write(to: try holder.aid, in: registry, edges: edges)
        try await issuer.issue(chained, in: registry)
        _ = try await issuer.exchanges.grant(chained.said, as: "alice")
        guard case .admitted = try await holder.exchanges.admit(try await holder.next()) else {
            Issue.record("not admitted")
            return
        }
        _ = try await publisher.publish(registry, credential: chained.said, of: try issuer.aid)
        let half = try await refresh(chained.said)
        #expect(!half.answered.isEmpty && half.unanswered == [base.said] && !half.isFresh)
        _ = try await RegistryPublisher(
            other.member.wallet, store: other.store, transport: network, clock: GroupClock()
        ).publish(elsewhere, credential: base.said, of: try other.aid)
        #expect(try await refresh(chained.said).isFresh)
    }

    @Test func `Nobody is asked about what is ours`() async throws {
        network.stopped.withLock { $0 = Set(network.hosts.values.map(\.witness.aid)) }
        let own = try await CredentialRefresher(
            issuer.member.wallet, store: issuer.store, transport: network, cursors: issuer.member.cursors,
            clock: GroupClock()
        ).refresh(credential.said, as: "alice", idle: .zero)
        #expect(own.isFresh && own.after == .held && own.silent.isEmpty)
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
