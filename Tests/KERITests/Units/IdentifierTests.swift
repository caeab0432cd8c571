// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Identifiers, positions, signer sets and seals.
struct IdentifierTests {
    @Test func familiesOfCodes() throws {
        let digest = "EKcui4S--aMhBVRpjP8r2Q9buW8W1nwHU_W-Udd_0qHm"
        let fixed = "BGjHh7QmvFg6b-TpXC9no8XMJ9bKlA6YUh_07L0uykeL"
        let key = "DFluZ09x9fO1yGnwbhT_F9TObOJDu9dEZnIMBm4ff5eb"
        #expect(AID(digest)?.isNonTransferable == false)
        #expect(AID(digest)?.key == nil)
        #expect(AID(fixed)?.isNonTransferable == true)
        #expect(AID(key)?.key?.text == key)
        #expect(SAID(digest)?.text == digest)
        #expect(SAID(key) == nil)
        #expect(VerificationKey(digest) == nil)
        #expect(KeyDigest(key) == nil)
        #expect(AID("0AAAAAAAAAAAAAAAAAAAAAAA") == nil)
        for text in ["", "E", digest + "A", String(digest.dropLast()), digest.lowercased()] {
            #expect(AID(text) == nil)
        }
        #expect(try AID(Primitive(text: "0AAAAAAAAAAAAAAAAAAAAAAA")) == nil)
        let sorted = try [#require(AID(digest)), #require(AID(fixed)), #require(AID(key))].sorted()
        #expect(sorted.map(\.description) == [fixed, key, digest])
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("a", 10), ("10", 16), ("ffffffffffffffffffffffffffffffff", .max),
        ] as [(String, UInt128)])
    func readsPositions(_ text: String, _ value: UInt128) {
        let sn = SequenceNumber(hex: text)
        #expect(sn?.value == value)
        #expect(sn?.hex == text)
        #expect(sn?.description == text)
    }

    @Test(arguments: ["", "00", "01", "A", "0x1", " 1", "1 ", "g", "-1", "100000000000000000000000000000000"])
    func refusesOtherSpellings(_ text: String) { #expect(SequenceNumber(hex: text) == nil) }

    @Test func neighboursOfPositions() {
        #expect(SequenceNumber.zero.previous == nil)
        #expect(SequenceNumber.zero.next == SequenceNumber(1))
        #expect(SequenceNumber(.max).next == nil)
        #expect(SequenceNumber(1).previous == .zero)
        #expect(SequenceNumber(1) < SequenceNumber(2))
    }

    @Test func signerSetsHoldAnyPlace() {
        var set: SignerSet = [0, 63, 64, 4095, -1]
        #expect(set.count == 4)
        #expect(set.contains(63) && set.contains(64) && set.contains(4095))
        #expect(!set.contains(1) && !set.contains(65) && !set.contains(-1))
        set.insert(64)
        set.insert(0)
        set.insert(-5)
        #expect(set.count == 4)
        #expect(!set.isEmpty)
        #expect(SignerSet().isEmpty)
        #expect(!([100] as SignerSet).isEmpty)
    }

    @Test func sealsInEveryFormat() throws {
        let author = try Author("a")
        let digest = author.state.said
        let all: [Seal] = [
            .digest(digest), .root(digest), .event(author.latest.seal), .establishment(SequenceNumber(17), digest),
            .last(author.aid), .backer(author.aid, digest),
        ]
        let text = OrderedValue.text(digest.text)
        let data: [OrderedValue] = [
            [:], ["x": 1], "text", 5, ["d": 1], ["d": "no digest"], ["s": "01", "d": text], ["d": text, "s": "0"],
            ["i": text, "s": "0", "d": text, "e": "x"], ["bi": text, "d": []], ["rd": "x"], ["i": "x"],
            ["bi": "x", "d": text], ["i": text, "s": "x", "d": text], ["i": text, "s": ["d": text], "d": text],
            ["i": "\u{1}", "s": "0", "d": text], ["x": text], ["x": text, "y": text], ["x": text, "y": "", "z": ""],
            .null, true, [text],
        ]
        for format in [DocumentFormat.json, .cbor, .messagePack] {
            let event = try EventBuilder.interaction(
                of: author.state, anchors: all.map(\.value) + data, format: format)
            #expect(event.seals == all + [Seal?](repeating: nil, count: data.count))
            #expect(event.format == format)
        }
        #expect(EventRecord.seals(in: Array("{}".utf8).span, format: .json).isEmpty)
        #expect(EventRecord.seals(in: Array("{\"a\":1}".utf8).span, format: .json).isEmpty)
        #expect(EventRecord.seals(in: Array("nothing".utf8).span, format: .json).isEmpty)
    }

    @Test func eventsCompareByTheirBytes() throws {
        let one = try Author("a").latest.event
        let other = try Author("b").latest.event
        #expect(one == (try Author("a").latest.event))
        #expect(one != other)
        #expect(Set([one, other, one]).count == 2)
    }

    @Test func outcomesTellWhetherTheEventIsInTheLog() {
        #expect(EventOutcome.accepted(ordinal: 0).isInLog)
        #expect(EventOutcome.duplicate(added: 0).isInLog)
        #expect(!EventOutcome.verified.isInLog)
        #expect(!EventOutcome.escrowed(.misfit).isInLog)
        #expect(!EventOutcome.rejected(.noKeys).isInLog)
    }

    /// Codes are part of the interface: they are written to stores and shown to programs.
    @Test func codesAreStable() {
        #expect(Rejection.allCases.count == 27)
        #expect(EscrowReason.allCases.count == 13)
        #expect(Set(Rejection.allCases.map(\.rawValue)).count == 27)
        for code in Rejection.allCases.map(\.rawValue) + EscrowReason.allCases.map(\.rawValue) {
            #expect(code.allSatisfy { $0.isLowercase || $0 == "-" })
        }
    }

    @Test func kindsOfMessages() {
        for kind in KeyEventKind.allCases {
            #expect(MessageKind(kind).keyEvent == kind)
            #expect(kind.isInception == ["icp", "dip"].contains(kind.rawValue))
            #expect(kind.needsDelegator == ["dip", "drt"].contains(kind.rawValue))
            #expect(kind.isEstablishment == (kind != .interaction))
        }
        for kind in MessageKind.allCases {
            let letters = kind.rawValue.utf8.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            #expect(MessageKind(packed: letters) == kind)
            #expect(kind.members.count >= 5)
        }
        #expect(MessageKind(packed: 0x61_6263) == nil)
        #expect(MessageKind.receipt.keyEvent == nil)
    }
}
