// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
public import KERI
internal import KelmarkBytes

/// How messages about credentials reach their recipients. Also called StreamPoster in KERIpy.
public protocol CredentialCourier: GroupCourier {
    /// Hands over several messages in order, of which only the last is our own; all or none count as handed over, and
    /// any may arrive more than once.
    ///
    /// - Parameters:
    ///   - messages: each a body with its attachments.
    ///   - recipient: for whom.
    ///   - sender: our AID that speaks.
    ///   - topic: the topic of the mailbox.
    /// - Throws: when not all could be handed over.
    func send(_ messages: [[UInt8]], to recipient: AID, from sender: AID, topic: String) async throws
}

extension CredentialExchanges {
    /// Writes, keeps and sends a message.
    ///
    /// Asked for the same answer again, it sends the one that was kept: an answer is given once.
    func say(
        _ content: CredentialExchange.Content, to named: AID? = nil, as own: String? = nil,
        answering prior: SAID? = nil,
        note: String
    ) async throws -> ExchangeRecord {
        let ledger = try book.load()
        let before = try prior.map { try record($0) }
        if let before, let answer = try answer(to: before, in: ledger), answer.isOurs {
            guard try answer.content().content == content else {
                throw ExchangeError(.notExpected, "\(before.said) was answered differently by \(answer.said)")
            }
            return try await deliver(answer)
        }
        let controller = try Controller(wallet, own ?? before.map(\.own.text) ?? "")
        guard let recipient = named ?? before?.partner else {
            throw ExchangeError(.noRecipient, "it is issued to nobody in particular: say for whom the message is")
        }
        if let before, before.own != controller.aid || before.partner != recipient || before.isOurs {
            throw ExchangeError(.notExpected, "\(before.said) is not for \(controller.identifier.name) to answer")
        }
        let form = await courier.form(for: recipient)
        let now = clock.now()
        let draft = try Self.reading { () throws(ExchangeRefusal) in
            try CredentialExchangeBuilder.draft(
                content, from: controller.aid, to: recipient, answering: prior, note: note,
                hasRecipientMember: form == .withRecipient, dated: now)
        }
        var attachments = try await controller.attachments(to: draft.body)
        attachments.pathedGroups = draft.groups
        let message = try attachments.following(draft.body)
        let read = try ExchangeRecord.read(message)
        let kept = try book.update { ledger in
            try ledger.take(read, message, own: controller.aid, isOurs: true, now: now).0
        }
        return try await deliver(kept)
    }

    /// Sends what was kept and not handed over yet.
    /// - Returns: what was sent now, or still was not.
    /// - Throws: what book, vault and store fail with.
    @discardableResult
    public func resume() async throws -> [ExchangeRecord] {
        var records: [ExchangeRecord] = []
        for record in try book.load().records where !record.isSent {
            do { records.append(try await deliver(record)) } catch let error as ExchangeError
                where error.code == .notSent
            {
                records.append(record)
            }
        }
        return records
    }

    /// The answer that a message has got.
    private func answer(to record: ExchangeRecord, in ledger: ExchangeLedger) throws -> ExchangeRecord? {
        let line = ledger.records.filter { $0.thread == record.thread }
        guard let place = line.firstIndex(where: { $0.said == record.said }), place + 1 < line.count else { return nil }
        return line[place + 1]
    }

    /// Hands a message of ours over, a grant behind everything that it rests on.
    private func deliver(_ record: ExchangeRecord) async throws -> ExchangeRecord {
        guard !record.isSent else { return record }
        var messages = [record.message]
        if case .grant(let grant) = try record.content().content,
            let proof = try custody.proof(of: grant.credential.said)
        {
            messages = proof.artefacts + messages
        }
        do {
            try await courier.send(messages, to: record.partner, from: record.own, topic: Self.topic)
        } catch let error as PostError {
            throw ExchangeError(.notSent, "the message \(record.said) is kept: \(error)")
        } catch let error as TransportError {
            throw ExchangeError(.notSent, "the message \(record.said) is kept: \(error)")
        }
        return try book.update { ledger in
            for place in ledger.records.indices where ledger.records[place].said == record.said {
                ledger.records[place].isSent = true
            }
            return ledger.record(record.said) ?? record
        }
    }
}

extension ExchangeRecord {
    /// Reads a message that is about to be kept.
    static func read(_ message: [UInt8]) throws -> CredentialExchange {
        let stored = try StoredMessage(message)
        guard case .exchange(let exchange) = stored.message else { throw ExchangeRefusal.malformed }
        return try CredentialExchange(exchange, stored.attachments)
    }
}

extension Controller {
    /// What shows that this AID sent an exchange message (facts 11.1).
    func attachments(to exchange: [UInt8]) async throws -> Attachments {
        let state = try keyState()
        var groups = Attachments()
        groups.transferableGroups = [
            TransferableSignatureGroup(
                prefix: state.aid.primitive, sn: state.establishmentSn.value, said: state.establishmentSAID.primitive,
                signatures: try await sign(exchange))
        ]
        return groups
    }
}
