// SPDX-License-Identifier: Apache-2.0

import ACDC
import KERI
import KelmarkBytes
import Testing

@testable import KERINetwork

/// What the ledger keeps and forgets, whatever strangers send.
struct ExchangeLedgerTests {
    let own: AID
    var ledger = ExchangeLedger()

    init() throws { own = try Self.aid("own") }

    static func aid(_ text: String) throws -> AID {
        guard let aid = AID(try FakeCustody.said(text).text) else { throw ExchangeRefusal.malformed }
        return aid
    }

    private func message(
        _ content: CredentialExchange.Content? = nil, from sender: AID, to recipient: AID, answering prior: SAID? = nil,
        number: Int = 0
    ) throws -> (CredentialExchange, [UInt8]) {
        let content = try content ?? .apply(schema: FakeCustody.said("schema \(number)"), attributes: [:])
        let draft = try CredentialExchangeBuilder.draft(
            content, from: sender, to: recipient, answering: prior, dated: groupMoment(61))
        return (try ExchangeRecord.read(draft.body), draft.body)
    }

    /// Takes an application of `size` bytes; what is behind the body is nobody's.
    private mutating func apply(
        _ partner: String, _ number: Int = 0, size: Int = 0, at now: Timestamp = groupMoment(62)
    ) throws -> ExchangeRecord {
        let (message, body) = try message(from: try Self.aid(partner), to: own, number: number)
        let padding = [UInt8](repeating: 0x0a, count: max(0, size - body.count))
        return try ledger.take(message, body + padding, own: own, isOurs: false, now: now).0
    }

    /// Says no to an application.
    @discardableResult private mutating func spurn(_ record: ExchangeRecord, isSent: Bool = true) throws -> SAID {
        let (message, body) = try message(.spurn, from: own, to: record.partner, answering: record.said)
        let said = try ledger.take(message, body, own: own, isOurs: true, now: groupMoment(62)).0.said
        for place in ledger.records.indices where ledger.records[place].said == said {
            ledger.records[place].isSent = isSent
        }
        return said
    }

    private static func refusal(_ body: () throws -> Void) -> ExchangeRefusal? {
        do { try body() } catch let error as ExchangeError { return error.refusal } catch {}
        return nil
    }

    @Test func `A partner has a share of the bytes, and what has ended makes room in it`() throws {
        var copy = self
        let half = ExchangeLedger.bytesPerPartner / 2
        let first = try copy.apply("alice", 0)
        try copy.spurn(first)
        for number in 1...2 { _ = try copy.apply("alice", number, size: half - 500) }
        #expect(Self.refusal { _ = try copy.apply("alice", 3, size: half) } == .tooMany)
        #expect(copy.ledger.record(first.said) == nil)
        _ = try copy.apply("bob", 4, size: half)
    }

    @Test func `Whatever strangers send, there is room for our answers`() throws {
        var copy = self
        let size = 2 << 20
        let first = try copy.apply("genuine")
        let most = (ExchangeLedger.bytes - ExchangeLedger.reserve.bytes) / size - 1
        for number in 0..<most { _ = try copy.apply("stranger \(number)", size: size) }
        #expect(Self.refusal { _ = try copy.apply("stranger", size: size) } == .tooMany)
        try copy.spurn(first)
    }

    @Test func `What was not handed over is kept, and does not keep the rest`() throws {
        var copy = self
        let (first, second) = (try copy.apply("alice", 0), try copy.apply("alice", 1))
        let answer = try copy.spurn(first, isSent: false)
        try copy.spurn(second)
        let half = ExchangeLedger.bytesPerPartner / 2
        _ = try copy.apply("alice", 2, size: half)
        #expect(Self.refusal { _ = try copy.apply("alice", 3, size: half) } == .tooMany)
        #expect(copy.ledger.record(answer) != nil && copy.ledger.record(first.said) != nil)
        #expect(copy.ledger.record(second.said) == nil)
    }

    @Test func `What is kept no more does not begin again`() throws {
        var copy = self
        let first = try copy.apply("alice", 0)
        let late = groupMoment(62).advanced(bySeconds: ExchangeLedger.lifetime + 1)
        _ = try copy.apply("bob", 1, at: late)
        #expect(copy.ledger.record(first.said) == nil && copy.ledger.forgotten == [first.said])
        #expect(Self.refusal { _ = try copy.apply("alice", 0, at: late) } == .answered)
        // It is remembered by the book too, whose first form knew neither this nor kinds.
        var document = ExchangeLedgerCoding.encode(copy.ledger)
        #expect(try ExchangeLedgerCoding.decode(document) == copy.ledger)
        document["forgotten"] = nil
        #expect(try ExchangeLedgerCoding.decode(document).records == copy.ledger.records)
        document["messages"] = .list(
            document["messages"]?.listValue?.map { item in
                var item = item.mapValue ?? [:]
                item["kind"] = nil
                return .map(item)
            } ?? [])
        #expect(try ExchangeLedgerCoding.decode(document).records == copy.ledger.records)
        document["forgotten"] = ["x"]
        #expect(throws: ExchangeError.self) { try ExchangeLedgerCoding.decode(document) }
    }
}
