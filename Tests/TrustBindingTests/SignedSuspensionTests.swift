// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import SPIFFE
import Testing

@testable import TrustBinding

struct SignedSuspensionTests {
    private let organisation: FakeController
    private let suspension: Suspension

    init() throws {
        organisation = FakeController(seed: 1, keys: 3, threshold: 2, store: MemoryKeyEventStore())
        try organisation.incept()
        suspension = try Self.suspension(of: organisation.aid)
    }

    private static func suspension(of aid: AID) throws -> Suspension {
        try Suspension(
            organisation: aid.primitive, trustDomain: Sample.domain, subject: RecordSample.credential,
            begins: Sample.now)
    }

    private func signature(_ body: [UInt8], by index: Int, generation: UInt8 = 0) throws -> IndexedSignature {
        let raw = try organisation.key(generation, index).signingKey.sign(body.span)
        return try IndexedSignature(
            code: IndexedSignature.code(for: .ed25519, index: index), index: index, raw: raw)
    }

    private func body(_ suspension: Suspension? = nil) throws -> [UInt8] {
        try SignedSuspension.body(of: suspension ?? self.suspension, dated: Timestamp(seconds: 1))
    }

    private func message(_ body: [UInt8], _ change: (inout Attachments) throws -> Void) throws -> [UInt8] {
        let state = try organisation.state
        var attachments = Attachments()
        attachments.transferableGroups = [
            TransferableSignatureGroup(
                prefix: state.aid.primitive, sn: state.establishmentSn.value,
                said: state.establishmentSAID.primitive, signatures: [try signature(body, by: 1)])
        ]
        try change(&attachments)
        return body + (try attachments.encoded())
    }

    private func fault(_ message: [UInt8]) throws -> SignedSuspension.Fault? {
        let state = try organisation.state
        do throws(SignedSuspension.Fault) {
            _ = try SignedSuspension(reading: message, state: state)
            return nil
        } catch {
            return error
        }
    }

    @Test func oneKeyOfThreeIsEnough() throws {
        let body = try body()
        for index in 0..<3 {
            let signed = try SignedSuspension(
                body: body, signature: signature(body, by: index), state: organisation.state)
            #expect(signed.suspension == suspension)
            #expect(try SignedSuspension(reading: signed.message, state: organisation.state) == signed)
        }
        #expect(suspension.isInForce(at: Sample.now))
        #expect(suspension.isInForce(at: Sample.now.advanced(by: Suspension.longest + 1)) == false)
    }

    @Test func otherKeysDoNotCount() throws {
        let body = try body()
        #expect(try fault(message(body) { _ in }) == nil)
        #expect(
            try fault(
                message(body) { $0.transferableGroups[0].signatures = [try signature(body, by: 1, generation: 1)] })
                == .signature)
        #expect(
            try fault(message(body) { $0.transferableGroups[0].signatures.append(try signature(body, by: 2)) })
                == .signature)
        #expect(try fault(message(body) { $0.transferableGroups[0].signatures = [] }) != nil)
        #expect(try fault(message(body) { $0.transferableGroups.append($0.transferableGroups[0]) }) == .signature)
        #expect(try fault(message(body) { $0.transferableGroups[0].sn = 1 }) == .signature)
        #expect(
            try fault(message(body) { $0.transferableGroups[0].said = RecordSample.credential }) == .signature)
        #expect(
            try fault(message(body) { $0.transferableGroups[0].prefix = RecordSample.issuer }) == .signature)
        #expect(throws: SignedSuspension.Fault.self) {
            try SignedSuspension(
                body: body,
                signature: IndexedSignature(code: .ed25519, index: 9, raw: [UInt8](repeating: 1, count: 64)),
                state: organisation.state)
        }
        // A key that was rotated away is no current one.
        let old = try message(body) { _ in }
        try organisation.rotate()
        #expect(try fault(old) == .signature)
    }

    @Test func onlySuspensionsOfTheOrganisationAreRead() throws {
        let foreign = try body(Self.suspension(of: try #require(AID(RecordSample.issuer))))
        #expect(try fault(message(foreign) { _ in }) == .foreign)
        let other = try MessageBuilder.reply(
            route: "/km/other", payload: ["d": "", "t": "x"], dated: Timestamp(seconds: 1))
        #expect(try fault(message(other) { _ in }) == .malformed)
        let record = try MessageBuilder.reply(
            route: SignedSuspension.route, payload: ["d": "", "t": "x"], dated: Timestamp(seconds: 1))
        #expect(try fault(message(record) { _ in }) == .record)
        let good = try message(body()) { _ in }
        #expect(try fault(good + good) == .malformed)
        #expect(try fault([]) == .malformed)
        #expect(try fault(good + [UInt8](repeating: 0x20, count: SignedSuspension.largest)) == .malformed)
        for place in stride(from: 0, to: good.count, by: 7) {
            var damaged = good
            damaged[place] ^= 1
            #expect(try fault(damaged) != nil, "byte \(place)")
        }
    }
}
