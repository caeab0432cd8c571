// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes
private import Synchronization

/// Bounds of event streams.
public struct WatcherStreamLimits: Sendable, Hashable {
    /// Most streams at once.
    public var total: Int
    /// Most streams to one address.
    public var perSource: Int
    /// After how long without an event something is sent, so that both sides notice when the other is gone.
    public var keepAlive: Duration

    /// Creates bounds.
    public init(total: Int = 256, perSource: Int = 16, keepAlive: Duration = .seconds(15)) {
        self.total = total
        self.perSource = perSource
        self.keepAlive = keepAlive
    }
}

extension WatcherEndpoint {
    /// Events behind a cursor: as a stream that goes on, or those that are there as JSON.
    func events(_ request: ServiceRequest) -> ServiceResponse {
        let cursor: UInt64
        if let text = request.header("last-event-id") ?? request.parameter("after") {
            guard let number = UInt64(text) else { return .problem(400, "after is the number of an event") }
            cursor = number
        } else {
            cursor = 0
        }
        if request.header("accept")?.contains("application/json") == true {
            let events = watcher.journal.events(after: cursor, limit: 1000)
            return .document(
                200,
                [
                    "events": .list(events.map { .map($0.record) }),
                    "cursor": .text(String(events.last?.id ?? cursor)),
                ])
        }
        guard let place = streams.enter(request.source, limits) else {
            return .problem(429, "too many event streams are open")
        }
        let feed = EventFeed(watcher.journal, after: cursor, clock: watcher.clock, keepAlive: limits.keepAlive)
        return ServiceResponse(
            status: 200, headers: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")],
            // Nothing is read ahead: the next event is fetched when the last one has been written.
            body: .events(
                AsyncStream {
                    _ = place
                    return await feed.next()
                }))
    }
}

/// How many event streams are open, in all and to each address.
final class StreamCounter: Sendable {
    private let open = Mutex<[String: Int]>([:])

    /// How many there are.
    var total: Int { open.withLock { $0.values.reduce(0, +) } }

    /// Takes a place that is given back when nobody holds it any more; nil when there is none.
    func enter(_ source: String, _ limits: WatcherStreamLimits) -> Place? {
        let isFree = open.withLock { open in
            guard open.values.reduce(0, +) < limits.total, open[source, default: 0] < limits.perSource else {
                return false
            }
            open[source, default: 0] += 1
            return true
        }
        return isFree ? Place(self, source) : nil
    }

    private func leave(_ source: String) {
        open.withLock { open in
            let left = (open[source] ?? 1) - 1
            open[source] = left > 0 ? left : nil
        }
    }

    /// One open stream.
    final class Place: Sendable {
        private let counter: StreamCounter
        private let source: String

        init(_ counter: StreamCounter, _ source: String) {
            self.counter = counter
            self.source = source
        }

        deinit { counter.leave(source) }
    }
}

/// The events of a journal one by one, for one reader.
final class EventFeed: Sendable {
    private struct State {
        var cursor: UInt64
        var hasBegun = false
    }

    private let journal: WatchJournal
    private let clock: any NetworkClock
    private let keepAlive: Duration
    private let state: Mutex<State>

    init(_ journal: WatchJournal, after cursor: UInt64, clock: any NetworkClock, keepAlive: Duration) {
        self.journal = journal
        self.clock = clock
        self.keepAlive = keepAlive
        state = Mutex(State(cursor: cursor))
    }

    /// The next event, or a sign of life when there is none for long; nil when the reader has gone.
    func next() async -> ServerSentEvent? {
        // The first says at once that the stream is open, and how soon to come back when it breaks.
        let isFirst = state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        if isFirst { return ServerSentEvent(retry: 1000) }
        let cursor = state.withLock { $0.cursor }
        if let event = take(after: cursor) { return event }
        await withTaskGroup { group in
            group.addTask { await self.journal.wait(after: cursor) }
            group.addTask { try? await self.clock.sleep(for: self.keepAlive) }
            await group.next()
            group.cancelAll()
        }
        guard !Task.isCancelled else { return nil }
        return take(after: cursor) ?? ServerSentEvent(retry: 1000)
    }

    private func take(after cursor: UInt64) -> ServerSentEvent? {
        guard let event = journal.events(after: cursor, limit: 1).first,
            let bytes = try? event.record.encoded(as: .json)
        else { return nil }
        state.withLock { $0.cursor = event.id }
        return ServerSentEvent(
            id: String(event.id), name: event.kind.rawValue, data: String(decoding: bytes, as: UTF8.self))
    }
}
