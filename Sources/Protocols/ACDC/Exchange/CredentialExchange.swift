// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes

/// A message by which a credential is asked for, offered or handed over, whose form is right (facts 13.7). Whether its
/// sender made it is decided by the processor of exchange messages, whether it has its place in an exchange by
/// ``ExchangeThread``, whether what is handed over holds by the processors of events and credentials.
public struct CredentialExchange: Hashable, Sendable {
    /// What it says.
    public enum Content: Hashable, Sendable {
        /// A credential of this schema is wanted, with attributes like these.
        case apply(schema: SAID, attributes: OrderedMap)
        /// This credential could be had; it may show less than the credential itself.
        case offer(DisclosedCredential)
        /// What was offered is wanted.
        case agree
        /// The credential with its issuance and the event that seals it.
        case grant(CredentialGrant)
        /// The grant was accepted.
        case admit
        /// No.
        case spurn
    }

    /// Digest of the message.
    public let said: SAID
    /// Who sent it.
    public let sender: AID
    /// For whom it is; keripy 1.1 names nobody in offers and answers.
    public let recipient: AID?
    /// Digest of the message that it answers, nil for one that begins an exchange.
    public let prior: SAID?
    /// When its author says it was made.
    public let dated: Timestamp
    /// Words for people.
    public let note: String
    /// What it says.
    public let content: Content

    /// Most bytes of the body of a message that is read, attachments aside.
    public static let largest = 1 << 20
    /// Most bytes of the words.
    static let longestNote = 4096

    /// Reads an exchange message with one of the routes of ``CredentialExchangeKind``.
    /// - Throws: ``ExchangeRefusal`` `malformed`, `forgedEmbeds`, `badEmbed`, `wrongRecipient`, `tooLarge`.
    public init(_ exchange: Exchange, _ attachments: Attachments) throws(ExchangeRefusal) {
        guard exchange.bytes.count <= Self.largest else { throw .tooLarge }
        guard let kind = CredentialExchangeKind(route: exchange.route),
            let note = exchange.payload["m"]?.textValue, note.utf8.count <= Self.longestNote
        else { throw .malformed }
        said = exchange.said
        sender = exchange.sender
        prior = exchange.prior
        dated = exchange.dated
        self.note = note
        recipient = try Self.recipient(of: exchange)
        content = try Self.content(of: kind, exchange, attachments)
    }

    /// Which of the messages it is.
    public var kind: CredentialExchangeKind { content.kind }

    /// The credential that it shows.
    public var credential: DisclosedCredential? {
        switch content {
        case .offer(let credential): credential
        case .grant(let grant): grant.credential
        default: nil
        }
    }

    /// The AID that the body names, in one member or in both.
    private static func recipient(of exchange: Exchange) throws(ExchangeRefusal) -> AID? {
        guard let member = exchange.payload["i"] else { return exchange.recipient }
        guard let named = member.textValue.flatMap({ AID($0) }) else { throw .malformed }
        guard exchange.recipient ?? named == named else { throw .wrongRecipient }
        return named
    }

    private static func content(
        of kind: CredentialExchangeKind, _ exchange: Exchange, _ attachments: Attachments
    ) throws(ExchangeRefusal) -> Content {
        switch kind {
        case .apply:
            guard exchange.embeds.isEmpty, let schema = exchange.payload.said("s"),
                let attributes = exchange.payload["a"]?.mapValue
            else { throw .malformed }
            return .apply(schema: schema, attributes: attributes)
        case .offer:
            let parts = try embeds(["acdc"], of: exchange, attachments)
            guard let credential = parts["acdc"] else { throw .malformed }
            return .offer(try DisclosedCredential(credential))
        case .grant:
            let parts = try embeds(["acdc", "iss", "anc"], of: exchange, attachments)
            guard let credential = parts["acdc"] else { throw .malformed }
            return .grant(
                CredentialGrant(
                    credential: try DisclosedCredential(credential), issuance: parts["iss"], anchor: parts["anc"]))
        case .agree, .admit, .spurn:
            guard exchange.embeds.isEmpty else { throw .malformed }
            switch kind {
            case .agree: return .agree
            case .admit: return .admit
            default: return .spurn
            }
        }
    }

    /// The embedded messages, no others than `allowed`, under a digest that holds. The block is always hashed as JSON
    /// (facts 4).
    private static func embeds(
        _ allowed: Set<String>, of exchange: Exchange, _ attachments: Attachments
    ) throws(ExchangeRefusal) -> [String: EmbeddedPart] {
        guard exchange.embeds.labels.last == "d", exchange.embeds.labels.dropLast().allSatisfy(allowed.contains) else {
            throw .malformed
        }
        guard SelfAddressing.isSealed(exchange.embeds) else { throw .forgedEmbeds }
        var parts: [String: EmbeddedPart] = [:]
        for label in exchange.embeds.labels.dropLast() {
            parts[label] = try EmbeddedPart(label, of: exchange, attachments)
        }
        return parts
    }
}
