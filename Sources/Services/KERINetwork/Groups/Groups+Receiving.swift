// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
internal import KelmarkBytes

extension Groups {
    /// Takes in an exchange message from the network. Anything else than the routes of groups is left alone, so every
    /// message of a mailbox can be offered.
    /// - Throws: what store, vault and book fail with; ``ControllerError`` when a key of ours is gone.
    public func receive(_ exchange: Exchange, _ attachments: Attachments, now: Timestamp) async throws -> GroupOutcome {
        guard GroupRoute(rawValue: exchange.route) != nil else { return .notForGroups }
        do {
            return try await judge(exchange, attachments, now: now)
        } catch let error as GroupError where error.canHeal {
            // More attachments than one group can count, or more bytes than are kept of anybody: nobody honest sends them.
            guard let groups = try? attachments.encoded(in: .text),
                exchange.bytes.count + groups.count <= UnreadGroupMessage.largest
            else { return .refused(GroupError(.malformed, "the message is too large to be kept")) }
            try keep(exchange.bytes + groups, exchange, because: error, now: now)
            return .kept(error)
        } catch let error as GroupError where error.code != .bookDamaged && error.code != .bookTooNew {
            return .refused(error)
        }
    }

    /// Takes in one message, body and attachments, as a mailbox holds it. What is no message is refused like any other
    /// that is malformed, so that it does not stop a mailbox.
    /// - Throws: as ``receive(_:_:now:)``.
    public func receive(_ message: [UInt8], now: Timestamp) async throws -> GroupOutcome {
        guard let stored = try? StoredMessage(message) else {
            return .refused(GroupError(.malformed, "the bytes are not one message"))
        }
        guard case .exchange(let exchange) = stored.message else { return .notForGroups }
        return try await receive(exchange, stored.attachments, now: now)
    }

    // MARK: Messages that wait

    private func keep(
        _ message: [UInt8], _ exchange: Exchange, because reason: GroupError, now: Timestamp
    ) throws {
        try book.update { ledger in
            if let place = ledger.unread.firstIndex(where: { $0.said == exchange.said }) {
                ledger.unread[place].reason = reason
                return
            }
            ledger.unread.append(
                UnreadGroupMessage(
                    said: exchange.said, sender: exchange.sender, message: message, since: now, reason: reason))
            let limit = UnreadGroupMessage.limit
            while ledger.unread.count(where: { $0.sender == exchange.sender }) > limit.perSender,
                let oldest = ledger.unread.firstIndex(where: { $0.sender == exchange.sender })
            {
                ledger.unread.remove(at: oldest)
            }
            while ledger.unread.count > limit.total {
                // Who could not even be shown to have sent anything goes first.
                let place = ledger.unread.firstIndex { $0.reason.code == .senderUnknown } ?? 0
                ledger.unread.remove(at: place)
            }
        }
    }

    /// Judges again what could not be judged, and forgets what has waited too long.
    func reread(now: Timestamp) async throws {
        for unread in try book.load().unread {
            let isOver = unread.since.advanced(bySeconds: UnreadGroupMessage.lifetime) < now
            if !isOver, case .kept = try await receive(unread.message, now: now) { continue }
            try book.update { ledger in ledger.unread.removeAll { $0.said == unread.said } }
        }
    }

    // MARK: Judging

    private func judge(
        _ exchange: Exchange, _ attachments: Attachments, now: Timestamp
    ) async throws -> GroupOutcome {
        let isCurrent = try verify(exchange, attachments, now: now)
        let message = try GroupMessage(exchange, attachments)
        let event = message.event
        let ledger = try book.load()
        let group = ledger.group(event.aid)
        let member = try member(for: message, group)
        guard message.sender != member else { return .repeated }
        guard message.signing.contains(message.sender) || message.rotation.contains(message.sender) else {
            throw GroupError(.stranger, "\(message.sender) is none of the members")
        }
        if let known = group?.proposal(event.said) {
            guard known.signing == message.signing,
                known.event.establishment == nil
                    || known.rotation == message.rotation
            else { throw GroupError(.membersDiffer, "another copy of the event names other members") }
            return try await merge(message, into: known, of: event.aid, member: member, now: now)
        }
        guard isCurrent else {
            throw GroupError(.senderStale, "\(message.sender) signed with keys that it has replaced")
        }
        let (signatures, isInLog) = try wallet.store.read { transaction in
            let checks = GroupChecks(store: transaction, member: member)
            let base = try checks.base(of: event)
            try checks.check(
                event, signing: message.signing, rotation: message.rotation, base: base, known: group?.signing)
            let keys = GroupKeys(event, base: base)
            return (message.signatures.compactMap(keys.verified), try checks.isInLog(event))
        }
        if isInLog, !event.kind.isInception { return .repeated }
        if let place = message.signing.firstIndex(of: message.sender),
            !signatures.contains(where: { $0.index == place })
        {
            throw GroupError(.unsignedBySender, "\(message.sender) has not signed the event that it proposes")
        }
        guard !signatures.isEmpty else {
            throw GroupError(.unsignedBySender, "nobody has signed the event")
        }
        try refuseInvalid(event, signatures, now: now)
        var proposal = GroupProposal(
            event: event, signing: message.signing, rotation: message.rotation, proposer: message.sender, since: now,
            stage: .proposed)
        for signature in signatures { proposal.add(signature) }
        try enter(proposal, member: member)
        return .proposed(try progress(of: proposal, member: member, nil, []))
    }

