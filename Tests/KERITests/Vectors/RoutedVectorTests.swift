// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// `routed.json`: queries, prods, bares and replies, bare and pipelined, and a key state record.
struct RoutedVectorTests {
    static let rows = VectorRow.load("messages", of: "routed.json") { $0["name"]?.textValue ?? "" }

    @Test func runsEveryRowOfTheFile() { #expect(Self.rows.count == 9) }

    @Test(arguments: rows)
    func readsMessages(_ row: VectorRow) throws {
        let bare = try read(row.value, "message")
        let pipelined = try read(row.value, "pipelined")
        #expect(bare.attachments == pipelined.attachments)
        #expect(bare.body == pipelined.body)
        let said: SAID
        let remade: [UInt8]
        switch bare.message {
        case .query(let query):
            said = query.said
            #expect(row.name.hasPrefix("qry"))
            #expect(
                row.name.split(separator: " ").dropFirst().first.map(String.init) == query.route
                    || row.name.hasSuffix("querier"))
            remade = try MessageBuilder.query(
                route: query.route, parameters: query.parameters, replyRoute: query.replyRoute, dated: query.dated)
        case .prod(let prod):
            said = prod.said
            #expect(row.name == "pro")
            #expect(prod.route == "/sealed/data")
            #expect(prod.replyRoute == "/process")
            remade = try MessageBuilder.body(
                .prod,
                [
                    ("d", ""), ("dt", .text(prod.dated.description)), ("r", .text(prod.route)),
                    ("rr", .text(prod.replyRoute)), ("q", .map(prod.parameters)),
                ], digests: ["d"])
        case .bare(let reply):
            said = reply.said
            #expect(row.name == "bar")
            #expect(reply.route == "/process/unseal")
            remade = try MessageBuilder.body(
                .bare,
                [
                    ("d", ""), ("dt", .text(reply.dated.description)), ("r", .text(reply.route)),
                    ("a", .map(reply.payload)),
                ], digests: ["d"])
        case .reply(let reply):
            said = reply.said
            #expect(row.name == "rpy empty route")
            #expect(reply.route.isEmpty)
            #expect(reply.payload == ["a": 1])
            remade = try MessageBuilder.reply(route: reply.route, payload: reply.payload, dated: reply.dated)
        default:
            Issue.record("unexpected kind")
            return
        }
        #expect(said.text == (try row.value.text("said")))
        #expect(remade == bare.body, "written again it is the same")
        let order = (row.value["field_order"]?.listValue ?? []).compactMap(\.textValue)
        let read = try OrderedValue(parsing: bare.body.span, format: .json)
        let map = try #require(read.mapValue)
        #expect(map.labels == order)
        // The key log of the transferable asker is not in the file; couples carry their key.
        for couple in bare.attachments.nonTransferableReceipts {
            let key = try #require(VerificationKey(couple.key))
            #expect(key.accepts(couple.signature, over: bare.body))
        }
        #expect(bare.attachments.nonTransferableReceipts.count + bare.attachments.lastEstablishmentGroups.count == 1)
    }

    @Test(arguments: rows)
    func decidesMessages(_ row: VectorRow) throws {
        let verifier = Verifier()
        let read = try read(row.value, "message")
        let outcome = try verifier.offer(read.message, read.attachments)
        switch row.name {
        case "qry logs", "qry logs anchor", "qry ksn", "qry mbx", "qry tels", "qry non-transferable querier":
            #expect(outcome == .escrowed(.queryNotFound))
        default:
            // keripy has no handler for prods and bares, and no reply has an empty route.
            #expect(outcome == .rejected(.unknownRoute))
        }
    }

    @Test func writesTheKeyStateRecord() throws {
        let notice = try OrderedFile.value("ksn", of: "routed.json")
        let record = try #require(notice["record"]?.mapValue)
        let state = try #require(KeyState(stored: record))
        let order = (notice["field_order"]?.listValue ?? []).compactMap(\.textValue)
        #expect(state.record.labels == order)
        #expect(state.record == record)
        #expect(state.refusesDelegation)
        let read = try StoredMessage(try #require(notice["reply"]?.blob))
        guard case .reply(let reply) = read.message else {
            Issue.record("not a reply")
            return
        }
        #expect(reply.payload == record)
        let signer = try #require(AID(String(reply.route.dropFirst(5))))
        #expect(read.attachments.receipts.map(\.signer) == [signer])
        // A stranger's word about an AID that is not known here is worth nothing.
        let verifier = Verifier()
        #expect(try verifier.offer(read.message, read.attachments) == .rejected(.wrongSigner))
    }

    private func read(
        _ row: OrderedValue, _ label: String
    ) throws -> (message: Message, attachments: Attachments, body: [UInt8]) {
        let bytes = try #require(row[label]?.blob)
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: bytes.span) else { throw MessageError(.notAMessage) }
        #expect(frame.range == 0..<bytes.count)
        let read = try StoredMessage(bytes)
        return (read.message, read.attachments, Array(bytes[frame.bodyRange]))
    }
}
