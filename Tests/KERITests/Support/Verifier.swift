// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes

@testable import KERI

/// A processor over a store in memory with a clock that stands still unless told otherwise.
final class Verifier {
    var processor: EventProcessor<MemoryKeyEventStore>
    var now = Timestamp(seconds: 1_750_000_000)
    private var wakeups: [Wakeup] = []

    var store: MemoryKeyEventStore { processor.store }

    init(_ policy: ProcessingPolicy = ProcessingPolicy(), store: MemoryKeyEventStore = MemoryKeyEventStore()) {
        processor = EventProcessor(store: store, policy: policy)
    }

    @discardableResult
    func offer(_ signed: Signed, origin: MessageOrigin = .remote) throws -> EventOutcome {
        try offer(.keyEvent(signed.event), signed.attachments, origin: origin)
    }

    /// Offers all; returns the outcomes.
    @discardableResult
    func offer(_ all: [Signed], origin: MessageOrigin = .remote) throws -> [EventOutcome] {
        try all.map { try offer($0, origin: origin) }
    }

    @discardableResult
    func offer(
        _ message: Message, _ attachments: Attachments, origin: MessageOrigin = .remote
    ) throws -> EventOutcome {
        let outcome = try processor.process(message, with: attachments, origin: origin, now: now)
        if outcome.wakesOthers, let aid = message.subject?.aid { wakeups.append(Wakeup(aid)) }
        return outcome
    }

    /// What a service would do since the last call: wakes what the offered messages may have freed.
    @discardableResult
    func wake(limit: Int = 1024) throws -> [ResumedMessage] {
        var resumed: [ResumedMessage] = []
        while !wakeups.isEmpty {
            let result = try processor.resume(wakeups, now: now, limit: limit)
            resumed += result.resumed
            wakeups = result.remaining
        }
        return resumed
    }

    /// Offers a body that is not a key event.
    @discardableResult
    func offer(body: [UInt8], format: DocumentFormat = .json, _ attachments: Attachments) throws -> EventOutcome {
        var parser = MessageParser()
        return try offer(try parser.parse(body.span, format: format), attachments)
    }

    @discardableResult
    func resume() throws -> [ResumedMessage] { try processor.resume(now: now) }

    func wait(_ seconds: Int64) { now = now.advanced(bySeconds: seconds) }

    func state(of aid: AID) throws -> KeyState? { try store.read { $0.keyState(of: aid) } }
    func sn(of aid: AID) throws -> UInt128? { try state(of: aid)?.sn.value }
    func record(of aid: AID, at sn: UInt128) throws -> EventRecord? {
        try store.read { $0.record(of: aid, at: SequenceNumber(sn)) }
    }
    func log(of aid: AID) throws -> [EventRecord] { try store.read { $0.records(of: aid, from: 0, limit: .max) } }
    func escrows(_ reason: EscrowReason? = nil, of aid: AID? = nil) throws -> [EscrowEntry] {
        try store.read { $0.escrows(reason: reason, aid: aid, limit: .max) }
    }
    func duplicities(of aid: AID? = nil) throws -> [DuplicityRecord] { try store.read { $0.duplicities(of: aid) } }
    func reply(_ key: ReplyKey) throws -> ReplyRecord? { try store.read { $0.reply(key) } }
}

extension Attachments {
    init(_ fill: (inout Attachments) throws -> Void) rethrows {
        self.init()
        try fill(&self)
    }
}
