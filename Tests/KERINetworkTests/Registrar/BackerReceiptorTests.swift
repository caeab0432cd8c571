// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import ACDC
@testable import KERI
@testable import KERINetwork

/// Registry events of ours reach their backers, whatever those do.
struct BackerReceiptorTests {
    let network: WitnessedNetwork
    let wallet: Wallet<MemoryKeyEventStore>
    let store: MemoryCredentialStore
    let issuing: Issuing<MemoryCredentialStore>
    let owner: AID

    init() async throws {
        network = try WitnessedNetwork(3, registries: true)
        wallet = try await network.wallet()
        store = MemoryCredentialStore(wallet.store)
        issuing = Issuing(wallet: wallet, store: store, book: MemoryRegistryBook())
        owner = try await wallet.create(CreationPlan(name: "acme"), now: network.clock.now()).event.aid
    }

    private var receiptor: BackerReceiptor<MemoryCredentialStore> {
        BackerReceiptor(wallet, store: store, transport: network, clock: network.clock)
    }

    private func create(threshold: UInt32 = 2) async throws -> IssuedEvent {
        try await issuing.create(
            "staff", owner: "acme", backers: Array(network.aids.prefix(2)), threshold: threshold,
            nonce: [UInt8](repeating: 7, count: 16), now: network.clock.now())
    }

    private func settle(_ issued: IssuedEvent) throws -> IssuedEvent.Stage {
        try issuing.settle(issued.event, now: network.clock.now())
    }

    @Test func `Both sign, and what they signed is accepted`() async throws {
        let made = try await create()
        #expect(made.stage == .waits(.partialBackers))
        #expect(try await receiptor.collect(made.event).map(\.result) == [.receipted, .receipted])
        #expect(try settle(made) == .accepted)
        #expect(try issuing.ledger().pending.isEmpty)
        // Nobody is asked twice.
        let before = network.asked.count
        #expect(try await receiptor.collect(made.event).map(\.result) == [.receipted, .receipted])
        #expect(network.asked.count == before)
    }

    @Test func `Who is away is asked again, and nobody else`() async throws {
        let made = try await create()
        network.set(.away, of: 1)
        let first = try await receiptor.collect(made.event)
        guard case .unreachable = first[1].result else {
            Issue.record("\(first)")
            return
        }
        #expect(first[0].result == .receipted)
        #expect(try settle(made) == .waits(.partialBackers))
        let items = try CredentialWaitingList(store: store, book: issuing.book).items()
        #expect(items.map(\.credentialReason) == [.partialBackers])
        network.set(.well, of: 1)
        let before = network.asked.count
        #expect(try await receiptor.collect(made.event).map(\.result) == [.receipted, .receipted])
        #expect(!network.asked.dropFirst(before).contains { $0.contains(" w0/") })
        #expect(try settle(made) == .accepted)
    }

    @Test(arguments: [WitnessedNetwork.Mood.garbage, .silent, .another, .refusing(409)])
    func `An answer that is no signature counts for nothing`(_ mood: WitnessedNetwork.Mood) async throws {
        let made = try await create(threshold: 1)
        network.set(mood, of: 0)
        network.set(.away, of: 1)
        guard case .refused = try await receiptor.collect(made.event)[0].result else {
            Issue.record("it was taken")
            return
        }
        #expect(try settle(made) == .waits(.partialBackers))
    }

    @Test func `A backer that was away hears what the registry said before`() async throws {
        let made = try await create(threshold: 1)
        network.set(.away, of: 1)
        _ = try await receiptor.collect(made.event)
        #expect(try settle(made) == .accepted)
        network.set(.well, of: 1)
        network.set(.away, of: 0)
        let rotated = try await issuing.rotate(
            "staff", cut: [network.aids[0]], added: [network.aids[2]], threshold: 2, now: network.clock.now())
        #expect(rotated.stage == .waits(.partialBackers))
        #expect(try await receiptor.collect(rotated.event).map(\.result) == [.receipted, .receipted])
        #expect(try settle(rotated) == .accepted)
    }

    @Test func `What is not sealed, or has no backers, is brought to nobody`() async throws {
        let plain = try await issuing.create(
            "plain", owner: "acme", nonce: [UInt8](repeating: 8, count: 16), now: network.clock.now())
        let before = network.asked.count
        #expect(try await receiptor.collect(plain.event).isEmpty)
        let event = try RegistryEventBuilder.inception(
            issuer: owner, backers: network.aids, threshold: 1, nonce: .init(code: .salt128, raw: Array(0..<16)))
        let unsealed = PendingRegistryEvent(event, owner: owner, credential: nil, since: network.clock.now())
        #expect(try await receiptor.collect(unsealed).isEmpty)
        #expect(network.asked.count == before)
    }

    @Test func `Backers hear what is published`() async throws {
        let made = try await create()
        _ = try await receiptor.collect(made.event)
        #expect(try settle(made) == .accepted)
        let publisher = RegistryPublisher(wallet, store: store, transport: network, clock: network.clock)
        let told = try await publisher.publish(made.event.subject, of: owner)
        #expect(told.map(\.witness) == Array(network.aids.prefix(2)))
        #expect(told.map(\.result) == [.taken, .taken])
    }
}
