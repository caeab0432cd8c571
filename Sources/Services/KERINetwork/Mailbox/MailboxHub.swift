// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes
internal import Synchronization

/// Bounds of the event streams that read mailboxes.
public struct MailboxStreamLimits: Sendable, Hashable {
    /// Most streams at once.
    public var total: Int
    /// Most streams to one address.
    public var perSource: Int
    /// After how long without a message something is sent, so that both sides notice when the other is gone.
    public var keepAlive: Duration

    /// Collects bounds.
    public init(total: Int = 4096, perSource: Int = 32, keepAlive: Duration = .seconds(15)) {
        self.total = total
        self.perSource = perSource
        self.keepAlive = keepAlive
    }
}

/// The mailboxes of a node: takes messages in, and hands them to readers as they come (facts 9.5).
final class MailboxHub<Boxes: MailboxStore>: Sendable {
    private struct Readers {
        var next = 0
        var bells: [AID: [Int: MailboxBell]] = [:]
        var sources: [String: Int] = [:]
        var total = 0
    }

    private let boxes: Boxes
    private let clock: any NetworkClock
    private let limits: MailboxStreamLimits
    private let readers = Mutex(Readers())

    init(_ boxes: Boxes, clock: any NetworkClock, limits: MailboxStreamLimits = MailboxStreamLimits()) {
        self.boxes = boxes
        self.clock = clock
        self.limits = limits
    }

    /// How many read now.
    var readerCount: Int { readers.withLock { $0.total } }

    /// Keeps a message durably and wakes whoever reads that mailbox.
    func post(_ message: [UInt8], to recipient: AID, topic: String) async throws {
        try await append(message, to: Mailbox(recipient: recipient, topic: topic))
        let bells = readers.withLock { $0.bells[recipient].map { Array($0.values) } ?? [] }
        for bell in bells { bell.ring() }
    }

    @concurrent private func append(_ message: [UInt8], to box: Mailbox) async throws {
        _ = try boxes.append(message, to: box, now: clock.now())
    }

    @concurrent fileprivate func messages(
        _ recipient: AID, _ topic: String, from index: UInt64
    ) async throws -> [MailboxMessage] {
        try boxes.messages(in: Mailbox(recipient: recipient, topic: topic), from: index, limit: 16)
    }

    /// The messages of some topics from an index on each, and all that come later; nil when too many read already.
    func read(
        _ recipient: AID, topics: [(name: String, from: UInt64)], source: String
    ) -> AsyncStream<ServerSentEvent>? {
        let bell = MailboxBell()
        let number: Int? = readers.withLock { readers in
            guard readers.total < limits.total, readers.sources[source, default: 0] < limits.perSource else {
                return nil
            }
            readers.next += 1
            readers.total += 1
            readers.sources[source, default: 0] += 1
            readers.bells[recipient, default: [:]][readers.next] = bell
            return readers.next
        }
        guard let number else { return nil }
        let place = MailboxPlace { [weak self] in self?.leave(number, recipient, source) }
        let reader = MailboxReader(
            self, recipient: recipient, topics: topics, bell: bell, clock: clock, keepAlive: limits.keepAlive)
        return AsyncStream {
            // Whoever drops the stream gives the place back, also when nothing was ever read from it.
            _ = place
            return await reader.next()
        }
    }

    private func leave(_ number: Int, _ recipient: AID, _ source: String) {
        readers.withLock { readers in
            guard readers.bells[recipient]?.removeValue(forKey: number) != nil else { return }
            if readers.bells[recipient]?.isEmpty == true { readers.bells[recipient] = nil }
            readers.total -= 1
            let left = (readers.sources[source] ?? 1) - 1
            readers.sources[source] = left > 0 ? left : nil
        }
    }
}

/// A reader's place; given back when nobody holds it any more.
private final class MailboxPlace: Sendable {
    private let leave: @Sendable () -> Void

    init(_ leave: @escaping @Sendable () -> Void) { self.leave = leave }

    deinit { leave() }
}

/// Wakes one reader. Rung while nobody waits, it wakes the next who does.
final class MailboxBell: Sendable {
    private struct State {
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiter = state.withLock { state in
            state.isRung = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when the bell was rung since the last time, or the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !state.isRung, !Task.isCancelled else { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
        state.withLock { $0.isRung = false }
    }
}

/// One reader of a mailbox.
private actor MailboxReader<Boxes: MailboxStore> {
    private let hub: MailboxHub<Boxes>
    private let recipient: AID
    private var topics: [(name: String, from: UInt64)]
    private let bell: MailboxBell
    private let clock: any NetworkClock
    private let keepAlive: Duration
    /// What is to be sent next, last first.
    private var ready: [ServerSentEvent] = [MailboxReader.sign]

    /// How soon to come back, as keripy says with every event.
    private static var sign: ServerSentEvent { ServerSentEvent(retry: 5000) }

    init(
        _ hub: MailboxHub<Boxes>, recipient: AID, topics: [(name: String, from: UInt64)], bell: MailboxBell,
        clock: any NetworkClock, keepAlive: Duration
    ) {
        self.hub = hub
        self.recipient = recipient
        self.topics = topics
        self.bell = bell
        self.clock = clock
        self.keepAlive = keepAlive
    }

    /// The next event, or a sign of life when there is none for long; nil when the reader has gone or the store fails.
    func next() async -> ServerSentEvent? {
        if let event = ready.popLast() { return event }
        while !Task.isCancelled {
            do { try await collect() } catch { return nil }
            if let event = ready.popLast() { return event }
            let isRung = await withTaskGroup(of: Bool.self) { [bell, clock, keepAlive] group in
                group.addTask {
                    await bell.wait()
                    return true
                }
                group.addTask {
                    try? await clock.sleep(for: keepAlive)
                    return false
                }
                defer { group.cancelAll() }
                return await group.next() ?? false
            }
            if !isRung, !Task.isCancelled { return Self.sign }
        }
        return nil
    }

    private func collect() async throws {
        var found: [ServerSentEvent] = []
        for place in topics.indices where found.count < 16 {
            for mail in try await hub.messages(recipient, topics[place].name, from: topics[place].from) {
                topics[place].from = mail.index + 1
                found.append(
                    ServerSentEvent(
                        id: String(mail.index), name: topics[place].name,
                        data: String(decoding: mail.message, as: UTF8.self), retry: 5000))
            }
        }
        ready = found.reversed()
    }
}
