// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KERINetwork
import KelmarkBytes
import KelmarkCrypto
import Testing

@Suite struct RotationTests {
    private let medium = Medium()

    private func make(_ keys: Int, threshold: UInt32? = nil, traits: [String] = []) async throws -> Controller<
        FaultyStore
    > {
        var plan = CreationPlan(name: "group")
        plan.keyCount = keys
        plan.signingThreshold = threshold.map { .count($0) }
        plan.nextThreshold = threshold.map { .count($0) }
        plan.traits = traits
        _ = try await medium.wallet().create(plan, now: moment())
        return try controller()
    }

    private func controller() throws -> Controller<FaultyStore> { try Controller(medium.wallet(), "group") }

    /// The whole log verifies in an empty store and leads to the same state.
    private func expectVerifies() throws {
        let controller = try controller()
        let stream = try medium.wallet().export(controller.aid)
        let store = MemoryKeyEventStore()
        var reader = StreamProcessor(EventProcessor(store: store))
        try reader.process(stream, now: moment(9)) { report in
            guard case .decided(_, _, .accepted) = report.result else {
                Issue.record("\(report.result)")
                return
            }
        }
        let ours = try controller.keyState()
        let theirs = try #require(try store.read { $0.keyState(of: controller.aid) })
        #expect(theirs.said == ours.said && theirs.keys == ours.keys && theirs.nextDigests == ours.nextDigests)
        #expect(theirs.witnesses == ours.witnesses && theirs.firstSeenOrdinal == ours.firstSeenOrdinal)
    }

    @Test func preRotatedKeysTakeOver() async throws {
        let before = try await make(3, threshold: 2).keyState()
        let rotated = try await controller().rotate(RotationPlan(), now: moment(1))
        #expect(rotated.outcome.isInLog)
        let state = try controller().keyState()
        #expect(state.sn.value == 1)
        #expect(state.keys.map { KeyDigest(of: $0) } == before.nextDigests)
        #expect(state.signingThreshold == .count(2))
        #expect(state.nextDigests.count == 3)
        #expect(Set(state.nextDigests).isDisjoint(with: before.nextDigests))
        try expectVerifies()
    }

    @Test func manyRotationsInARow() async throws {
        _ = try await make(2)
        for round in 1...5 {
            _ = try await controller().rotate(RotationPlan(), now: moment(Int64(round)))
            _ = try await controller().anchor([["d": "note"]], now: moment(Int64(round)))
        }
        #expect(try controller().keyState().sn.value == 10)
        try expectVerifies()
    }

    @Test func partialRotationCarriesTheRestOn() async throws {
        let before = try await make(3, threshold: 2).keyState()
        var plan = RotationPlan()
        plan.reveal = [0, 2]
        plan.signingThreshold = .count(2)
        let rotated = try await controller().rotate(plan, now: moment(1))
        #expect(rotated.signatures.map(\.ondex) == [0, 2])
        let state = try controller().keyState()
        #expect(state.keys.count == 2)
        #expect(state.nextDigests.count == 3)
        #expect(state.nextDigests.first == before.nextDigests[1])
        // The key carried on is used later.
        var second = RotationPlan()
        second.reveal = [0, 1]
        second.signingThreshold = .count(2)
        #expect(try await controller().rotate(second, now: moment(2)).outcome.isInLog)
        try expectVerifies()
    }

    @Test func unrevealedKeysCanBeDropped() async throws {
        let before = try await make(3, threshold: 2).keyState()
        var plan = RotationPlan()
        plan.reveal = [0, 1]
        plan.carriesUnrevealed = false
        plan.nextCount = 2
        _ = try await controller().rotate(plan, now: moment(1))
        #expect(try !controller().keyState().nextDigests.contains(before.nextDigests[2]))
        try expectVerifies()
    }

    @Test func addedKeysSignForTheNewListOnly() async throws {
        _ = try await make(2, threshold: 2)
        var plan = RotationPlan()
        plan.addedKeyCount = 1
        plan.signingThreshold = .count(3)
        let rotated = try await controller().rotate(plan, now: moment(1))
        #expect(rotated.signatures.map(\.ondex) == [0, 1, nil])
        #expect(try controller().keyState().keys.count == 3)
        try expectVerifies()
    }

    @Test func saltyKeysGoOnWhereTheyStopped() async throws {
        var plan = CreationPlan(name: "group")
        plan.salt = (try .random(count: 16), nil, .temporary)
        _ = try await medium.wallet().create(plan, now: moment())
        for round in 1...3 { _ = try await controller().rotate(RotationPlan(), now: moment(Int64(round))) }
        guard case .salty(let position) = try controller().identifier.derivation else {
            Issue.record("not salty")
            return
        }
        #expect(position.rotation == 5)
        #expect(position.keyCount == 5)
        try expectVerifies()
    }

