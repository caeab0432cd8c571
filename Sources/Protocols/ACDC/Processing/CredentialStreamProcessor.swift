// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes

/// Feeds a whole stream, as a credential is handed over in, to the processors: key events and receipts, registry events
/// and credentials in any mixture, each decided in its turn and reported on (facts 13.8, 20). What waited for a message is
/// decided again right behind it.
public struct CredentialStreamProcessor<Store: CredentialStore>: Sendable {
    /// Who decides about key events, receipts and replies.
    public var events: EventProcessor<Store.KeyEventLogs>
    /// Who decides about registry events and credentials.
    public var credentials: CredentialProcessor<Store>
    /// How many messages become durable together. 1 makes each durable by itself; a bulk load takes more.
    public var batch: Int
    private var parser: MessageParser
    private var credentialParser: CredentialParser
    private let limits: Limits

    /// Creates a stream processor over a store.
    public init(
        _ credentials: CredentialProcessor<Store>, policy: ProcessingPolicy = ProcessingPolicy(),
        batch: Int = 1, limits: Limits = .standard
    ) {
        self.credentials = credentials
        self.batch = max(1, batch)
        events = EventProcessor(store: credentials.store.keyEventLogs, policy: policy)
        parser = MessageParser(limits: limits)
        credentialParser = CredentialParser(limits: limits)
        self.limits = limits
    }

    /// What became of one message of a stream.
    public struct Report: Sendable {
        /// Where the message, or what could not be read as one, lies in the stream.
        public let range: Range<Int>
        /// What became of it.
        public let result: Result
    }

    /// What became of a stretch of a stream.
    public enum Result: Sendable {
        /// A key event or a message about one.
        case keyEvents(MessageKind, EventSeal?, EventOutcome)
        /// A registry event.
        case registryEvent(MessageKind, EventSeal, CredentialOutcome)
        /// A credential, with the reasons in words.
        case credential(SAID, CredentialDecision<Store.Transaction>.Judgement)
        /// The body is no KERI message.
        case unreadable(MessageError)
        /// The body is no credential.
        case unreadableCredential(CredentialError)
        /// The bytes can't be framed; reading went on at the next plausible body.
        case fault(StreamFault)
    }

    /// What was decided again because of a stream.
    public struct Resumption: Sendable, Hashable {
        /// Messages about key events that left their escrow, in order.
        public var events: [ResumedMessage] = []
        /// Registry events and credentials that left their escrow, in order.
        public var credentials: [ResumedCredentialMessage] = []
    }

    /// Reads `stream` to its end.
    ///
    /// - Parameters:
    ///   - stream: any number of messages, complete.
    ///   - origin: who made them.
    ///   - now: the time to record.
    ///   - resumes: whether to decide again about what waited for messages of the stream.
    ///   - report: told about each message in order.
    /// - Returns: what was decided again.
    /// - Throws: ``StoreError``; what was reported before is durable.
    @discardableResult public mutating func process(
        _ stream: [UInt8], origin: MessageOrigin = .remote, now: Timestamp, resumes: Bool = true,
        report: (Report) -> Void = { _ in }
    ) throws -> Resumption {
        var reader = StreamReader(limits: limits)
        var resumption = Resumption()
        var round = Round()
        while !round.isAtEnd {
            round = try credentials.store.write { (transaction: inout Store.Transaction) in
                var round = Round()
                while round.reports.count < batch {
                    guard let item = try step(&reader, stream, origin: origin, now: now, &transaction, &round) else {
                        round.isAtEnd = true
                        break
                    }
                    round.reports.append(item)
                    if resumes { try resume(&round, now: now, &transaction) }
                }
                return round
            }
            for item in round.reports { report(item) }
            resumption.events += round.resumption.events
            resumption.credentials += round.resumption.credentials
            if resumes { try finish(&round, &resumption, now: now) }
        }
        return resumption
    }

    /// What one transaction did.
    private struct Round: Sendable {
        var reports: [Report] = []
        var resumption = Resumption()
        /// Logs that have grown.
        var logs: [Wakeup] = []
        /// What else has arrived.
        var arrivals: [CredentialWakeup] = []
        var isAtEnd = false
    }

