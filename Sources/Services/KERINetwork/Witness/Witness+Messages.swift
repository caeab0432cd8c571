// SPDX-License-Identifier: Apache-2.0

internal import ACDC
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
        /// Why a registry event was refused.
        var refusal: CredentialRejection?
    }

    /// An answer to a query.
    struct Answer: Sendable {
        let topic: String
        let stream: [UInt8]
    }

    /// Decides about a message and does what it asks for; answers of queries go into the asker's mailbox when
    /// `mailsAnswers`.
    func take(_ received: ReceivedMessage, mailsAnswers: Bool = true) async throws -> Reaction {
        if case .keyEvent(let event) = received.message {
            switch try await receipt(event, received.attachments, onlyOurs: false) {
            case .receipted(let signature, let isNew):
                // Who posts an event without asking for the receipt finds it in the mailbox.
                try await mailReceipt(of: EventSeal(aid: event.aid, sn: event.sn, said: event.said), signature)
                return Reaction(outcome: isNew ? .accepted(ordinal: 0) : .duplicate(added: 0))
            case .notOurs(let outcome): return Reaction(outcome: outcome ?? .duplicate(added: 0))
            case .notServed: return Reaction(outcome: .rejected(.wrongSigner))
            case .outcome(let outcome): return Reaction(outcome: outcome)
            }
        }
        if case .registryEvent(let event) = received.message, let registries {
            return try await keep(event, received.attachments, in: registries)
        }
        let outcome = try await process(received.message, received.attachments)
        if case .receipt(let receipt) = received.message {
            var isWorthWaking = outcome.wakesOthers
            // A query may wait for the receipts of an event that stands in the log.
            if case .duplicate(let added) = outcome, added > 0 { isWorthWaking = true }
            if isWorthWaking { try await wake(receipt.event.aid) }
        }
        guard outcome == .verified else { return Reaction(outcome: outcome) }
        let (fault, answer) = try await act(on: received, mailsAnswers: mailsAnswers)
        return Reaction(outcome: fault.map { .rejected($0) } ?? outcome, answer: answer)
    }

    /// Decides about any message but a key event.
    func process(_ message: Message, _ attachments: Attachments) async throws -> EventOutcome {
        try await queue.run { [self] transaction in
            try processor.apply(message, with: attachments, to: &transaction, now: clock.now())
        }
    }

    /// Does what a verified message asks for.
    func act(
        on received: ReceivedMessage, mailsAnswers: Bool = true
    ) async throws -> (Rejection?, Answer?) {
        switch received.message {
        case .query(let query) where query.route == "tels":
            guard let asker = Self.asker(received.attachments), let answer = try await registryLog(query) else {
                return (nil, nil)
            }
            if mailsAnswers { try await mail(answer.stream, to: asker, topic: answer.topic) }
            return (nil, answer)
        case .query(let query):
            guard let asker = Self.asker(received.attachments), ["logs", "ksn"].contains(query.route),
                let subject = query.parameters.aid("i")
            else { return (nil, nil) }
            guard let answer = try await answer(query.route, about: subject) else {
                try await park(query, about: subject, by: asker, received.attachments)
                return (nil, nil)
            }
            if mailsAnswers { try await mail(answer.stream, to: asker, topic: answer.topic) }
            return (nil, answer)
        case .exchange(let exchange) where exchange.route == "/fwd":
            return (try await forward(exchange, received.attachments), nil)
        default: return (nil, nil)
        }
    }

    /// Who signed a query.
    static func asker(_ attachments: Attachments) -> AID? {
        if let group = attachments.lastEstablishmentGroups.last { return AID(group.prefix) }
        return attachments.nonTransferableReceipts.last.flatMap { AID($0.key) }
    }

    /// Puts a message into the mailbox of somebody who can fetch it. A full one loses it, which its sender finds out by
    /// not being answered.
    /// - Returns: whether it is there.
    @discardableResult
    func mail(_ message: [UInt8], to recipient: AID, topic: String) async throws -> Bool {
        // Whoever asks for a longer log can read it where everybody can: at an introduction.
        guard message.count <= max(policy.maximumMail, limits.bodyBytes),
            try store.read({ try $0.keyState(of: recipient) }) != nil
        else { return false }
        do {
            try await hub.post(message, to: recipient, topic: topic)
            return true
        } catch let error as StoreError where error.code == .full {
            meter.countLimited()
            return false
        }
    }

    // MARK: Queries

    /// The answer to a verified query; nil when receipts must come first.
    @concurrent private func answer(_ route: String, about subject: AID) async throws -> Answer? {
        guard let state = try witnessedState(of: subject) else { return nil }
        if route == "logs" { return try log(of: state).map { Answer(topic: "/replay", stream: $0) } }
        let (reply, attachments) = try signedReply("/ksn/\(aid)", state.record, clock.now())
        return Answer(topic: "/reply", stream: reply.bytes + (try attachments.encoded(in: .text)))
    }

    /// The key state of an AID whose latest event has its receipts, nil for any other.
    func witnessedState(of subject: AID) throws -> KeyState? {
        try store.read { transaction in
            guard let state = try transaction.keyState(of: subject),
                let record = try transaction.record(of: subject, at: state.sn, said: state.said),
                record.proof.witnessSignatures.count >= Int(state.witnessThreshold)
            else { return nil }
            return state
        }
    }

    /// The log of an AID behind those of its delegators; nil when one of theirs is not known.
    func log(of state: KeyState) throws -> [UInt8]? {
        var chain = [state.aid]
        var next = state.delegator
        while let delegator = next, !chain.contains(delegator), chain.count < 64 {
            guard let above = try store.read({ try $0.keyState(of: delegator) }) else { return nil }
            chain.append(delegator)
            next = above.delegator
        }
        return try chain.reversed().reduce(into: []) { $0 += try LogReplay.stream(of: $1, from: store) }
    }

    // MARK: Forwarding

    /// Puts what a `/fwd` message embeds into the mailbox that it names.
    /// - Returns: why not.
    private func forward(_ exchange: Exchange, _ attachments: Attachments) async throws -> Rejection? {
        guard let recipient = exchange.modifiers.aid("pre"), let topic = exchange.modifiers.text("topic"),
            (1...64).contains(topic.utf8.count), topic.utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == 0x2F }),
            let embedded = exchange.embeds["evt"]?.mapValue, let body = try? embedded.encoded(as: .json)
        else { return .badPayload }
        let groups = attachments.pathedGroups.compactMap { Self.attachments(in: $0, below: ["e", "evt"]) }
        let message = groups.reduce(into: body) { $0 += $1 }
        guard message.count <= policy.maximumMail, isOneMessage(message) else { return .badPayload }
        guard policy.serves(recipient) else { return .wrongSigner }
        guard forwarded.insert(exchange.said) else { return nil }
        let isKept = try await mail(message, to: recipient, topic: topic.hasPrefix("/") ? topic : "/" + topic)
        if !isKept { forwarded.remove(exchange.said) }
        return isKept ? nil : .escrowFull
    }

    /// Whether bytes are exactly one message whose attachments are text: what goes into an event stream must not end its
    /// line, and groups inside a group may change to binary.
    private func isOneMessage(_ bytes: [UInt8]) -> Bool {
        var reader = StreamReader(limits: limits)
        guard case .message(let frame) = reader.next(in: bytes.span), frame.range == bytes.indices else { return false }
        return Base64URL.isAlphabet(bytes.span.extracting(frame.attachmentRange))
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
