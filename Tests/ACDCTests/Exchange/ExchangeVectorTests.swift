// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import ACDC

/// The rows of `exn.json` about credentials, as keripy wrote them.
struct ExchangeVectorTests {
    private struct File: Decodable { let rows: [Row] }
    private struct Row: Decodable {
        let name: String
        let message: Blob
        let said: String
    }

    private static func rows() throws -> [Row] {
        try Vectors.decode(File.self, from: "KERI/exn.json").rows.filter { $0.name.hasPrefix("/ipex/") }
    }

    @Test func readsEveryMessageAndWritesItAgain() throws {
        let rows = try Self.rows()
        #expect(rows.count == 6)
        var thread: ExchangeThread?
        for row in rows {
            let stored = try StoredMessage(row.message.bytes)
            guard case .exchange(let exchange) = stored.message else {
                Issue.record("\(row.name) is no exchange message")
                continue
            }
            let message = try CredentialExchange(exchange, stored.attachments)
            #expect(message.said.text == row.said)
            #expect(message.kind.route == row.name)
            try checkWriting(message, exchange, stored.attachments)

            guard var known = thread else {
                thread = try ExchangeThread(opening: message, to: try #require(message.recipient))
                continue
            }
            // The file's offer shows another schema than was applied for, which ends what could have followed.
            let refusal: ExchangeRefusal = message.kind == .offer ? .wrongSchema : .unknownPrior
            #expect(throws: refusal) { try known.take(message, to: known.other(than: message.sender)) }
        }
    }

    /// keripy 1.1 names no recipient in offers and answers; where it does, ours are the same bytes.
    private func checkWriting(
        _ message: CredentialExchange, _ exchange: Exchange, _ attachments: Attachments
    ) throws {
        let written = try CredentialExchangeBuilder.draft(
            message.content, from: message.sender, to: message.recipient ?? ExchangeScene.aid("recipient"),
            answering: message.prior, note: message.note, dated: message.dated)
        if message.recipient != nil { #expect(written.body == exchange.bytes) }
        #expect(written.groups == attachments.pathedGroups)
        #expect(try ExchangeScene.read(written).content == message.content)
    }

    @Test func looksIntoTheGrantOfTheFile() throws {
        let row = try #require(try Self.rows().first { $0.name == "/ipex/grant" })
        let stored = try StoredMessage(row.message.bytes)
        guard case .exchange(let exchange) = stored.message,
            case .grant(let grant) = try CredentialExchange(exchange, stored.attachments).content
        else {
            Issue.record("no grant")
            return
        }
        #expect(grant.parts.count == 3)
        #expect(grant.credential.said.text == "EKCS04ky4CLq8kjunfdMpsLE-ao3N7NGjeW6uMpZhpCb")
        // The file's issuance is no registry event: a grant like this one is read and never admitted.
        #expect(throws: ExchangeRefusal.badEmbed) { try grant.check() }
    }
}