    /// Reads and decides one message; nil at the end of the stream.
    private mutating func step(
        _ reader: inout StreamReader, _ stream: [UInt8], origin: MessageOrigin, now: Timestamp,
        _ transaction: inout Store.Transaction, _ round: inout Round
    ) throws -> Report? {
        switch reader.next(in: stream.span) {
        case .end, .needMore: return nil
        case .fault(let fault): return Report(range: fault.bytes, result: .fault(fault))
        case .message(let frame):
            let body = stream.span.extracting(frame.bodyRange)
            let result =
                frame.version.protocol == .acdc
                ? try takeCredential(body, frame, now: now, &transaction, &round)
                : try takeMessage(body, frame, origin: origin, now: now, &transaction, &round)
            return Report(range: frame.range, result: result)
        }
    }

    private mutating func takeCredential(
        _ body: Span<UInt8>, _ frame: MessageFrame, now: Timestamp, _ transaction: inout Store.Transaction,
        _ round: inout Round
    ) throws -> Result {
        let credential: Credential
        do throws(CredentialError) {
            credential = try credentialParser.parse(body, version: frame.version)
        } catch { return .unreadableCredential(error) }
        let judgement = try credentials.apply(credential, with: frame.attachments, to: &transaction, now: now)
        if judgement.outcome == .accepted { round.arrivals.append(CredentialWakeup(.credential(credential.said))) }
        return .credential(credential.said, judgement)
    }

    private mutating func takeMessage(
        _ body: Span<UInt8>, _ frame: MessageFrame, origin: MessageOrigin, now: Timestamp,
        _ transaction: inout Store.Transaction, _ round: inout Round
    ) throws -> Result {
        let message: Message
        do throws(MessageError) {
            message = try parser.parse(body, version: frame.version)
        } catch { return .unreadable(error) }
        if case .registryEvent(let event) = message {
            let outcome = try credentials.apply(event, with: frame.attachments, to: &transaction, now: now)
            if outcome == .accepted { round.arrivals.append(CredentialWakeup(event.arrival)) }
            return .registryEvent(event.kind, event.seal, outcome)
        }
        let outcome = try transaction.withKeyEvents { logs in
            try events.apply(message, with: frame.attachments, origin: origin, to: &logs, now: now)
        }
        if outcome.wakesOthers, let subject = message.subject {
            round.logs.append(Wakeup(subject.aid))
            round.arrivals.append(CredentialWakeup(.keyEvents(subject.aid)))
        }
        return .keyEvents(message.kind, message.subject, outcome)
    }

    // MARK: Waking

    /// Decides again about what waited for what has arrived, as far as the bound for one transaction goes.
    private func resume(
        _ round: inout Round, now: Timestamp, _ transaction: inout Store.Transaction
    ) throws {
        if !round.logs.isEmpty {
            let logs = round.logs
            let result = try transaction.withKeyEvents { try events.resume(logs, in: &$0, now: now) }
            for message in result.resumed where message.outcome?.wakesOthers == true {
                round.arrivals.append(CredentialWakeup(.keyEvents(message.key.aid)))
            }
            round.resumption.events += result.resumed
            round.logs = result.remaining
        }
        guard !round.arrivals.isEmpty else { return }
        let result = try credentials.resume(round.arrivals, in: &transaction, now: now)
        round.resumption.credentials += result.resumed
        round.arrivals = result.remaining
    }

    /// Goes on with what the bound left, a transaction at a time, so that other writers get in between.
    private func finish(_ round: inout Round, _ resumption: inout Resumption, now: Timestamp) throws {
        while !round.logs.isEmpty || !round.arrivals.isEmpty {
            let left = round
            round = try credentials.store.write { (transaction: inout Store.Transaction) in
                var next = Round()
                (next.logs, next.arrivals, next.isAtEnd) = (left.logs, left.arrivals, left.isAtEnd)
                try resume(&next, now: now, &transaction)
                return next
            }
            resumption.events += round.resumption.events
            resumption.credentials += round.resumption.credentials
        }
    }
}

extension StreamFault {
    /// The bytes that are lost to the fault.
    fileprivate var bytes: Range<Int> {
        let start = body?.range.lowerBound ?? offset
        return start..<max(start, resumesAt)
    }
}
