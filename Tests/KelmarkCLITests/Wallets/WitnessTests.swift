// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KERINetwork
import KelmarkBytes
import KelmarkCrypto
import Testing

@Suite struct WitnessTests {
    private let medium = Medium()
    private let witnesses: [CreatedKey]

    init() throws { witnesses = try RandomKeyCreator.keys(count: 3, isTransferable: false) }

    private func aids() throws -> [AID] { try witnesses.map { try #require(AID($0.verificationKey.primitive)) } }

    /// A receipt of an event by some witnesses, as a message of its own.
    private func receipt(of event: KeyEvent, by places: [Int]) throws -> [UInt8] {
        let seal = EventSeal(aid: event.aid, sn: event.sn, said: event.said)
        var attachments = Attachments()
        for place in places {
            let key = witnesses[place]
            attachments.nonTransferableReceipts.append(
                NonTransferableReceipt(
                    key: key.verificationKey.primitive,
                    signature: try Primitive(code: .ed25519Signature, raw: try key.signingKey.sign(event.bytes.span))))
        }
        return try MessageBuilder.receipt(of: seal) + (try attachments.encoded(in: .text))
    }

    @Test func receiptsLetTheEventIn() async throws {
        var plan = CreationPlan(name: "alice")
        plan.witnesses = try aids()
        plan.witnessThreshold = 2
        let made = try await medium.wallet().create(plan, now: moment())
        #expect(made.waitsFor == .partialWitnesses)
        _ = try medium.wallet().ingest(try receipt(of: made.event, by: [0]), now: moment(1))
        #expect(try medium.wallet().keyState(of: made.event.aid) == nil)
        _ = try medium.wallet().ingest(try receipt(of: made.event, by: [2]), now: moment(2))
        let state = try #require(try medium.wallet().keyState(of: made.event.aid))
        #expect(state.witnesses == (try aids()))
        #expect(try medium.wallet().identifier("alice").waitingEvent == nil)
        // The receipts travel with the log.
        let stream = try medium.wallet().export(made.event.aid)
        let store = MemoryKeyEventStore()
        var reader = StreamProcessor(EventProcessor(store: store))
        try reader.process(stream, now: moment(3))
        #expect(try store.read { $0.keyState(of: made.event.aid) } != nil)
    }

    @Test func witnessesAreCutAndAdded() async throws {
        let all = try aids()
        var plan = CreationPlan(name: "alice")
        plan.witnesses = [all[0], all[1]]
        plan.witnessThreshold = 1
        let made = try await medium.wallet().create(plan, now: moment())
        _ = try medium.wallet().ingest(try receipt(of: made.event, by: [0]), now: moment(1))
        var rotation = RotationPlan()
        rotation.witnessesCut = [all[0]]
        rotation.witnessesAdded = [all[2]]
        let rotated = try await Controller(medium.wallet(), "alice").rotate(rotation, now: moment(2))
        #expect(rotated.event.establishment?.witnessThreshold == 2)
        #expect(rotated.waitsFor == .partialWitnesses)
        _ = try medium.wallet().ingest(try receipt(of: rotated.event, by: [0, 1]), now: moment(3))
        #expect(try medium.wallet().keyState(of: made.event.aid)?.sn == .zero)
        _ = try medium.wallet().ingest(try receipt(of: rotated.event, by: [1, 2]), now: moment(4))
        #expect(try medium.wallet().keyState(of: made.event.aid)?.witnesses == [all[1], all[2]])
    }
}
