// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KelmarkBytes
internal import Synchronization

/// Feeds a long stream to an ``EventProcessor`` with the signature checks spread over several threads.
///
/// The stream goes through three stages a chunk at a time: it is framed and typed, its signatures are checked with
/// guessed keys, and it is decided about in order. While the signatures of one chunk are checked, one of the threads
/// decides about the chunk before and prepares the one behind. Decisions are the same, and in the same order, as those
/// of ``StreamProcessor``: a checked signature is a hint that the decision takes only if it would check the same thing.
public struct BulkReplay<Store: KeyEventStore, Executor: ParallelExecutor>: Sendable {
    private let processor: EventProcessor<Store>
    private let executor: Executor
    private let batch: Int
    private let chunk: Int
    private let limits: Limits

    /// Creates a replay.
    ///
    /// - Parameters:
    ///   - processor: who decides.
    ///   - executor: who runs the checks.
    ///   - batch: how many messages become durable together.
    ///   - chunk: how many messages are checked together.
    ///   - limits: bounds for the messages of the stream.
    public init(
        _ processor: EventProcessor<Store>, executor: Executor, batch: Int = 1, chunk: Int = 1024,
        limits: Limits = .standard
    ) {
        self.processor = processor
        self.executor = executor
        self.batch = max(1, batch)
        self.chunk = max(1, chunk)
        self.limits = limits
    }

    /// Reads `stream` to its end.
    ///
    /// - Parameters:
    ///   - stream: any number of messages, complete.
    ///   - origin: who made them.
    ///   - now: the time to record.
    ///   - report: told about each message in order.
    /// - Throws: ``StoreError``; what was reported before is durable.
    public func process(
        _ stream: [UInt8], origin: MessageOrigin = .remote, now: Timestamp, report: (MessageReport) -> Void = { _ in }
    ) throws {
        let stages = Mutex(Stages(limits: limits))
        var checking: [Item] = try stages.withLock { try $0.prepare(chunk, of: stream, store: processor.store) }
        var deciding: [Item] = []
        while !checking.isEmpty || !deciding.isEmpty {
            let blocks = (checking.count + Self.blockSize - 1) / Self.blockSize
            let results = Mutex<[Int: [SignatureChecks]]>([:])
            let (current, previous) = (checking, deciding)
            executor.run(blocks + 1) { number in
                guard number > 0 else {
                    stages.withLock { $0.advance(previous, self, chunk, stream, origin: origin, now: now) }
                    return
                }
                let first = (number - 1) * Self.blockSize
                let checks = current[first..<min(first + Self.blockSize, current.count)].map { $0.checks() }
                results.withLock { $0[number - 1] = checks }
            }
            let (reports, next, failure) = stages.withLock { $0.take() }
            for item in reports { report(item) }
            if let failure { throw failure }
            let checks = results.withLock { $0 }
            for block in 0..<blocks {
                for (place, result) in (checks[block] ?? []).enumerated() {
                    checking[block * Self.blockSize + place].results = result
                }
            }
            deciding = checking
            checking = next
        }
    }

    /// How many messages one piece of work checks: small enough to keep all threads busy to the end of a chunk.
    private static var blockSize: Int { 16 }

    /// One message on its way through the stages.
    private struct Item: Sendable {
        let range: Range<Int>
        let content: Content
        var results = SignatureChecks.none

        enum Content: Sendable {
            case event(KeyEvent, Attachments, controllers: [VerificationKey?], witnesses: [VerificationKey?])
            case other(Message, Attachments)
            case report(MessageReport.Result)
        }

        /// Checks the signatures of an event with the guessed keys.
        func checks() -> SignatureChecks {
            guard case .event(let event, let attachments, let controllers, let witnesses) = content else {
                return .none
            }
            func check(_ signatures: [IndexedSignature], _ keys: [VerificationKey?]) -> [SignatureChecks.Result?] {
                zip(signatures, keys).map { signature, key in
                    key.map { .init(key: $0, isValid: $0.verifies(signature, over: event.bytes.span)) }
                }
            }
            return SignatureChecks(
                controllers: check(attachments.controllerSignatures, controllers),
                witnesses: check(attachments.witnessSignatures, witnesses))
        }
    }

