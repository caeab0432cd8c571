// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import KERINetwork

/// The message that keripy 1.1.17 made (Tests/Vectors/KERI/exn.json).
struct GroupVectorTests {
    private func row(_ name: String) throws -> [UInt8] {
        let bytes = try Vectors.data("KERI/exn.json")
        let document = try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable)
        let rows = try #require(document["rows"]?.listValue)
        let row = try #require(rows.first { $0["name"]?.textValue == name })
        return Array(try #require(row.value(at: "message", "text")?.textValue).utf8)
    }

    @Test func `An interaction is read and written as keripy does`() throws {
        let bytes = try row("/multisig/ixn")
        let stored = try StoredMessage(bytes)
        guard case .exchange(let exchange) = stored.message else {
            Issue.record("no exchange message")
            return
        }
        let message = try GroupMessage(exchange, stored.attachments)
        #expect(message.route == .interaction)
        #expect(message.signing.count == 2)
        #expect(message.signatures.count == 1)
        var proposal = GroupProposal(
            event: message.event, signing: message.signing, rotation: message.rotation, proposer: message.sender,
            since: exchange.dated, stage: .approved)
        for signature in message.signatures { proposal.add(signature) }
        let body = try proposal.exchange(from: message.sender, form: .withoutRecipient, dated: exchange.dated)
        #expect(body == exchange.bytes)
        let group = try #require(stored.attachments.transferableGroups.first)
        let seal = EventSeal(
            aid: try #require(AID(group.prefix)), sn: SequenceNumber(group.sn), said: try #require(SAID(group.said)))
        #expect(body + (try proposal.attachments(signedBy: seal, group.signatures)) == bytes)
    }
}
