// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes
private import KelmarkCrypto

/// One answer about an AID, typed: its events, the logs of its delegators, receipts, and where its endpoints are.
/// Everything else that a peer might send along is left out, so that nobody can fill a watcher's store with strangers.
struct ShownLog {
    /// The events of the AID in the order in which they were shown.
    private(set) var events: [SignedEvent] = []
    /// All that is worth processing, in order.
    private(set) var messages: [(message: Message, attachments: Attachments)] = []
    /// The part of the answer that need not be read again.
    private(set) var settled: AnswerPrefix?
    /// Whether something in the answer was no message.
    private(set) var hasFaults = false

    /// Reads an answer.
    ///
    /// - Parameters:
    ///   - answer: the whole body.
    ///   - aid: whom it was asked about.
    ///   - known: the part of the last answer of the same source that was taken in.
    ///   - delegators: the chain of delegators as far as it is known.
    ///   - endpoints: AIDs whose locations are of interest.
    init(
        _ answer: [UInt8], about aid: AID, known: AnswerPrefix?, delegators: Set<AID>, endpoints: Set<AID>,
        limits: Limits
    ) {
        var start = 0
        if let known, known.count <= answer.count, Self.digest(answer, known.count) == known.digest {
            start = known.count
            settled = known
        }
        var all: [(message: Message, attachments: Attachments)] = []
        var end = start
        var reader = StreamReader(limits: limits)
        var parser = MessageParser(limits: limits)
        let rest = answer.span.extracting(droppingFirst: start)
        reading: while true {
            switch reader.next(in: rest) {
            case .end, .needMore: break reading
            case .fault: hasFaults = true
            case .message(let frame):
                guard
                    let message = try? parser.parse(rest.extracting(frame.bodyRange), version: frame.version)
                else {
                    hasFaults = true
                    continue
                }
                all.append((message, frame.attachments))
                if case .keyEvent(let event) = message, event.aid == aid {
                    events.append(SignedEvent(event: event, attachments: frame.attachments))
                    end = start + frame.range.upperBound
                }
            }
        }
        let logs = Self.chain(of: aid, delegators, in: all)
        messages = all.filter { Self.isOfInterest($0.message, about: aid, logs: logs, endpoints: endpoints) }
        if end > start, !hasFaults { settled = AnswerPrefix(count: end, digest: Self.digest(answer, end)) }
    }

    private static func digest(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        DigestAlgorithm.blake3_256.digest(bytes.span.extracting(first: count))
    }

    /// The AID and everybody who delegated above it, by what is known and what the answer says.
    private static func chain(
        of aid: AID, _ delegators: Set<AID>, in all: [(message: Message, attachments: Attachments)]
    ) -> Set<AID> {
        var named: [AID: AID] = [:]
        for case (.keyEvent(let event), _) in all { if let above = event.delegator { named[event.aid] = above } }
        var logs = delegators.union([aid])
        var next: AID? = named[aid]
        while let above = next, logs.insert(above).inserted || named[above] != nil, logs.count <= 64 {
            next = named.removeValue(forKey: above)
        }
        return logs
    }

    private static func isOfInterest(_ message: Message, about aid: AID, logs: Set<AID>, endpoints: Set<AID>) -> Bool {
        switch message {
        case .keyEvent(let event): logs.contains(event.aid)
        case .receipt(let receipt): logs.contains(receipt.event.aid)
        case .reply(let reply) where reply.route == "/loc/scheme":
            reply.payload.aid("eid").map { endpoints.contains($0) || $0 == aid } ?? false
        case .reply(let reply) where reply.route.hasPrefix("/end/role/"): reply.payload.aid("cid") == aid
        default: false
        }
    }
}
