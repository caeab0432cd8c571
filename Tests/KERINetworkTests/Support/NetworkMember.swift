// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

@testable import KERINetwork

/// One person's machine on the network.
final class NetworkMember {
    let name: String
    let network: GroupNetwork
    let wallet = Wallet(store: MemoryKeyEventStore(), vault: InMemoryVault(), book: MemoryWalletBook())
    let book = MemoryGroupBook()
    let cursors = MemoryMailCursors()
    let challengeBook = MemoryChallengeBook()

    init(_ name: String, _ network: GroupNetwork) async throws {
        self.name = name
        self.network = network
        for url in network.hosts.keys {
            _ = try await introducer.follow(try #require(OOBI("\(url)oobi")))
        }
    }

    var introducer: Introducer<MemoryKeyEventStore> {
        Introducer(wallet, transport: network, clock: GroupClock())
    }
    var postman: Postman<MemoryKeyEventStore> { Postman(wallet, transport: network, clock: GroupClock()) }
    var groups: Groups<MemoryKeyEventStore> { Groups(wallet: wallet, book: book, courier: postman) }
    var aid: AID { get throws { try wallet.identifier(name).aid } }

    func deliver(_ aid: AID) async throws -> DeliveryReport {
        try await Receiptor(wallet, transport: network, clock: GroupClock()).deliver(aid)
    }

    /// Learns or refreshes the log of an AID from one of its witnesses.
    func meet(_ aid: AID, at witness: AID) async throws {
        let url = try #require(try wallet.locations(of: witness).first)
        _ = try await introducer.follow(try #require(OOBI(of: aid, role: "witness", by: witness, at: url)))
    }

    func collect() async throws -> Int {
        let groups = groups
        var count = 0
        for host in try #require(try wallet.keyState(of: aid)).witnesses {
            guard !network.stopped.withLock({ $0.contains(host) }) else { continue }
            count += try await MailCollector(
                wallet, transport: network, cursors: cursors, clock: GroupClock()
            ).collect(for: aid, at: host, topics: ["/multisig"], idle: .zero) { _, message in
                _ = try await groups.receive(message, now: groupMoment(61))
            }
        }
        return count
    }
}

extension NetworkMember {
    /// An AID whose witnesses are all of the network's.
    @discardableResult
    func incept(_ name: String? = nil) async throws -> AID {
        let witnesses = network.hosts.values.map(\.witness.aid)
        var plan = CreationPlan(name: name ?? self.name)
        plan.witnesses = witnesses
        plan.witnessThreshold = UInt32(witnesses.count)
        let event = try await wallet.create(plan, now: groupMoment()).event
        #expect(try await deliver(event.aid).isMet)
        return event.aid
    }

    /// Learns the log of somebody from his first witness.
    func meet(_ other: NetworkMember) async throws {
        let witness = try #require(try other.wallet.keyState(of: other.aid)).witnesses[0]
        try await meet(other.aid, at: witness)
    }

    var challenges: Challenges<MemoryKeyEventStore> { Challenges(wallet, book: challengeBook, courier: postman) }
    var delegations: Delegations<MemoryKeyEventStore> { Delegations(wallet, courier: postman) }
    var mailroom: Mailroom<MemoryKeyEventStore> {
        Mailroom(groups: groups, challenges: challenges, transport: network, cursors: cursors, clock: GroupClock())
    }
    func readMail(_ of: AID? = nil) async throws -> [MailItem] {
        try await mailroom.fetch(for: try of ?? aid, idle: .zero)
    }
}
