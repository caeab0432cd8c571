// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KelmarkBytes

/// What became of one message of a stream.
public struct MessageReport: Sendable {
    /// Where the message, or what could not be read as one, lies in the stream.
    public let range: Range<Int>
    /// What became of it.
    public let result: Result

    /// What became of a stretch of a stream.
    public enum Result: Sendable {
        /// A message was decided about.
        case decided(MessageKind, EventSeal?, EventOutcome)
        /// The body is no KERI message.
        case unreadable(MessageError)
        /// The bytes can't be framed; reading went on at the next plausible body.
        case fault(StreamFault)
    }
}

/// Feeds a whole stream to an ``EventProcessor``: frames, types, decides, and reports on every message.
public struct StreamProcessor<Store: KeyEventStore>: Sendable {
    /// Who decides.
    public var processor: EventProcessor<Store>
    /// How many messages become durable together. 1 makes each durable by itself; a bulk load takes more.
    public var batch: Int
    private var parser: MessageParser
    private let limits: Limits

    /// Creates a stream processor.
    public init(_ processor: EventProcessor<Store>, batch: Int = 1, limits: Limits = .standard) {
        self.processor = processor
        self.batch = max(1, batch)
        self.limits = limits
        self.parser = MessageParser(limits: limits)
    }

    /// Reads `stream` to its end. Escrows are not tried again by themselves; ``EventProcessor/resume(now:)`` does that.
    ///
    /// - Parameters:
    ///   - stream: any number of messages, complete.
    ///   - origin: who made them.
    ///   - now: the time to record.
    ///   - report: told about each message in order.
    /// - Throws: ``StoreError``; what was reported before is durable.
    public mutating func process(
        _ stream: [UInt8], origin: MessageOrigin = .remote, now: Timestamp, report: (MessageReport) -> Void = { _ in }
    ) throws {
        var reader = StreamReader(limits: limits)
        var isAtEnd = false
        while !isAtEnd {
            var reports: [MessageReport] = []
            let result = try processor.store.write { transaction in
                var reports: [MessageReport] = []
                for _ in 0..<batch {
                    guard let next = try step(&reader, stream, origin: origin, now: now, in: &transaction) else {
                        return (reports, true)
                    }
                    reports.append(next)
                }
                return (reports, false)
            }
            (reports, isAtEnd) = result
            for item in reports { report(item) }
        }
    }

    /// Reads and decides one message; nil at the end of the stream.
    private mutating func step(
        _ reader: inout StreamReader, _ stream: [UInt8], origin: MessageOrigin, now: Timestamp,
        in transaction: inout Store.Transaction
    ) throws -> MessageReport? {
        switch reader.next(in: stream.span) {
        case .end, .needMore: return nil
        case .fault(let fault): return MessageReport(range: fault.range, result: .fault(fault))
        case .message(let frame):
            let range = frame.range
            let message: Message
            do throws(MessageError) {
                message = try parser.parse(stream.span.extracting(frame.bodyRange), version: frame.version)
            } catch { return MessageReport(range: range, result: .unreadable(error)) }
            let outcome = try processor.apply(
                message, with: frame.attachments, origin: origin, to: &transaction, now: now)
            return MessageReport(range: range, result: .decided(message.kind, message.subject, outcome))
        }
    }
}

extension StreamFault {
    /// The bytes that are lost to the fault.
    var range: Range<Int> {
        let start = body?.range.lowerBound ?? offset
        return start..<max(start, resumesAt)
    }
}

extension Message {
    /// The type of the message.
    public var kind: MessageKind {
        switch self {
        case .keyEvent(let event): MessageKind(event.kind)
        case .receipt: .receipt
        case .reply: .reply
        case .query: .query
        case .prod: .prod
        case .bare: .bare
        case .exchange: .exchange
        case .registryEvent(let event): event.kind
        }
    }

    /// The event that the message is or speaks of.
    public var subject: EventSeal? {
        switch self {
        case .keyEvent(let event): EventSeal(aid: event.aid, sn: event.sn, said: event.said)
        case .receipt(let receipt): receipt.event
        default: nil
        }
    }
}

extension MessageKind {
    /// A key event's kind as a message kind.
    public init(_ kind: KeyEventKind) {
        switch kind {
        case .inception: self = .inception
        case .rotation: self = .rotation
        case .interaction: self = .interaction
        case .delegatedInception: self = .delegatedInception
        case .delegatedRotation: self = .delegatedRotation
        }
    }
}
