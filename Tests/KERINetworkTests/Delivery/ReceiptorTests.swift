// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERINetwork

/// Events reach their witnesses, whatever those do (facts 10.1).
struct ReceiptorTests {
    static func plan(_ network: WitnessedNetwork, _ count: Int = 3, toad: UInt32 = 2) -> CreationPlan {
        var plan = CreationPlan(name: "alice")
        plan.witnesses = Array(network.aids.prefix(count))
        plan.witnessThreshold = toad
        return plan
    }

    @Test func collectsReceiptsAndTellsEachOfTheOthers() async throws {
        let network = try WitnessedNetwork(3)
        let wallet = try await network.wallet()
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        #expect(made.waitsFor == .partialWitnesses)
        let report = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(report.isMet)
        #expect(report.witnesses.map(\.result) == [.receipted, .receipted, .receipted])
        #expect(try wallet.settled(made).outcome.isInLog)
        // Each knows all three receipts and where the others listen, so each can introduce the AID.
        for member in network.members {
            let state = try member.witness.witnessedState(of: made.event.aid)
            #expect(state?.said == made.event.said)
            let record = try member.witness.store.read { $0.record(of: made.event.aid, at: .zero) }
            #expect(record?.proof.witnessSignatures.count == 3)
            for other in network.aids {
                #expect(try !member.witness.store.read { $0.replies(of: other) }.isEmpty)
            }
        }
        // Nothing is left to do.
        let before = network.asked.count
        #expect(try await network.receiptor(wallet).deliver(made.event.aid).isMet)
        #expect(!network.asked.dropFirst(before).contains { $0.contains("/receipts") })
    }

