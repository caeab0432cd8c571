// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
internal import KelmarkBytes

/// What the members of a group tell each other (facts 11.2, 11.3). The raw values are the routes.
public enum GroupRoute: String, Sendable, Hashable, CaseIterable {
    /// A new group.
    case inception = "/multisig/icp"
    /// New keys.
    case rotation = "/multisig/rot"
    /// An interaction.
    case interaction = "/multisig/ixn"

    /// The label of the embedded event.
    var label: String {
        switch self {
        case .inception: "icp"
        case .rotation: "rot"
        case .interaction: "ixn"
        }
    }

    /// The route on which an event of this kind travels.
    init(_ kind: KeyEventKind) {
        switch kind {
        case .inception, .delegatedInception: self = .inception
        case .rotation, .delegatedRotation: self = .rotation
        case .interaction: self = .interaction
        }
    }
}

/// A copy of a group's event by one member, read from an exchange message. Its form is right: the block of embeds is what
/// its digest says, and the event is typed by the same parser as any other. Whether it should be signed is another
/// question.
public struct GroupMessage: Sendable, Hashable {
    /// What it is about.
    public let route: GroupRoute
    /// Who sent it.
    public let sender: AID
    /// The members whose keys sign, in the order of the keys.
    public let signing: [AID]
    /// The members whose next digests stand in the event, in their order; empty for an interaction.
    public let rotation: [AID]
    /// The event.
    public let event: KeyEvent
    /// The signatures that came with it, unverified.
    public let signatures: [IndexedSignature]

    /// Most members of a group that is believed.
    public static let memberLimit = 256

    /// Reads an exchange message of one of the routes.
    /// - Throws: ``GroupError`` `malformed`, `forgedBlock`, `forgedEvent`, `wrongKind`, `wrongGroup`.
    public init(_ exchange: Exchange, _ attachments: Attachments) throws(GroupError) {
        guard let route = GroupRoute(rawValue: exchange.route) else {
            throw GroupError(.malformed, "\(exchange.route.prefix(64)) is no route of groups")
        }
        guard let group = exchange.payload.aid("gid"), let signing = exchange.payload.aids("smids") else {
            throw GroupError(.malformed, "the members gid and smids are missing or malformed")
        }
        var rotation: [AID] = []
        if route != .interaction {
            rotation = signing
            // keripy leaves the list out, or states null, when it is the same as the other.
            if let stated = exchange.payload["rmids"], !stated.isNull {
                guard let list = exchange.payload.aids("rmids") else {
                    throw GroupError(.malformed, "the member rmids is malformed")
                }
                rotation = list
            }
        }
        guard exchange.embeds.labels == [route.label, "d"], let body = exchange.embeds[route.label]?.mapValue else {
            throw GroupError(.malformed, "the embeds are not \(route.label) and d")
        }
        guard SelfAddressing.isSealed(exchange.embeds, format: exchange.format) else {
            throw GroupError(.forgedBlock, "the digest of the embeds is wrong")
        }
        let embedded = try EmbeddedMessage(body, label: route.label, attachments)
        guard case .keyEvent(let event) = embedded.message else {
            throw GroupError(.forgedEvent, "what is embedded is no key event")
        }
        guard GroupRoute(event.kind) == route else {
            throw GroupError(.wrongKind, "\(route.rawValue) carries an event of kind \(event.kind.rawValue)")
        }
        guard event.aid == group else {
            throw GroupError(.wrongGroup, "the message speaks of \(group), the event of \(event.aid)")
        }
        if let stated = exchange.payload["delegator"], !stated.isNull {
            guard let delegator = exchange.payload.aid("delegator"), delegator == event.delegator else {
                throw GroupError(.malformed, "the member delegator is not the event's")
            }
        }
        self.route = route
        sender = exchange.sender
        self.signing = signing
        self.rotation = rotation
        self.event = event
        signatures = embedded.attachments.controllerSignatures
    }
}

extension OrderedMap {
    /// A list of AIDs; nil when it is none, empty, or longer than a group may be.
    fileprivate func aids(_ label: String) -> [AID]? {
        guard let list = self[label]?.listValue, (1...GroupMessage.memberLimit).contains(list.count) else { return nil }
        var aids: [AID] = []
        for value in list {
            guard let aid = value.textValue.flatMap({ AID($0) }) else { return nil }
            aids.append(aid)
        }
        return aids
    }
}
