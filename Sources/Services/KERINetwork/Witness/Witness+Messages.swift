// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

// What a witness does with a message that is no event for a receipt: answers queries, forwards to mailboxes (facts 9.2,
// 9.5, 11.1).

extension Witness {
    /// What became of a message, and what is to be sent back on the connection it came by.
    struct Reaction: Sendable {
        var outcome: EventOutcome
        /// For whoever asked, under a topic of his mailbox.
        var answer: Answer?
    }

    /// An answer to a query.
    struct Answer: Sendable {
        let asker: AID?
        let topic: String
        let stream: [UInt8]
    }

    /// Decides about a message and does what it asks for; answers of queries go into the asker's mailbox when
    /// `mailsAnswers`.
    func take(_ received: ReceivedMessage, mailsAnswers: Bool = true) async throws -> Reaction {
        if case .keyEvent(let event) = received.message {
            switch try await receipt(event, received.attachments, onlyOurs: false) {
            case .receipted(let signature, _):
                // Who posts an event without asking for the receipt finds it in the mailbox; who posts it again has
                // not found it.
                try await mail(try receiptMessage(of: event, signature), to: event.aid, topic: "/receipt")
                return Reaction(outcome: .duplicate(added: 0))
            case .notOurs: return Reaction(outcome: .duplicate(added: 0))
            case .notServed: return Reaction(outcome: .rejected(.wrongSigner))
            case .outcome(let outcome): return Reaction(outcome: outcome)
            }
        }
        let outcome = try await process(received.message, received.attachments)
        guard outcome == .verified else { return Reaction(outcome: outcome) }
        let answer = try await act(on: received, mailsAnswers: mailsAnswers)
        return Reaction(outcome: outcome, answer: answer)
    }

    /// Does what a verified message asks for.
    @discardableResult
    func act(on received: ReceivedMessage, mailsAnswers: Bool = true) async throws -> Answer? {
        switch received.message {
        case .query(let query):
            guard let answer = try answer(to: query, asker: Self.asker(received.attachments)) else { return nil }
            if mailsAnswers, let asker = answer.asker {
                try await mail(answer.stream, to: asker, topic: answer.topic)
            }
            return answer
        case .exchange(let exchange) where exchange.route == "/fwd":
            try await forward(exchange, received.attachments)
            return nil
        default: return nil
        }
    }

    /// Who signed a query.
    static func asker(_ attachments: Attachments) -> AID? {
        if let group = attachments.lastEstablishmentGroups.last { return AID(group.prefix) }
        return attachments.nonTransferableReceipts.last.flatMap { AID($0.key) }
    }

    /// Puts a message into a mailbox; a full one loses it, which its sender finds out by not being answered.
    func mail(_ message: [UInt8], to recipient: AID, topic: String) async throws {
        do {
            try hub.post(message, to: recipient, topic: topic, now: clock.now())
        } catch let error as StoreError where error.code == .full {
            metrics.countLimited()
        }
    }

    /// A receipt as keripy sends it: rct with one couple.
    func receiptMessage(of event: KeyEvent, _ signature: IndexedSignature) throws -> [UInt8] {
        var attachments = Attachments()
        attachments.nonTransferableReceipts = [
            NonTransferableReceipt(
                key: aid.primitive, signature: try Primitive(code: .ed25519Signature, raw: signature.raw))
        ]
        let seal = EventSeal(aid: event.aid, sn: event.sn, said: event.said)
        return try MessageBuilder.receipt(of: seal) + attachments.encoded(in: .text)
    }

    // MARK: Queries

    /// The answer to a verified query; nil when there is none yet, or none at all.
    private func answer(to query: Query, asker: AID?) throws -> Answer? {
        guard let subject = query.parameters.aid("i") else { return nil }
        switch query.route {
        case "logs":
            guard let state = try witnessedState(of: subject) else { return nil }
            return Answer(asker: asker, topic: "/replay", stream: try log(of: state))
        case "ksn":
            guard let state = try witnessedState(of: subject) else { return nil }
            let (reply, attachments) = try signedReply("/ksn/\(aid)", state.record, clock.now())
            return Answer(asker: asker, topic: "/reply", stream: reply.bytes + (try attachments.encoded(in: .text)))
        default: return nil
        }
    }

    /// The key state of an AID whose latest event has its receipts, nil for any other.
    func witnessedState(of subject: AID) throws -> KeyState? {
        try store.read { transaction in
            guard let state = try transaction.keyState(of: subject),
                let record = try transaction.record(of: subject, at: state.sn),
                record.proof.witnessSignatures.count >= Int(state.witnessThreshold)
            else { return nil }
            return state
        }
    }

    /// The log of an AID behind those of its delegators.
    func log(of state: KeyState) throws -> [UInt8] {
        var chain = [state.aid]
        var next = state.delegator
        while let delegator = next, !chain.contains(delegator), chain.count < 64 {
            chain.append(delegator)
            next = try store.read { try $0.keyState(of: delegator) }?.delegator
        }
        return try chain.reversed().reduce(into: []) { $0 += try LogReplay.stream(of: $1, from: store) }
    }

    // MARK: Forwarding

    /// Puts what a `/fwd` message embeds into the mailbox that it names.
    private func forward(_ exchange: Exchange, _ attachments: Attachments) async throws {
        guard let recipient = exchange.modifiers.aid("pre"), let topic = exchange.modifiers.text("topic"),
            (1...64).contains(topic.utf8.count), topic.utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == 0x2F }),
            let embedded = exchange.embeds["evt"]?.mapValue, let version = embedded.text("v"),
            let format = Self.format(of: version)
        else { return }
        // A mailbox is kept for those who can fetch from it: their log must be known here.
        guard try store.read({ try $0.keyState(of: recipient) }) != nil else { return }
        let groups = attachments.pathedGroups.compactMap { Self.attachments(in: $0, below: ["e", "evt"]) }
        let message = try embedded.encoded(as: format) + groups.reduce([], +)
        guard format == .json else { return }
        try await mail(message, to: recipient, topic: topic.hasPrefix("/") ? topic : "/" + topic)
    }

    private static func format(of version: String) -> DocumentFormat? {
        switch version.dropFirst(6).prefix(4) {
        case "JSON": .json
        case "CBOR": .cbor
        case "MGPK": .messagePack
        default: nil
        }
    }

    /// The groups behind the path of a pathed group, as text; nil when the path is another.
    static func attachments(in group: PathedGroup, below path: [String]) -> [UInt8]? {
        guard group.domain == .text, let (primitive, count) = try? Primitive.prefix(of: group.content),
            let found = try? FieldPath(primitive), found.components == path
        else { return nil }
        return Array(group.content.dropFirst(count))
    }
}

extension Primitive {
    /// The primitive that text begins with, and how many characters it has.
    static func prefix(of text: [UInt8]) throws -> (Primitive, Int) {
        var cursor = ByteCursor(text.span)
        let primitive = try Primitive(from: &cursor, domain: .text)
        return (primitive, cursor.offset)
    }
}
