// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// Asks delegators for their seals, and takes in what delegates ask of ours (facts 7.6, 11.2 `/delegate/request`).
///
/// A delegate whose inception waits can't sign for itself yet: nobody knows its keys. So another AID of the wallet, its
/// proxy, sends the message; the event inside is signed by the delegate.
public struct Delegations<Store: KeyEventStore>: Sendable {
    private let wallet: Wallet<Store>
    private let courier: any GroupCourier

    /// The mailbox topic of requests.
    public static var topic: String { "delegate" }
    /// The route of requests.
    static var route: String { "/delegate/request" }

    /// Joins keys and a courier.
    public init(_ wallet: Wallet<Store>, courier: any GroupCourier) {
        self.wallet = wallet
        self.courier = courier
    }

    /// Brings the waiting event of a delegated AID to its delegator: a notice, and the event itself.
    ///
    /// - Parameters:
    ///   - nameOrAID: the delegate.
    ///   - proxy: the AID of ours that sends; nil for the delegate itself, once its inception is accepted.
    /// - Returns: the event, and who was asked.
    /// - Throws: ``ControllerError`` `nothingToApprove` when nothing waits, `notDelegated`, `eventWaiting` when a proxy is
    ///   needed; ``PostError``; what vault and store fail with.
    public func request(
        _ nameOrAID: String, from proxy: String?, now: Timestamp
    ) async throws -> (event: EventSeal, delegator: AID) {
        let identifier = try wallet.identifier(nameOrAID)
        guard let (event, attachments) = try wallet.eventBeforeSeal(identifier) else {
            throw ControllerError(.nothingToApprove, "no event of \(identifier.name) waits")
        }
        let known: AID? =
            if let stated = event.delegator { stated } else { try wallet.keyState(of: event.aid)?.delegator }
        guard let delegator = known else {
            throw ControllerError(.notDelegated, "\(identifier.name) has no delegator")
        }
        let sender = try Controller(wallet, proxy ?? identifier.name)
        // Throws when the sender is not known to anybody itself.
        _ = try sender.keyState()
        let groups = try attachments.encoded(in: .text)
        let body = try ExchangeBody.bytes(
            from: sender.aid, route: Self.route, payload: ["delpre": .text(delegator.text)],
            embeds: ["evt": try OrderedValue(parsing: event.bytes.span, format: event.format)],
            form: await courier.form(for: delegator), dated: now)
        let proof = try await sender.proof(of: body, embedding: [(label: "evt", attachments: groups)])
        try await courier.send(
            body, attachments: proof, to: delegator, from: sender.aid, topic: Self.topic)
        // Where its witnesses listen, so that the delegator can fetch what came before and what comes of it.
        for reply in try wallet.store.read({ transaction in
            try WitnessList.known(of: event, in: transaction).flatMap { try transaction.replies(of: $0) }
                .filter { $0.key.route == "/loc/scheme" && !$0.value.isEmpty }
        }) {
            guard let stored = try? StoredMessage(reply.message), case .reply(let body) = stored.message else {
                continue
            }
            try await courier.send(
                body.bytes, attachments: try stored.attachments.encoded(in: .text), to: delegator, from: sender.aid,
                topic: Self.topic)
        }
        // KERIpy decides about the event only when it comes by itself.
        try await courier.send(
            event.bytes, attachments: groups, to: delegator, from: sender.aid, topic: Self.topic)
        return (EventSeal(aid: event.aid, sn: event.sn, said: event.said), delegator)
    }

    /// Brings the newest establishment event of a delegated AID, complete with its receipts, to its delegator. KERIpy's
    /// command that approves ends only when it has that.
    ///
    /// - Parameter proxy: the AID of ours that sends; nil for the delegate itself.
    /// - Returns: the event, and who was told.
    /// - Throws: ``ControllerError`` `eventWaiting` when the event is not in the log yet, `notDelegated`; ``PostError``;
    ///   what vault and store fail with.
    public func report(_ nameOrAID: String, from proxy: String?) async throws -> (event: EventSeal, delegator: AID) {
        let identifier = try wallet.identifier(nameOrAID)
        guard identifier.waitingEvent == nil, let state = try wallet.keyState(of: identifier.aid),
            let record = try wallet.store.read({ try $0.record(of: identifier.aid, at: state.establishmentSn) })
        else { throw ControllerError(.eventWaiting, "the newest event of \(identifier.name) waits") }
        guard let delegator = state.delegator else {
            throw ControllerError(.notDelegated, "\(identifier.name) has no delegator")
        }
        try await courier.send(
            record.bytes, attachments: try record.proof.attachments.encoded(in: .text), to: delegator,
            from: try Controller(wallet, proxy ?? identifier.name).aid, topic: Self.topic)
        return (EventSeal(aid: record.aid, sn: record.sn, said: record.said), delegator)
    }

    /// Takes in a request: the event inside is decided about like any other, and then waits for our approval.
    /// - Returns: the event that waits; nil when the message does not lead to one that is ours to approve.
    /// - Throws: what store and book fail with.
    func receive(_ exchange: Exchange, _ attachments: Attachments, now: Timestamp) throws -> EventSeal? {
        guard exchange.route == Self.route, let delegator = exchange.payload.aid("delpre"),
            try wallet.book.load().contains(where: { $0.aid == delegator }),
            let body = exchange.embeds["evt"]?.mapValue,
            SelfAddressing.isSealed(exchange.embeds, format: exchange.format),
            let embedded = try? EmbeddedMessage(body, label: "evt", attachments),
            case .keyEvent(let event) = embedded.message
        else { return nil }
        // A rotation does not say who the delegator is; its log does, which may not be here yet.
        let known: AID? =
            if let stated = event.delegator { stated } else { try wallet.keyState(of: event.aid)?.delegator }
        guard known == delegator || (known == nil && event.kind == .delegatedRotation) else { return nil }
        guard let groups = try? embedded.attachments.encoded(in: .text) else { return nil }
        _ = try wallet.ingest(event.bytes + groups, now: now)
        // An event that was refused asks for nothing; keripy's notice lacks the signatures, which come with the event.
        let isKept = try isKept(event)
        return isKept ? EventSeal(aid: event.aid, sn: event.sn, said: event.said) : nil
    }

    /// Whether an event that came by itself waits for an approval of ours.
    func waitsForUs(_ event: KeyEvent) throws -> Bool {
        guard event.kind.needsDelegator, try isKept(event) else { return false }
        let own = Set(try wallet.book.load().map(\.aid))
        return try wallet.delegationRequests().contains { $0.event.said == event.said && own.contains($0.delegator) }
    }

    private func isKept(_ event: KeyEvent) throws -> Bool {
        try wallet.store.read { transaction in
            if try transaction.record(of: event.aid, at: event.sn, said: event.said) != nil { return true }
            return try transaction.escrows(reason: nil, aid: event.aid, limit: 1024).contains {
                $0.key.said == event.said
            }
        }
    }
}