    /// Makes sure that the sender sent the message.
    /// - Returns: whether it did with the keys that are in force as far as known here.
    private func verify(_ exchange: Exchange, _ attachments: Attachments, now: Timestamp) throws -> Bool {
        let processor = EventProcessor(store: wallet.store, policy: try wallet.policy())
        switch try processor.process(.exchange(exchange), with: attachments, origin: .remote, now: now) {
        case .verified: break
        case .escrowed:
            throw GroupError(
                .senderUnknown, "the log of \(exchange.sender) is not here, or does not reach far enough",
                actor: exchange.sender)
        case .rejected(let reason): throw GroupError(.unsigned, reason.rawValue)
        case .accepted, .duplicate: throw GroupError(.unsigned, "no exchange message")
        }
        guard let state = try wallet.keyState(of: exchange.sender) else { return false }
        return attachments.transferableGroups.contains {
            AID($0.prefix) == exchange.sender && SAID($0.said) == state.establishmentSAID
        }
    }

    /// Which of our AIDs is the member meant.
    private func member(for message: GroupMessage, _ group: GroupRecord?) throws -> AID {
        if let group { return group.member }
        let groups = Set(try book.load().groups.map(\.aid))
        let ours = Set(try wallet.book.load().map(\.aid)).subtracting(groups)
        guard let member = (message.signing + message.rotation).first(where: ours.contains) else {
            throw GroupError(.notOurs, "none of the members is ours")
        }
        return member
    }

    /// Refuses what KERI's own rules refuse.
    private func refuseInvalid(_ event: KeyEvent, _ signatures: [IndexedSignature], now: Timestamp) throws {
        let trial = Wallet(store: wallet.store, vault: nil, book: wallet.book, isDryRun: true)
        var attachments = Attachments()
        attachments.controllerSignatures = signatures
        if case .rejected(let reason) = try trial.process(event, attachments, now: now) {
            throw GroupError(.invalidEvent, reason.rawValue)
        }
    }

    /// Keeps a proposal for a person.
    private func enter(_ proposal: GroupProposal, member: AID) throws {
        let aid = proposal.event.aid
        guard proposal.event.bytes.count <= GroupLedger.largestEvent else {
            throw GroupError(.tooMany, "the event has more than \(GroupLedger.largestEvent) bytes")
        }
        try book.update { ledger in
            if ledger.group(aid) == nil {
                try ledger.makeRoom(forInvitationBy: proposal.proposer)
                ledger.groups.append(GroupRecord(aid: aid, name: nil, member: member))
            }
            guard let place = ledger.groups.firstIndex(where: { $0.aid == aid }),
                ledger.groups[place].proposal(proposal.event.said) == nil
            else { return }
            guard
                ledger.groups[place].proposals.count(where: { $0.stage == .proposed }) < GroupLedger.proposalLimit
            else { throw GroupError(.tooMany, "too many events of \(aid) wait for a decision") }
            ledger.groups[place].proposals.append(proposal)
        }
    }

    /// Takes the signatures of a copy, and goes on when our member agreed to the event.
    private func merge(
        _ message: GroupMessage, into known: GroupProposal, of aid: AID, member: AID, now: Timestamp
    ) async throws -> GroupOutcome {
        let keys = try keys(of: known.event)
        let ours = known.signing.firstIndex(of: member)
        // Our own signature comes from our own key and nowhere else.
        let news = message.signatures.compactMap(keys.verified).filter { signature in
            signature.index != ours && !known.signatures.contains { $0.index == signature.index }
        }
        if !news.isEmpty {
            try book.update { ledger in
                ledger.change(known.event.said, of: aid) { for signature in news { $0.add(signature) } }
            }
        }
        if known.stage == .declined || known.stage == .overtaken { return .repeated }
        if known.stage != .proposed { return .merged(try await advance(aid, known.event.said, now: now)) }
        let (_, proposal) = try find(known.event.said)
        return .merged(try progress(of: proposal, member: member, nil, []))
    }
}
