// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes

@testable import KERI

extension Signed {
    /// An event written member by member, for what a builder refuses to write.
    static func made(
        _ kind: MessageKind, _ members: [(String, OrderedValue)], digests: [String] = ["d"]
    ) throws -> Signed {
        let bytes = try MessageBuilder.body(kind, members, digests: digests)
        var parser = MessageParser()
        guard case .keyEvent(let event) = try parser.parse(bytes.span, format: .json) else {
            throw MessageError(.unknownKind)
        }
        return Signed(event)
    }

    /// An interaction behind any event, whatever its log allows.
    static func interaction(after prior: Signed, anchors: [OrderedValue] = []) throws -> Signed {
        try made(
            .interaction,
            [
                ("d", ""), ("i", .text(prior.event.aid.text)), ("s", .text((prior.event.sn.next ?? .zero).hex)),
                ("p", .text(prior.event.said.text)), ("a", .list(anchors)),
            ])
    }
}

/// Replies, queries and exchange messages with their signatures.
enum Routed {
    /// A reply and the key state under which it is signed.
    static func reply(
        _ route: String, _ payload: OrderedMap, dated: Timestamp
    ) throws -> [UInt8] {
        try MessageBuilder.reply(route: route, payload: payload, dated: dated)
    }

    static func role(
        _ role: String = "mailbox", of controller: AID, at endpoint: AID, verb: String = "add", dated: Timestamp
    ) throws -> [UInt8] {
        try reply(
            "/end/role/\(verb)",
            ["cid": .text(controller.text), "role": .text(role), "eid": .text(endpoint.text)], dated: dated)
    }

    static func location(
        of endpoint: AID, scheme: String = "http", url: String = "http://127.0.0.1:5642/", dated: Timestamp
    ) throws -> [UInt8] {
        try reply(
            "/loc/scheme", ["eid": .text(endpoint.text), "scheme": .text(scheme), "url": .text(url)], dated: dated)
    }

    static func query(_ route: String, about subject: AID, _ more: OrderedMap = [:], dated: Timestamp) throws
        -> [UInt8]
    {
        var parameters: OrderedMap = ["i": .text(subject.text)]
        for member in more.members { parameters[member.label] = member.value }
        return try MessageBuilder.query(route: route, parameters: parameters, dated: dated)
    }

    static func exchange(from sender: AID, to recipient: AID? = nil, dated: Timestamp) throws -> [UInt8] {
        try MessageBuilder.exchange(
            sender: sender, recipient: recipient, prior: nil, route: "/challenge/response", modifiers: [:],
            payload: ["words": ["able", "baker"]], embeds: [:], dated: dated)
    }

    /// Signed by a key that can't rotate.
    static func signed(_ body: [UInt8], by key: CreatedKey) throws -> Attachments {
        try Attachments { $0.nonTransferableReceipts = [try key.couple(over: body)] }
    }

    /// Signed under the latest establishment event of an author.
    static func signed(_ body: [UInt8], by author: Author, at places: [Int]? = nil) throws -> Attachments {
        try Attachments { $0.transferableGroups = [try author.group(over: body, at: places)] }
    }

    /// Signed by the latest keys of an author, as queries are.
    static func asked(_ body: [UInt8], by author: Author, at places: [Int]? = nil) throws -> Attachments {
        try Attachments {
            $0.lastEstablishmentGroups = [
                LastEstablishmentGroup(
                    prefix: author.aid.primitive, signatures: try author.group(over: body, at: places).signatures)
            ]
        }
    }

    /// A receipt message.
    static func receipt(of event: Signed) throws -> [UInt8] { try MessageBuilder.receipt(of: event.seal) }
}
