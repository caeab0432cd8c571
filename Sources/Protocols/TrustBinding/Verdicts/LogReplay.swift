// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes
internal import SPIFFE

/// The key event logs of a proof file, fed to the same event processor that every other log goes through, into a
/// fresh store.
struct LogReplay {
    let store = MemoryKeyEventStore()
    /// What is wrong with the log of each AID of the file, most decisive first.
    private(set) var findings: [String: [Finding]] = [:]
    /// AIDs whose log was cut at a position, and goes on behind it in the file.
    private(set) var cutLogs: Set<String> = []

    struct Finding: Hashable {
        let verdict: Verdict
        let reason: Reason
    }

    /// Replays every log of `file`; of the logs that `positions` name only what was accepted up to there.
    init(_ file: ProofFile, positions: [LogPosition], now: CertificateTime) {
        // What was accepted by then, is only known when the log is known that came of it.
        let whole = positions.isEmpty ? nil : LogReplay(file, positions: [], now: now)
        let seconds = Timestamp(seconds: now.seconds)
        // A file is bounded by its size; an escrow that overflowed would turn what is missing into what is false.
        let escrows = EscrowLimits(perAID: .max, total: .max)
        var stream = StreamProcessor(
            EventProcessor(store: store, policy: ProcessingPolicy(escrowLimits: escrows)), batch: 256)
        var kept: [(part: ProofPart, events: [LoggedEvent])] = []
        var refusals: [String: String] = [:]
        for part in file.parts(.keyEventLog) {
            var events = part.events
            if let whole, let position = positions.first(where: { $0.aid.text == part.name.id }) {
                events = whole.events(of: part, upTo: position)
                if events.count < part.events.count { cutLogs.insert(part.name.id) }
            }
            kept.append((part, events))
            let bytes = events.flatMap { part.content[$0.range] }
            do {
                var unreadable = false
                try stream.process(bytes, now: seconds) { report in
                    switch report.result {
                    case .decided(_, let event?, .rejected(let refusal)): refusals[event.said.text] = refusal.rawValue
                    case .decided: break
                    case .unreadable, .fault: unreadable = true
                    }
                }
                if unreadable { add(.contradicted, "event-unreadable", part.name.description, to: part.name.id) }
            } catch {
                add(.undecidable, "store", "the events can't be kept", to: part.name.id)
            }
        }
        let resumed = (try? stream.processor.resume(now: seconds)) ?? []
        for item in resumed {
            if case .rejected(let refusal) = item.outcome { refusals[item.key.said.text] = refusal.rawValue }
        }
        for (part, events) in kept { judge(part, events, refusals) }
    }

    private mutating func add(_ verdict: Verdict, _ code: String, _ detail: String, to aid: String) {
        findings[aid, default: []].append(Finding(verdict: verdict, reason: Reason(code, detail)))
    }

    // MARK: Each event of the file must stand in the log

    private mutating func judge(_ part: ProofPart, _ events: [LoggedEvent], _ refusals: [String: String]) {
        let id = part.name.id
        guard let aid = AID(id) else {
            add(.contradicted, "aid-malformed", "\(id) is no AID", to: id)
            return
        }
        let waiting = (try? store.read { $0.escrows(reason: nil, aid: aid, limit: events.count) }) ?? []
        let waitingBySAID = Dictionary(waiting.map { ($0.key.said, $0) }) { first, _ in first }
        var seen: Set<SAID> = []
        for event in events {
            let place = event.position
            let message = Array(part.content[event.range])
            guard let said = SAID(place.said) else {
                add(.contradicted, "event-refused", "\(place): malformed", to: id)
                continue
            }
            if !seen.insert(said).inserted {
                add(.contradicted, "event-repeated", "\(place): the log holds it twice", to: id)
                continue
            }
            let record = try? store.read { $0.record(of: aid, at: SequenceNumber(place.sn), said: said) }
            if let record {
                if !message.starts(with: record.bytes) {
                    add(.contradicted, "event-forged", "\(place): its content is not what its digest names", to: id)
                } else if !Self.everySignatureHolds(of: message, in: record.proof) {
                    add(.contradicted, "signature-invalid", "\(place): a signature does not verify", to: id)
                }
            } else if let entry = waitingBySAID[said] {
                judge(waiting: entry, message, at: place)
            } else {
                add(.contradicted, "event-refused", "\(place): \(refusals[place.said] ?? "unreadable")", to: id)
            }
        }
        for record in (try? store.read { $0.duplicities(of: aid) }) ?? [] {
            let both = "\(record.accepted) and \(record.other)"
            add(.contradicted, "duplicity", "\(id) signed two events at \(record.sn): \(both)", to: id)
        }
        findings[id]?.sort { $0.verdict == .contradicted && $1.verdict != .contradicted }
    }

