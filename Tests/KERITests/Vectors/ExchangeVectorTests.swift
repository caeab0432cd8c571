// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// `exn.json`: exchange messages of every route, with embedded messages and their pathed attachments.
struct ExchangeVectorTests {
    static let rows = VectorRow.load("rows", of: "exn.json") { $0["name"]?.textValue ?? "" }

    @Test func runsEveryRowOfTheFile() {
        #expect(Self.rows.count == 13)
        #expect(OrderedFile.rows("context", of: "exn.json").count == 3)
    }

    @Test(arguments: rows)
    func readsExchanges(_ row: VectorRow) throws {
        let verifier = Verifier()
        for event in OrderedFile.rows("context", of: "exn.json") {
            let stored = try StoredMessage(try #require(event.blob))
            #expect(try verifier.offer(stored.message, stored.attachments).isInLog)
        }
        let bytes = try #require(row.value["message"]?.blob)
        let stored = try StoredMessage(bytes)
        guard case .exchange(let exchange) = stored.message else {
            Issue.record("not an exchange message")
            return
        }
        #expect(exchange.said.text == (try row.value.text("said")))
        let hasRecipient = row.name.contains("rp field")
        #expect(exchange.hasRecipientMember == hasRecipient)
        let order = (row.value["field_order"]?.listValue ?? []).compactMap(\.textValue)
        let read = try OrderedValue(parsing: exchange.bytes.span, format: .json)
        let map = try #require(read.mapValue)
        if !order.isEmpty { #expect(map.labels == order) }
        if row.name.hasPrefix("/") { #expect(exchange.route == row.name) }

        // The block of embedded messages names itself.
        if let said = row.value["e_said"]?.textValue {
            #expect(exchange.embeds["d"] == .text(said))
            #expect(SelfAddressing.isSealed(exchange.embeds))
            for member in exchange.embeds.members where member.label != "d" {
                guard let embedded = member.value.mapValue, embedded["v"] != nil, embedded["t"] != nil else { continue }
                var parser = MessageParser()
                let bytes = try OrderedValue.map(embedded).encoded(as: .json)
                #expect(throws: Never.self) { try parser.parse(bytes.span, format: .json) }
            }
        } else if !hasRecipient {
            #expect(exchange.embeds.isEmpty)
        }

        // Written again it is the same.
        let values: [(String, OrderedValue)] = [
            ("d", ""), ("i", .text(exchange.sender.text)),
            ("rp", .text(exchange.recipient?.text ?? "")), ("p", .text(exchange.prior?.text ?? "")),
            ("dt", .text(exchange.dated.description)), ("r", .text(exchange.route)),
            ("q", .map(exchange.modifiers)), ("a", .map(exchange.payload)), ("e", .map(exchange.embeds)),
        ]
        let body = try MessageBuilder.body(
            .exchange, values.filter { hasRecipient || $0.0 != "rp" }, digests: ["d"])
        #expect(body == exchange.bytes)
        if hasRecipient {
            #expect(
                try MessageBuilder.exchange(
                    sender: exchange.sender, recipient: exchange.recipient, prior: exchange.prior,
                    route: exchange.route, modifiers: exchange.modifiers, payload: exchange.payload,
                    embeds: exchange.embeds, dated: exchange.dated) == exchange.bytes)
        }
        #expect(try stored.attachments.following(exchange.bytes) == bytes || hasRecipient)

        // Its signatures hold, those of the example with `rp` aside, which was made by hand and is not signed.
        let outcome = try verifier.offer(stored.message, stored.attachments)
        if stored.attachments.isEmpty {
            #expect(outcome == .rejected(.wrongSigner))
        } else {
            #expect(outcome == .verified)
        }
    }
}