    /// The stages that run on one thread at a time.
    private struct Stages: Sendable {
        private var reader: StreamReader
        private var parser: MessageParser
        private var guesses = KeyGuesses()
        private var reports: [MessageReport] = []
        private var next: [Item] = []
        private var failure: (any Error)?

        init(limits: Limits) {
            reader = StreamReader(limits: limits)
            parser = MessageParser(limits: limits)
        }

        /// Hands over what ``advance(_:_:_:_:origin:now:)`` came to.
        mutating func take() -> ([MessageReport], [Item], (any Error)?) {
            defer {
                reports = []
                next = []
            }
            return (reports, next, failure)
        }

        /// Decides about one chunk and prepares another.
        mutating func advance(
            _ items: [Item], _ replay: BulkReplay, _ chunk: Int, _ stream: [UInt8], origin: MessageOrigin,
            now: Timestamp
        ) {
            do {
                var first = 0
                while first < items.count {
                    let batch = items[first..<min(first + replay.batch, items.count)]
                    reports += try replay.processor.store.write { transaction in
                        try batch.map { try Self.decide($0, replay.processor, &transaction, origin: origin, now: now) }
                    }
                    first += replay.batch
                }
                next = try prepare(chunk, of: stream, store: replay.processor.store)
            } catch { failure = error }
        }

        private static func decide(
            _ item: Item, _ processor: EventProcessor<Store>, _ transaction: inout Store.Transaction,
            origin: MessageOrigin, now: Timestamp
        ) throws -> MessageReport {
            switch item.content {
            case .report(let result): return MessageReport(range: item.range, result: result)
            case .other(let message, let attachments):
                let outcome = try processor.apply(
                    message, with: attachments, origin: origin, to: &transaction, now: now)
                return MessageReport(
                    range: item.range, result: .decided(message.kind, message.subject, outcome))
            case .event(let event, let attachments, _, _):
                let outcome = try processor.apply(
                    event: event, with: attachments, checks: item.results, origin: origin, to: &transaction, now: now)
                let subject = EventSeal(aid: event.aid, sn: event.sn, said: event.said)
                return MessageReport(
                    range: item.range, result: .decided(MessageKind(event.kind), subject, outcome))
            }
        }

        /// Frames and types up to `count` messages; empty at the end of the stream.
        mutating func prepare(_ count: Int, of stream: [UInt8], store: Store) throws -> [Item] {
            var items: [Item] = []
            items.reserveCapacity(count)
            var failure: (any Error)?
            while items.count < count {
                switch reader.next(in: stream.span) {
                case .end, .needMore: return items
                case .fault(let fault): items.append(Item(range: fault.range, content: .report(.fault(fault))))
                case .message(let frame):
                    let message: Message
                    do throws(MessageError) {
                        message = try parser.parse(stream.span.extracting(frame.bodyRange), version: frame.version)
                    } catch {
                        items.append(Item(range: frame.range, content: .report(.unreadable(error))))
                        continue
                    }
                    guard case .keyEvent(let event) = message else {
                        items.append(Item(range: frame.range, content: .other(message, frame.attachments)))
                        continue
                    }
                    let keys = guesses.keys(for: event, frame.attachments) { aid in
                        do { return try store.read { try $0.keyState(of: aid) } } catch {
                            failure = error
                            return nil
                        }
                    }
                    if let failure { throw failure }
                    items.append(
                        Item(
                            range: frame.range,
                            content: .event(
                                event, frame.attachments, controllers: keys.controllers, witnesses: keys.witnesses)))
                }
            }
            return items
        }
    }
}