    /// Whether every attached signature, and every receipt by a key, is among those that the processor verified.
    private static func everySignatureHolds(of message: [UInt8], in proof: EventProof) -> Bool {
        guard let attachments = attachments(of: message) else { return false }
        let controllers = Set(proof.controllerSignatures)
        let witnesses = Set(proof.witnessSignatures)
        let witnessed = Set(proof.witnessSignatures.map(\.raw))
        let receipts = Set(proof.receipts.map(\.signature))
        return attachments.controllerSignatures.allSatisfy(controllers.contains)
            && attachments.witnessSignatures.allSatisfy(witnesses.contains)
            && attachments.nonTransferableReceipts.allSatisfy {
                receipts.contains($0.signature) || witnessed.contains($0.signature.raw)
            }
    }

    private static func attachments(of message: [UInt8]) -> Attachments? {
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: message.span) else { return nil }
        return frame.attachments
    }

    private mutating func judge(waiting entry: EscrowEntry, _ message: [UInt8], at place: EventPosition) {
        let detail = "\(place): \(entry.missing)"
        switch entry.key.reason {
        case .likelyDuplicitous:
            add(.contradicted, "event-conflicting", "\(place): another event stands there", to: place.aid)
        case .partialSignatures where hasFalseSignature(message, of: entry.key.aid),
            .partialWitnesses where hasFalseReceipt(message, of: entry.key.aid):
            add(.contradicted, "signature-invalid", "\(place): a signature does not verify", to: place.aid)
        case .partialSignatures: add(.undecidable, "signatures-missing", detail, to: place.aid)
        case .partialWitnesses: add(.undecidable, "receipts-missing", detail, to: place.aid)
        case .partialDelegation: add(.undecidable, "delegation-seal-missing", detail, to: place.aid)
        case .outOfOrder: add(.undecidable, "event-missing", "\(place): an earlier event is missing", to: place.aid)
        default: add(.undecidable, "event-waiting", detail, to: place.aid)
        }
    }

    /// Whether an event that waits for signatures has one that is not its key's.
    private func hasFalseSignature(_ message: [UInt8], of aid: AID) -> Bool {
        guard let (event, attachments) = Self.read(message) else { return true }
        let keys = event.establishment?.keys ?? state(of: aid)?.keys ?? []
        return !Self.all(attachments.controllerSignatures, areOf: keys, over: event)
    }

    /// Whether an event that waits for receipts has one that is not its witness's.
    private func hasFalseReceipt(_ message: [UInt8], of aid: AID) -> Bool {
        guard let (event, attachments) = Self.read(message) else { return true }
        var witnesses = state(of: aid)?.witnesses ?? []
        if let stated = event.establishment {
            witnesses = witnesses.filter { !stated.witnessesCut.contains($0) } + stated.witnessesAdded
        }
        return !Self.all(attachments.witnessSignatures, areOf: witnesses.compactMap(\.key), over: event)
    }

    private static func all(
        _ signatures: [IndexedSignature], areOf keys: [VerificationKey], over event: KeyEvent
    ) -> Bool {
        signatures.allSatisfy { signature in
            keys.indices.contains(signature.index)
                && keys[signature.index].verifies(signature.span, over: event.bytes.span)
        }
    }

    private static func read(_ message: [UInt8]) -> (event: KeyEvent, attachments: Attachments)? {
        var reader = StreamReader()
        var parser = MessageParser()
        guard case .message(let frame) = reader.next(in: message.span),
            case .keyEvent(let event)? = try? parser.parse(
                message.span.extracting(frame.bodyRange), version: frame.version)
        else { return nil }
        return (event, frame.attachments)
    }

    // MARK: What the logs say

    /// The state of an AID after its last accepted event.
    func state(of aid: AID) -> KeyState? {
        (try? store.read { $0.keyState(of: aid) }) ?? nil
    }

    /// The accepted event at a position of the current branch.
    func event(of aid: AID, at sn: SequenceNumber) -> EventRecord? {
        guard let state = state(of: aid), sn <= state.sn else { return nil }
        return (try? store.read { $0.record(of: aid, at: sn) }) ?? nil
    }

    /// The events of the current branch in order.
    func trunk(of aid: AID) -> [EventRecord] {
        guard let state = state(of: aid) else { return [] }
        var events: [EventRecord] = []
        var sn: SequenceNumber? = .zero
        while let place = sn, place <= state.sn, let record = event(of: aid, at: place) {
            events.append(record)
            sn = place.next
        }
        return events
    }

    /// Every accepted event, of superseded branches too, in order of acceptance.
    func everyEvent(of aid: AID) -> [EventRecord] {
        (try? store.read { $0.records(of: aid, from: 0, limit: 1 << 30) }) ?? []
    }

    /// The newest event of an AID that counts.
    func newest(of aid: AID) -> EventPosition? {
        state(of: aid).map { EventPosition(aid: aid.text, sn: $0.sn.value, said: $0.said.text) }
    }
}
