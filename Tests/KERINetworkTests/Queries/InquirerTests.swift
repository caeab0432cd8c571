// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import Synchronization
import Testing

@testable import KERINetwork

/// Signed questions to witnesses, and answers by mail.
struct InquirerTests {
    private func pair() async throws -> (alice: NetworkMember, bob: NetworkMember) {
        let network = try GroupNetwork(1)
        let (alice, bob) = (try await NetworkMember("alice", network), try await NetworkMember("bob", network))
        try await alice.incept()
        try await bob.incept()
        try await alice.meet(bob)
        return (alice, bob)
    }

    private func inquirer(_ member: NetworkMember) -> Inquirer<MemoryKeyEventStore> {
        Inquirer(member.wallet, transport: member.network, cursors: member.cursors, clock: GroupClock())
    }

    @Test func `A log is answered at once, or when it has come so far`() async throws {
        let (alice, bob) = try await pair()
        let host = try #require(bob.network.hosts.values.first).witness.aid
        let subject = try bob.aid
        let own = try alice.aid
        #expect(try await inquirer(alice).ask(.log(), about: subject, of: host, as: own, idle: .zero) == 1)
        let one = SequenceNumber(1)
        #expect(try await inquirer(alice).ask(.log(reaching: one), about: subject, of: host, as: own, idle: .zero) == 0)

        let controller = try Controller(bob.wallet, "bob")
        let seal = EventSeal(aid: own, sn: .zero, said: try #require(try alice.wallet.keyState(of: own)).said)
        _ = try await controller.anchor([seal.value], now: groupMoment(62))
        #expect(try await bob.deliver(subject).isMet)
        // What waited at the witness came when the event did.
        let items = try await alice.readMail()
        #expect(items.contains { if case .log(2, _) = $0.content { $0.topic == "/replay" } else { false } })
        #expect(try alice.wallet.keyState(of: subject)?.sn == one)
        #expect(
            try await inquirer(alice).ask(.log(sealing: seal), about: subject, of: host, as: own, idle: .zero) == 2)
        let other = EventSeal(aid: subject, sn: .zero, said: seal.said)
        #expect(
            try await inquirer(alice).ask(.log(sealing: other), about: subject, of: host, as: own, idle: .zero) == 0)
    }

    @Test func `A key state is signed by whoever was asked`() async throws {
        let (alice, bob) = try await pair()
        let host = try #require(bob.network.hosts.values.first).witness.aid
        let subject = try bob.aid
        #expect(try await inquirer(alice).ask(.keyState, about: subject, of: host, as: alice.aid, idle: .zero) == 1)
        let replies = try alice.wallet.store.read { $0.replies(of: subject) }
        #expect(replies.contains { $0.key.route == "/ksn" })
    }

    @Test func `Who can't be reached is named`() async throws {
        let (alice, bob) = try await pair()
        let host = try #require(bob.network.hosts.values.first).witness.aid
        let (subject, own) = (try bob.aid, try alice.aid)
        await #expect(throws: PostError.self) {
            try await inquirer(alice).ask(.keyState, about: subject, of: own, as: own, idle: .zero)
        }
        _ = alice.network.stopped.withLock { $0.insert(host) }
        await #expect(throws: TransportError.self) {
            try await inquirer(alice).ask(.keyState, about: subject, of: host, as: own, idle: .zero)
        }
    }
}
