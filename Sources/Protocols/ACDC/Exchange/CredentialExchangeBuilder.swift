// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
internal import KelmarkBytes

/// Writes the messages of an exchange (facts 11.1, 13.7). What comes out is read by the same code that reads messages of
/// strangers.
public enum CredentialExchangeBuilder {
    /// A message, and the groups of what is embedded in it; the signatures of its sender go beside them.
    public struct Draft: Hashable, Sendable {
        /// The body, to be signed.
        public let body: [UInt8]
        /// The attachments of the embeds, under their paths.
        public let groups: [PathedGroup]
    }

    /// Writes one.
    ///
    /// - Parameters:
    ///   - content: what it says.
    ///   - sender: who sends it.
    ///   - recipient: for whom it is. It is named in the payload too, where every version of keripy keeps it under the
    ///     signature of the sender.
    ///   - prior: the message that it answers.
    ///   - note: words for people.
    ///   - hasRecipientMember: whether the body has `rp`, which keripy 1.1 refuses.
    ///   - dated: the time to state.
    /// - Throws: ``ExchangeRefusal`` when the parts can't be embedded or the result would not be read.
    public static func draft(
        _ content: CredentialExchange.Content, from sender: AID, to recipient: AID, answering prior: SAID? = nil,
        note: String = "", hasRecipientMember: Bool = false, dated: Timestamp
    ) throws(ExchangeRefusal) -> Draft {
        var payload: OrderedMap = ["m": .text(note)]
        if case .apply(let schema, let attributes) = content {
            payload["s"] = .text(schema.text)
            payload["a"] = .map(attributes)
        }
        payload["i"] = .text(recipient.text)
        let parts = content.parts
        var draft: Draft
        do {
            var embeds = OrderedMap()
            for (label, part) in parts { embeds[label] = try part.value() }
            if !parts.isEmpty { try SelfAddressing.seal(&embeds) }
            var map: OrderedMap = ["v": "KERI10JSON000000_", "t": "exn", "d": "", "i": .text(sender.text)]
            if hasRecipientMember { map["rp"] = .text(recipient.text) }
            map["p"] = .text(prior?.text ?? "")
            map["dt"] = .text(dated.description)
            map["r"] = .text(content.kind.route)
            map["q"] = [:]
            map["a"] = .map(payload)
            map["e"] = .map(embeds)
            let body = try SelfAddressing.seal(&map, version: true)
            draft = Draft(body: body, groups: try parts.compactMap { try $0.part.group(for: $0.label) })
        } catch { throw (error as? ExchangeRefusal) ?? .malformed }
        var parser = MessageParser()
        guard case .exchange(let exchange)? = try? parser.parse(draft.body.span, format: .json) else {
            throw .malformed
        }
        var attachments = Attachments()
        attachments.pathedGroups = draft.groups
        _ = try CredentialExchange(exchange, attachments)
        return draft
    }
}

extension CredentialExchange.Content {
    /// Which of the messages it is.
    var kind: CredentialExchangeKind {
        switch self {
        case .apply: .apply
        case .offer: .offer
        case .agree: .agree
        case .grant: .grant
        case .admit: .admit
        case .spurn: .spurn
        }
    }

    /// What is embedded, in the order in which it is written.
    fileprivate var parts: [(label: String, part: EmbeddedPart)] {
        switch self {
        case .offer(let credential): [("acdc", credential.part)]
        case .grant(let grant):
            [("acdc", grant.credential.part)] + (grant.issuance.map { [("iss", $0)] } ?? [])
                + (grant.anchor.map { [("anc", $0)] } ?? [])
        case .apply, .agree, .admit, .spurn: []
        }
    }
}
