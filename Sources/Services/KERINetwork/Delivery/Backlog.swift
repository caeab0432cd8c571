// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

/// The events of an own AID that its witnesses may lack: read from the store, so that it is right after any crash.
struct Backlog: Sendable {
    /// One event with what proves it.
    struct Event: Sendable {
        let seal: EventSeal
        let body: [UInt8]
        /// The controller's signatures and the seal source, as text.
        let attachments: [UInt8]
        /// The witnesses in force at the event.
        let witnesses: [AID]
        /// The receipts of witnesses, as couples.
        let couples: [NonTransferableReceipt]
        /// Whether the event stands in the log.
        let isAccepted: Bool

        func isReceipted(by witness: AID) -> Bool { couples.contains { $0.key == witness.primitive } }
    }

    /// Whose.
    let aid: AID
    /// The latest events in order, the one that waits for receipts last.
    let events: [Event]
    /// The witnesses of the latest event.
    let witnesses: [AID]
    /// How many must receipt it.
    let threshold: UInt32
    /// Whether the AID has a delegator.
    let isDelegated: Bool
    /// The witnesses that the latest establishment event added.
    private let added: Set<AID>

    /// Farther back no witness is served: it gets the log as a whole.
    private static let depth = 64

    /// What there is to deliver of an AID; nil when it has no witnesses or nothing that can be delivered.
    init?<Store: KeyEventStore>(_ aid: AID, _ wallet: Wallet<Store>) throws {
        let waiting = try wallet.book.load().first { $0.aid == aid }?.waitingEvent
        let found: (events: [Event], threshold: UInt32, added: [AID], isDelegated: Bool)? = try wallet.store.read {
            transaction in
            let state = try transaction.keyState(of: aid)
            var events: [Event] = []
            if let state {
                var position: SequenceNumber? = state.sn
                while let sn = position, events.count < Self.depth {
                    guard let record = try transaction.record(of: aid, at: sn),
                        let then = try transaction.trunkState(of: aid, through: sn)
                    else { break }
                    events.append(try Event(record, then.witnesses))
                    // Behind an establishment event the list is another one; what lies before was delivered then.
                    if sn == state.establishmentSn { break }
                    position = sn.previous
                }
                events.reverse()
            }
            if let waiting, let stored = try? StoredMessage(waiting), case .keyEvent(let event) = stored.message {
                let key = EscrowKey(reason: .partialWitnesses, aid: aid, sn: event.sn, said: event.said)
                // An event that waits for anything else is not ready for witnesses.
                guard let entry = try transaction.escrow(key), let kept = try? StoredMessage(entry.message) else {
                    guard let state else { return nil }
                    return (events, state.witnessThreshold, state.establishmentAdds, state.delegator != nil)
                }
                let list = Self.witnesses(after: event, state)
                let source =
                    try event.kind.needsDelegator
                    ? (event.delegator ?? state?.delegator).flatMap { delegator in
                        try transaction.keyState(of: delegator).flatMap {
                            try transaction.trunkSealing(
                                EventSeal(aid: aid, sn: event.sn, said: event.said), by: $0)
                        }
                    } : nil
                events.append(try Event(event, kept.attachments, list, sealedAt: source))
                return (
                    events, event.establishment?.witnessThreshold ?? state?.witnessThreshold ?? 0,
                    event.establishment?.witnessesAdded ?? state?.establishmentAdds ?? [],
                    event.kind.needsDelegator || state?.delegator != nil
                )
            }
            guard let state else { return nil }
            let adds = state.establishmentSn == .zero ? state.witnesses : state.establishmentAdds
            return (events, state.witnessThreshold, adds, state.delegator != nil)
        }
        guard let found, let last = found.events.last, !last.witnesses.isEmpty else { return nil }
        self.aid = aid
        events = found.events
        witnesses = last.witnesses
        threshold = found.threshold
        added = Set(found.added)
        isDelegated = found.isDelegated
    }

    /// Whether the latest event has its receipts and stands in the log.
    var isMet: Bool { events.last.map { $0.isAccepted && $0.couples.count >= Int(threshold) } ?? true }

    /// What a witness has not receipted, oldest first: everything behind the last event that it has.
    func lacking(_ witness: AID) -> [Event] {
        let own = events.filter { $0.witnesses.contains(witness) }
        guard let last = own.lastIndex(where: { $0.isReceipted(by: witness) }) else { return own }
        return Array(own[(last + 1)...])
    }

    /// The events whose receipts the witnesses are told of.
    var told: [Event] { Array(events.suffix(4)) }

    /// The log from a few events before a place on, with all receipts that are here: before a witness goes away, its
    /// last round of receipts may have been lost.
    func replay<Store: KeyEventStore>(from first: SequenceNumber, _ wallet: Wallet<Store>) throws -> [UInt8] {
        try replay(startingAt: SequenceNumber(first.value > 4 ? first.value - 4 : 0), wallet)
    }