    @Test(arguments: [WitnessedNetwork.Mood.well, .away, .garbage, .silent])
    func streamsServeAsWell(_ mood: WitnessedNetwork.Mood) async throws {
        let network = try WitnessedNetwork(3, streams: true)
        let wallet = try await network.wallet()
        network.set(mood, of: 1)
        let receiptor = network.receiptor(wallet, prefersStreams: true)
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        let before = network.asked.count
        let report = try await receiptor.deliver(made.event.aid)
        #expect(report.isMet && report.witnesses[0].result == .receipted, "\(report)")
        if case .well = mood {} else { #expect(report.witnesses[1].result != .receipted) }
        #expect(network.asked.dropFirst(before).allSatisfy { $0.hasPrefix("TCP") })
        network.set(.well, of: 1)
        // The first answer may have got lost: a witness that has the event receipts it again.
        _ = try await Controller(wallet, "alice").anchor([], now: network.clock.now())
        let again = try await receiptor.deliver(made.event.aid)
        #expect(again.witnesses.map(\.result) == [.receipted, .receipted, .receipted])
        for member in network.members {
            let latest = try #require(try wallet.keyState(of: made.event.aid))
            #expect(try member.witness.witnessedState(of: made.event.aid)?.said == latest.said)
        }
    }

    @Test(arguments: [
        WitnessedNetwork.Mood.away, .slow, .garbage, .silent, .another, .refusing(400), .refusing(500), .refusing(429),
        .refusing(302),
    ])
    func oneThatFailsHoldsNobodyUp(_ mood: WitnessedNetwork.Mood) async throws {
        let network = try WitnessedNetwork(4)
        let wallet = try await network.wallet()
        network.set(mood, of: 1)
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        let report = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(report.isMet)
        #expect(report.witnesses[0].result == .receipted && report.witnesses[2].result == .receipted)
        #expect(report.witnesses[1].result != .receipted)
        #expect(try wallet.settled(made).outcome.isInLog)
        // It comes back: what it missed is brought to it, in order.
        let anchored = try await Controller(wallet, "alice").anchor([], now: network.clock.now())
        _ = try await network.receiptor(wallet).deliver(made.event.aid)
        network.set(.well, of: 1)
        let later = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(later.witnesses.map(\.result) == [.receipted, .receipted, .receipted])
        #expect(try network.members[1].witness.witnessedState(of: made.event.aid)?.said == anchored.event.said)
    }

    /// A refusal is an answer; only what may pass is tried again, and not for ever.
    @Test(arguments: [
        (WitnessedNetwork.Mood.refusing(400), 1), (.refusing(302), 1), (.refusing(429), 3), (.refusing(500), 3),
        (.away, 3), (.slow, 3), (.malformed, 1),
    ])
    func triesAgainWhatMayPass(_ mood: WitnessedNetwork.Mood, _ count: Int) async throws {
        let network = try WitnessedNetwork(1)
        let wallet = try await network.wallet()
        network.set(mood, of: 0)
        let made = try await wallet.create(Self.plan(network, 1, toad: 1), now: network.clock.now())
        let before = network.asked.count
        _ = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(network.asked.count - before == count)
    }

    /// A receipt that breaks off is none, wherever it does.
    @Test func cutOffReceiptsAreNone() async throws {
        let network = try WitnessedNetwork(1)
        let wallet = try await network.wallet()
        let made = try await wallet.create(Self.plan(network, 1, toad: 1), now: network.clock.now())
        for count in stride(from: 0, through: 280, by: 40) {
            network.set(.cut(count), of: 0)
            let report = try await network.receiptor(wallet).deliver(made.event.aid)
            #expect(report.witnesses[0].result != .receipted && !report.isMet, "\(count)")
            #expect(try wallet.keyState(of: made.event.aid) == nil)
        }
        network.set(.well, of: 0)
        #expect(try await network.receiptor(wallet).deliver(made.event.aid).isMet)
    }

    @Test func tooFewReceiptsLeaveTheEventWaiting() async throws {
        let network = try WitnessedNetwork(3)
        let wallet = try await network.wallet()
        network.set(.away, of: 0)
        network.set(.away, of: 2)
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        let report = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(!report.isMet)
        #expect(try wallet.settled(made).waitsFor == .partialWitnesses)
        #expect(try wallet.keyState(of: made.event.aid) == nil)
        // The receipt that came is kept; the next try needs one more only.
        network.set(.well, of: 2)
        #expect(try await network.receiptor(wallet).deliver(made.event.aid).isMet)
    }

    /// A witness that is new with a rotation has seen nothing: it gets the log first.
    @Test func newWitnessesCatchUp() async throws {
        let network = try WitnessedNetwork(4)
        let wallet = try await network.wallet()
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        _ = try await network.receiptor(wallet).deliver(made.event.aid)
        var rotation = RotationPlan()
        rotation.witnessesCut = [network.aids[2]]
        rotation.witnessesAdded = [network.aids[3]]
        rotation.witnessThreshold = 2
        let rotated = try await Controller(wallet, "alice").rotate(rotation, now: network.clock.now())
        let report = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(report.isMet)
        #expect(report.witnesses.map(\.aid) == [network.aids[0], network.aids[1], network.aids[3]])
        #expect(report.witnesses.allSatisfy { $0.result == .receipted })
        #expect(try network.members[3].witness.witnessedState(of: made.event.aid)?.said == rotated.event.said)
    }

    /// A witness that was away for long shows strangers a log that is enough for them: with the receipts of others.
    @Test func whoWasAwayGetsTheReceiptsThatItMissed() async throws {
        let network = try WitnessedNetwork(3)
        let wallet = try await network.wallet()
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        let aid = made.event.aid
        _ = try await network.receiptor(wallet).deliver(aid)
        network.set(.away, of: 1)
        for number in 0..<8 {
            _ = try await Controller(wallet, "alice").anchor([["n": OrderedValue(number)]], now: network.clock.now())
            #expect(try await network.receiptor(wallet).deliver(aid).isMet)
        }
        network.set(.well, of: 1)
        #expect(try await network.receiptor(wallet).deliver(aid).witnesses.allSatisfy { $0.result == .receipted })

        let shown = try LogReplay.stream(of: aid, from: network.members[1].witness.store)
        let stranger = MemoryKeyEventStore()
        var reader = StreamProcessor(EventProcessor(store: stranger))
        try reader.process(shown, now: network.clock.now())
        #expect(try stranger.read { $0.keyState(of: aid) }?.sn == SequenceNumber(8))
    }

    /// Receipts of others that got lost on the way to a witness are told again, however much later.
    @Test func tellsAgainWhatGotLost() async throws {
        let network = try WitnessedNetwork(3)
        let wallet = try await network.wallet()
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        let aid = made.event.aid
        let receiptor = network.receiptor(wallet)
        #expect(try await receiptor.deliver(aid).isTold)
        network.set(.receiptsOnly, of: 1)
        for number in 0..<8 {
            _ = try await Controller(wallet, "alice").anchor([["n": OrderedValue(number)]], now: network.clock.now())
            let report = try await receiptor.deliver(aid)
            #expect(report.isMet && !report.isTold)
            #expect(report.witnesses.allSatisfy { $0.result == .receipted })
        }
        network.set(.well, of: 1)
        #expect(try await receiptor.deliver(aid).isTold)
        for record in try network.members[1].witness.store.read({ $0.records(of: aid, from: 0, limit: 100) }) {
            #expect(record.proof.witnessSignatures.count == 3)
        }
    }

    /// Who comes back behind a rotation gets what it missed, and not the whole log again.
    @Test func whoWasAwayOverARotationGetsOnlyWhatItMissed() async throws {
        let network = try WitnessedNetwork(3)
        let wallet = try await network.wallet()
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        let aid = made.event.aid
        func anchor(_ number: Int) async throws {
            _ = try await Controller(wallet, "alice").anchor([["n": OrderedValue(number)]], now: network.clock.now())
            _ = try await network.receiptor(wallet).deliver(aid)
        }
        _ = try await network.receiptor(wallet).deliver(aid)
        for number in 0..<20 { try await anchor(number) }
        network.set(.away, of: 1)
        try await anchor(20)
        _ = try await Controller(wallet, "alice").rotate(RotationPlan(), now: network.clock.now())
        _ = try await network.receiptor(wallet).deliver(aid)
        network.set(.well, of: 1)
        let before = network.received(by: 1)
        let report = try await network.receiptor(wallet).deliver(aid)
        #expect(report.witnesses.allSatisfy { $0.result == .receipted })
        #expect(try network.members[1].witness.witnessedState(of: aid)?.sn == SequenceNumber(22))
        // The log has more than 20 000 bytes by now.
        #expect(network.received(by: 1) - before < 15_000)
    }

    @Test func delegatesBringTheirDelegatorsLog() async throws {
        let network = try WitnessedNetwork(2)
        let wallet = try await network.wallet()
        let now = network.clock.now()
        let boss = try await wallet.create(CreationPlan(name: "boss"), now: now)
        var plan = Self.plan(network, 2)
        plan.delegator = boss.event.aid
        let made = try await wallet.create(plan, now: now)
        // Nothing is brought to witnesses before the delegator has approved.
        #expect(try await network.receiptor(wallet).deliver(made.event.aid).witnesses.isEmpty)
        _ = try await Controller(wallet, "boss").approve(made.event.aid, now: now)
        let report = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(report.isMet)
        #expect(report.witnesses.allSatisfy { $0.result == .receipted })
        #expect(try wallet.keyState(of: made.event.aid)?.delegator == boss.event.aid)
    }

    @Test func unknownAddressesAreSaid() async throws {
        let network = try WitnessedNetwork(3)
        let wallet = Wallet(
            store: MemoryKeyEventStore(), vault: InMemoryVault(), book: MemoryWalletBook())
        let made = try await wallet.create(Self.plan(network), now: network.clock.now())
        let report = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(report.witnesses.allSatisfy { $0.result == .noAddress })
        #expect(!report.isMet)
        #expect(network.asked.isEmpty)
    }

    @Test func withoutWitnessesThereIsNothingToDo() async throws {
        let network = try WitnessedNetwork(1)
        let wallet = try await network.wallet()
        let made = try await wallet.create(CreationPlan(name: "alone"), now: network.clock.now())
        let report = try await network.receiptor(wallet).deliver(made.event.aid)
        #expect(report.isMet && report.witnesses.isEmpty)
    }
}
