// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KERINetwork
import KelmarkBytes
import KelmarkCrypto
import Testing

@Suite struct CreationTests {
    private let medium = Medium()

    @Test func oneKeyIsTheDefault() async throws {
        let wallet = medium.wallet()
        let made = try await wallet.create(CreationPlan(name: "alice"), now: moment())
        #expect(made.outcome == .accepted(ordinal: 0))
        let state = try #require(try wallet.keyState(of: made.event.aid))
        #expect(state.keys.count == 1)
        #expect(state.nextDigests.count == 1)
        #expect(state.signingThreshold == .count(1))
        #expect(state.firstSeenAt == moment())
        #expect(try wallet.identifier("alice").aid == made.event.aid)
        #expect(try wallet.identifier(made.event.aid.text).name == "alice")
    }

    @Test(arguments: [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
    func thresholdsDefaultToHalf(keys: Int, threshold: Int) async throws {
        var plan = CreationPlan(name: "group")
        plan.keyCount = keys
        let made = try await medium.wallet().create(plan, now: moment())
        let stated = try #require(made.event.establishment)
        #expect(stated.signingThreshold == .count(UInt32(threshold)))
        #expect(stated.nextThreshold == .count(UInt32(threshold)))
    }

    @Test func chosenKeysSign() async throws {
        var plan = CreationPlan(name: "group")
        plan.keyCount = 3
        plan.signingThreshold = .count(2)
        plan.signers = [2, 0]
        let made = try await medium.wallet().create(plan, now: moment())
        #expect(made.signatures.map(\.index) == [0, 2])
        #expect(made.outcome.isInLog)
    }

    @Test func weightsAreKept() async throws {
        var plan = CreationPlan(name: "board")
        plan.keyCount = 3
        plan.signingThreshold = try .weighted([["1/2", "1/2", "1/4"]])
        plan.nextThreshold = try .weighted([["1/2", "1/2", "1"]])
        let made = try await medium.wallet().create(plan, now: moment())
        #expect(made.event.establishment?.signingThreshold.weights == [["1/2", "1/2", "1/4"]])
    }

    @Test func keyThatNeverRotates() async throws {
        var plan = CreationPlan(name: "witness")
        plan.isTransferable = false
        let made = try await medium.wallet().create(plan, now: moment())
        #expect(made.event.aid.isNonTransferable)
        #expect(made.event.establishment?.nextDigests.isEmpty == true)
    }

    @Test(arguments: [DocumentFormat.json, .cbor, .messagePack])
    func eventsInEveryFormat(format: DocumentFormat) async throws {
        var plan = CreationPlan(name: "alice")
        plan.format = format
        let made = try await medium.wallet().create(plan, now: moment())
        #expect(made.event.format == format)
        #expect(made.outcome.isInLog)
    }

    @Test func keysFromOneSaltComeAgain() async throws {
        var plan = CreationPlan(name: "alice")
        plan.keyCount = 2
        let salt = try SecretBytes(copying: [UInt8](repeating: 7, count: 16).span)
        plan.salt = (salt, nil, .temporary)
        let first = try await medium.wallet().create(plan, now: moment())
        let second = try await Medium().wallet().create(plan, now: moment())
        #expect(first.event.aid == second.event.aid)
        // The paths are keripy's: stem, rotation index, key index.
        let expected = try SaltyKeyCreator(salt: salt, tier: .temporary)
            .keys(stem: "alice", rotation: 0, first: 0, count: 2).map(\.verificationKey)
        #expect(first.event.establishment?.keys == expected)
        let next = try SaltyKeyCreator(salt: salt, tier: .temporary)
            .keys(stem: "alice", rotation: 1, first: 2, count: 2).map { KeyDigest(of: $0.verificationKey) }
        #expect(first.event.establishment?.nextDigests == next)
    }

    @Test func dryRunWritesNothing() async throws {
        let outage = Outage()
        let wallet = Wallet(
            store: FaultyStore(store: medium.store, outage: Outage()),
            vault: FaultyVault(vault: medium.vault, outage: outage),
            book: FaultyBook(book: medium.book, outage: outage),
            isDryRun: true)
        let made = try await wallet.create(CreationPlan(name: "alice"), now: moment())
        #expect(made.outcome == .accepted(ordinal: 0))
        #expect(outage.writes == 0)
        #expect(medium.vault.list().isEmpty)
        #expect(try wallet.keyState(of: made.event.aid) == nil)
    }

    private func code(_ change: (inout CreationPlan) throws -> Void) async throws -> ControllerError.Code? {
        var plan = CreationPlan(name: "group")
        plan.keyCount = 2
        try change(&plan)
        let before = medium.vault.list()
        do {
            _ = try await medium.wallet().create(plan, now: moment())
            return nil
        } catch let error as ControllerError {
            #expect(medium.vault.list() == before)
            #expect(try medium.wallet().identifiers().allSatisfy { $0.name != "group" })
            return error.code
        }
    }

    @Test func whatCanNotBeIsRefused() async throws {
        _ = try await medium.wallet().create(CreationPlan(name: "taken"), now: moment())
        let witness = try #require(AID("BBVDlgWic_rAf-m_v7vz_VvIYAUPErvZgLTfXGNrFRom"))
        #expect(try await code { $0.name = "taken" } == .nameTaken)
        #expect(try await code { $0.name = "9lives" } == .nameMalformed)
        #expect(try await code { $0.name = "" } == .nameMalformed)
        #expect(try await code { $0.name = "a b" } == .nameMalformed)
        #expect(try await code { $0.name = "EAWnmLi7pxQ_xbWL4UUYaDl-Af6WTeiPqyuzJijI-ORj" } == .nameMalformed)
        #expect(try await code { $0.signingThreshold = .count(3) } == .thresholdTooHigh)
        #expect(try await code { $0.signingThreshold = .count(0) } == .thresholdTooHigh)
        #expect(try await code { $0.nextThreshold = .count(3) } == .thresholdTooHigh)
        #expect(try await code { $0.signers = [2] } == .keyIndex)
        #expect(try await code { $0.signers = [0, 0] } == .keyIndex)
        #expect(try await code { $0.signers = [] } == .keyIndex)
        #expect(
            try await code {
                $0.signingThreshold = .count(2)
                $0.signers = [0]
            } == .keysInsufficient)
        #expect(try await code { $0.witnesses = [witness, witness] } == .witness)
        #expect(
            try await code {
                $0.witnesses = [witness]
                $0.witnessThreshold = 2
            } == .witness)
        #expect(try await code { $0.witnessThreshold = 1 } == .witness)
        #expect(try await code { $0.isTransferable = false } == .ended)
    }

    @Test func witnessedInceptionWaitsForReceipts() async throws {
        var plan = CreationPlan(name: "alice")
        plan.witnesses = [try #require(AID("BBVDlgWic_rAf-m_v7vz_VvIYAUPErvZgLTfXGNrFRom"))]
        let made = try await medium.wallet().create(plan, now: moment())
        #expect(made.waitsFor == .partialWitnesses)
        #expect(made.missing?.contains("witness receipts") == true)
        #expect(try medium.wallet().identifier("alice").waitingEvent == (try made.message()))
    }
}