    @Test func rotationThatFailsIsForgotten() async throws {
        var plan = CreationPlan(name: "group")
        plan.salt = (try .random(count: 16), nil, .temporary)
        _ = try await medium.wallet().create(plan, now: moment())
        let before = (try controller().identifier, try controller().keyState())
        // The store is full: vault and book have been written, the event has not.
        let full = Wallet(
            store: FaultyStore(store: medium.store, outage: Outage(.before(1))),
            vault: FaultyVault(vault: medium.vault, outage: Outage()),
            book: FaultyBook(book: medium.book, outage: Outage()))
        await #expect(throws: Outage.Happened.self) {
            try await Controller(full, "group").rotate(RotationPlan(), now: moment(1))
        }
        #expect(try controller().identifier == before.0)
        #expect(try controller().keyState() == before.1)
        _ = try await controller().rotate(RotationPlan(), now: moment(2))
        try expectVerifies()
    }

    @Test func recoveryTakesThePlaceOfInteractions() async throws {
        _ = try await make(1)
        for round in 1...3 { _ = try await controller().anchor([["d": "\(round)"]], now: moment(Int64(round))) }
        var plan = RotationPlan()
        plan.position = SequenceNumber(2)
        let recovered = try await controller().rotate(plan, now: moment(4))
        #expect(recovered.outcome == .accepted(ordinal: 4))
        let state = try controller().keyState()
        #expect(state.sn.value == 2)
        #expect(state.firstSeenOrdinal == 4)
        _ = try await controller().anchor([["d": "after"]], now: moment(5))
        try expectVerifies()
    }

    @Test func recoveryHasItsBounds() async throws {
        _ = try await make(1)
        _ = try await controller().rotate(RotationPlan(), now: moment(1))
        _ = try await controller().anchor([["d": "x"]], now: moment(2))
        for position in [0, 1, 3] as [UInt128] {
            var plan = RotationPlan()
            plan.position = SequenceNumber(position)
            await #expect(throws: ControllerError.self) { try await controller().rotate(plan, now: moment(3)) }
        }
    }

    @Test func abandonmentIsFinal() async throws {
        _ = try await make(2)
        var plan = RotationPlan()
        plan.isAbandonment = true
        #expect(try await controller().rotate(plan, now: moment(1)).outcome.isInLog)
        #expect(try !controller().keyState().isTransferable)
        await #expect(throws: ControllerError.self) { try await controller().rotate(RotationPlan(), now: moment(2)) }
        await #expect(throws: ControllerError.self) { try await controller().anchor([], now: moment(2)) }
        try expectVerifies()
    }

    private func code(_ plan: RotationPlan) async throws -> ControllerError.Code? {
        let before = (medium.vault.list(), try controller().keyState())
        do {
            _ = try await controller().rotate(plan, now: moment(1))
            return nil
        } catch let error as ControllerError {
            #expect(medium.vault.list() == before.0)
            #expect(try controller().keyState() == before.1)
            return error.code
        }
    }

    @Test func whatCanNotBeIsRefused() async throws {
        _ = try await make(3, threshold: 2)
        let witness = try #require(AID("BBVDlgWic_rAf-m_v7vz_VvIYAUPErvZgLTfXGNrFRom"))
        var plan = RotationPlan()
        plan.reveal = [0]
        #expect(try await code(plan) == .keysInsufficient)
        plan.reveal = [3]
        #expect(try await code(plan) == .keyIndex)
        plan.reveal = [0, 1]
        plan.nextCount = 0
        #expect(try await code(plan) == .keyIndex)
        plan = RotationPlan()
        plan.signers = [0]
        #expect(try await code(plan) == .keysInsufficient)
        plan = RotationPlan()
        plan.signingThreshold = .count(4)
        #expect(try await code(plan) == .thresholdTooHigh)
        plan = RotationPlan()
        plan.witnessesCut = [witness]
        #expect(try await code(plan) == .witness)
        plan = RotationPlan()
        plan.witnessesAdded = [witness, witness]
        #expect(try await code(plan) == .witness)
        plan = RotationPlan()
        plan.witnessThreshold = 1
        #expect(try await code(plan) == .witness)
    }

    @Test func establishmentOnlyAIDsAnchorInRotations() async throws {
        _ = try await make(1, traits: [Trait.establishmentOnly])
        await #expect(throws: ControllerError.self) { try await controller().anchor([], now: moment(1)) }
        var plan = RotationPlan()
        plan.anchors = [["d": "x"]]
        #expect(try await controller().rotate(plan, now: moment(1)).outcome.isInLog)
    }

    @Test func signaturesOverAnyBytesVerify() async throws {
        let state = try await make(3, threshold: 2).keyState()
        let message = Array("hello".utf8)
        let signatures = try await controller().sign(message, signers: [0, 2])
        #expect(signatures.map(\.index) == [0, 2])
        for signature in signatures {
            let isValid = state.keys[signature.index].verifies(signature.span, over: message.span)
            #expect(isValid)
        }
        await #expect(throws: ControllerError.self) { try await controller().sign(message, signers: [0]) }
    }
}