    private func replay<Store: KeyEventStore>(
        startingAt start: SequenceNumber, _ wallet: Wallet<Store>
    ) throws -> [UInt8] {
        try wallet.store.read { transaction in
            var stream: [UInt8] = []
            var place: SequenceNumber? = start
            while let sn = place, let last = events.last?.seal.sn, sn <= last,
                let record = try transaction.record(of: aid, at: sn)
            {
                stream += try LogReplay.message(of: record)
                place = sn.next
            }
            return stream
        }
    }

    /// Whether a witness was added by the latest establishment event, so that it may have seen nothing before.
    func isNew(_ witness: AID) -> Bool { added.contains(witness) }

    /// The logs that the latest event rests on: those of the delegators and the AID's own accepted events.
    func foundation<Store: KeyEventStore>(_ wallet: Wallet<Store>) throws -> [UInt8] {
        let isKnown = try wallet.keyState(of: aid) != nil
        guard isKnown || isDelegated else { return [] }
        return try wallet.export(aid, withDelegators: true, withWaiting: false, allowsUnknown: true)
    }

    /// The part of ``foundation(_:)`` that a witness may lack: what lies behind the last event that it has receipted. A
    /// witness that comes back from a short absence must not have to read a long log again.
    func foundation<Store: KeyEventStore>(of witness: AID, _ wallet: Wallet<Store>) throws -> [UInt8] {
        guard !isDelegated, !isNew(witness), let key = VerificationKey(witness.primitive),
            let known = try wallet.store.read({ transaction -> SequenceNumber? in
                var position = events.first?.seal.sn.previous
                for _ in 0..<1024 {
                    guard let sn = position, let record = try transaction.record(of: aid, at: sn) else { return nil }
                    let isReceipted = record.proof.witnessSignatures.contains {
                        key.verifies($0.span, over: record.bytes.span)
                    }
                    if isReceipted { return sn }
                    position = sn.previous
                }
                return nil
            }), let next = known.next
        else { return try foundation(wallet) }
        return try replay(startingAt: next, wallet)
    }

    /// Whether the store holds a receipt by now.
    static func isReceipted<Store: KeyEventStore>(
        _ event: Event, by witness: AID, _ wallet: Wallet<Store>
    ) throws -> Bool {
        guard let index = event.witnesses.firstIndex(of: witness) else { return false }
        return try wallet.store.read { transaction in
            let seal = event.seal
            if let record = try transaction.record(of: seal.aid, at: seal.sn, said: seal.said) {
                return record.proof.witnessSignatures.contains { $0.index == index }
            }
            let key = EscrowKey(reason: .partialWitnesses, aid: seal.aid, sn: seal.sn, said: seal.said)
            guard let entry = try transaction.escrow(key), let kept = try? StoredMessage(entry.message) else {
                return false
            }
            return kept.attachments.witnessSignatures.contains { $0.index == index }
        }
    }

    private static func witnesses(after event: KeyEvent, _ state: KeyState?) -> [AID] {
        guard let stated = event.establishment else { return state?.witnesses ?? [] }
        guard !event.kind.isInception else { return stated.witnessesAdded }
        return (state?.witnesses ?? []).filter { !stated.witnessesCut.contains($0) } + stated.witnessesAdded
    }
}

extension Backlog.Event {
    /// An event of the log.
    init(_ record: EventRecord, _ witnesses: [AID]) throws {
        var proof = record.proof
        proof.receipts = []
        proof.transferableReceipts = []
        let couples = Self.couples(proof.witnessSignatures, witnesses)
        proof.witnessSignatures = []
        self.init(
            seal: EventSeal(aid: record.aid, sn: record.sn, said: record.said), body: record.bytes,
            attachments: try proof.attachments.encoded(in: .text), witnesses: witnesses, couples: couples,
            isAccepted: true)
    }

    /// An event that waits for receipts.
    init(_ event: KeyEvent, _ attachments: Attachments, _ witnesses: [AID], sealedAt source: SealSource?) throws {
        var sent = Attachments()
        sent.controllerSignatures = attachments.controllerSignatures
        if let source { sent.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)] }
        self.init(
            seal: EventSeal(aid: event.aid, sn: event.sn, said: event.said), body: event.bytes,
            attachments: try sent.encoded(in: .text), witnesses: witnesses,
            couples: Self.couples(attachments.witnessSignatures, witnesses), isAccepted: false)
    }

    private static func couples(_ signatures: [IndexedSignature], _ witnesses: [AID]) -> [NonTransferableReceipt] {
        signatures.compactMap { signature in
            guard witnesses.indices.contains(signature.index),
                let plain = try? Primitive(code: .ed25519Signature, raw: signature.raw)
            else { return nil }
            return NonTransferableReceipt(key: witnesses[signature.index].primitive, signature: plain)
        }
    }
}
