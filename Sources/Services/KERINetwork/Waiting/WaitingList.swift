// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// Everything that waits in a wallet, as one list: escrowed events, receipts, replies, queries and exchange messages, our
/// own events that lack signatures, receipts or approval, delegates that wait for us, and events of groups.
public struct WaitingList<Store: KeyEventStore>: Sendable {
    let wallet: Wallet<Store>
    let groups: (any GroupBook)?

    /// Most escrowed messages that are looked at.
    public static var limit: Int { 100_000 }

    /// Looks at a wallet and its groups.
    public init(wallet: Wallet<Store>, groups: (any GroupBook)? = nil) {
        self.wallet = wallet
        self.groups = groups
    }

    /// Everything that waits, oldest first, optionally of one AID.
    /// - Throws: what store and books fail with.
    public func items(of aid: AID? = nil) throws -> [WaitingItem] {
        let own = try wallet.book.load()
        let ledger = try groups?.load() ?? GroupLedger()
        let items = try wallet.store.read { transaction in
            var reader = WaitingReader(store: transaction, own: own, ledger: ledger)
            for group in ledger.groups { try reader.read(group) }
            for unread in ledger.unread { reader.read(unread) }
            for entry in try transaction.escrows(reason: nil, aid: aid, limit: Self.limit) { try reader.read(entry) }
            for one in own { try reader.readKept(one) }
            return reader.items
        }
        return items.filter { aid == nil || $0.aid == aid }.sorted { $0.since < $1.since }
    }
}

/// Turns what is kept into items, each event once.
struct WaitingReader<Transaction: KeyEventTransaction> {
    let store: Transaction
    let ledger: GroupLedger
    private let own: [AID: OwnedIdentifier]
    private(set) var items: [WaitingItem] = []
    /// Events that an item speaks of already.
    private var told: Set<SAID> = []

    init(store: Transaction, own: [OwnedIdentifier], ledger: GroupLedger) {
        self.store = store
        self.ledger = ledger
        self.own = Dictionary(own.map { ($0.aid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func isOurs(_ aid: AID) -> Bool { own[aid] != nil }
    func name(of aid: AID) -> String? { own[aid]?.name ?? ledger.group(aid)?.name }
    func isTold(_ said: SAID) -> Bool { told.contains(said) }

    mutating func add(
        _ subject: WaitingItem.Subject, of aid: AID, _ reason: EscrowReason?, _ missing: WaitingItem.Missing,
        _ detail: String, _ actor: WaitingItem.Actor, since: Timestamp, until: Timestamp?, _ remedy: WaitingItem.Remedy
    ) {
        items.append(
            WaitingItem(
                subject: subject, aid: aid, name: name(of: aid), reason: reason, missing: missing, detail: detail,
                actor: actor, since: since, until: until, remedy: remedy))
        switch subject {
        case .event(let seal, _), .groupEvent(let seal, _): told.insert(seal.said)
        default: break
        }
    }

    // MARK: Escrows

    /// An escrowed message of any kind.
    mutating func read(_ entry: EscrowEntry) throws {
        let key = entry.key
        let until =
            isOurs(key.aid) && key.reason.isOfEvents
            ? nil : key.reason.lifetime.map { entry.since.advanced(bySeconds: $0) }
        guard let stored = try? StoredMessage(entry.message) else {
            add(
                .unreadable(key), of: key.aid, key.reason, .nothing, entry.missing, .nobody, since: entry.since,
                until: until, .inspect(key.aid))
            return
        }
        switch stored.message {
        case .keyEvent(let event):
            // A copy that an earlier decision left behind waits for nothing.
            let seal = EventSeal(aid: event.aid, sn: event.sn, said: event.said)
            guard !isTold(event.said), try !isKnown(seal) else { return }
            try read(event, stored.attachments, key.reason, entry.missing, since: entry.since, until: until)
        case .receipt(let receipt):
            let signer = stored.attachments.transferableGroups.first.flatMap { AID($0.prefix) }
            let aid = try signer.flatMap { try isKnown(receipt.event) ? $0 : nil } ?? receipt.event.aid
            let place =
                aid == receipt.event.aid
                ? receipt.event.sn : SequenceNumber(stored.attachments.transferableGroups.first?.sn ?? 0)
            add(
                .receipt(receipt.event), of: receipt.event.aid, key.reason, try missing(aid, through: place),
                entry.missing, .anybody, since: entry.since, until: until, .resolve(aid))
        case .reply(let reply):
            readSigned(
                .reply(reply.said, route: reply.route), entry, until: until,
                try missing(key.aid, through: key.sn))
        case .exchange(let exchange):
            readSigned(
                .exchange(exchange.said, route: exchange.route), entry, until: until,
                try missing(key.aid, through: key.sn))
        case .query(let query):
            let asked = query.parameters.aid("i") ?? key.aid
            let wanted = try store.keyState(of: key.aid) == nil ? key.aid : asked
            let place = wanted == asked ? query.parameters.sn("s") ?? .zero : .zero
            add(
                .query(query.said, route: query.route), of: key.aid, key.reason,
                try missing(wanted, through: place), entry.missing, .anybody, since: entry.since, until: until,
                .resolve(wanted))
        case .prod, .bare, .registryEvent:
            add(
                .unreadable(key), of: key.aid, key.reason, .nothing, entry.missing, .nobody, since: entry.since,
                until: until, .inspect(key.aid))
        }
    }

    /// A message that waits for its signer's log, or, when that is here, for more of its signatures.
    private mutating func readSigned(
        _ subject: WaitingItem.Subject, _ entry: EscrowEntry, until: Timestamp?, _ missing: WaitingItem.Missing
    ) {
        let signer = entry.key.aid
        guard case .nothing = missing else {
            add(
                subject, of: signer, entry.key.reason, missing, entry.missing, .anybody, since: entry.since,
                until: until, .resolve(signer))
            return
        }
        add(
            subject, of: signer, entry.key.reason, .keys([]), entry.missing,
            isOurs(signer) ? .us(signer) : .others([signer]), since: entry.since, until: until,
            isOurs(signer) ? .sign(signer) : .wait)
    }

    private func isKnown(_ seal: EventSeal) throws -> Bool {
        try store.record(of: seal.aid, at: seal.sn, said: seal.said) != nil
    }

    /// What of a log is not here up to a place; nothing when all is.
    func missing(_ aid: AID, through place: SequenceNumber) throws -> WaitingItem.Missing {
        guard let state = try store.keyState(of: aid) else { return .log(aid) }
        guard state.sn < place, let first = state.sn.next else { return .nothing }
        return .events(aid, from: first, through: place)
    }

    // MARK: Own events that escrows forgot

    /// An own event that is kept in the wallet's book.
    mutating func readKept(_ one: OwnedIdentifier) throws {
        guard let message = one.waitingEvent, let stored = try? StoredMessage(message),
            case .keyEvent(let event) = stored.message, !isTold(event.said)
        else { return }
        guard try store.record(of: event.aid, at: event.sn, said: event.said) == nil else { return }
        try read(
            event, stored.attachments, .partialSignatures, "to be decided about again", since: one.createdAt,
            until: nil)
    }
}
