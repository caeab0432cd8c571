// SPDX-License-Identifier: Apache-2.0

public import KERI
private import Synchronization

/// The latest watch events in order. Readers come with a cursor; who fell too far behind begins with the oldest kept.
public final class WatchJournal: Sendable {
    private struct State {
        var events: [WatchEvent] = []
        var next: UInt64
        var counts: [WatchEvent.Kind: UInt64] = [:]
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state: Mutex<State>
    private let length: Int

    /// Starts empty. The first number follows from the time, so that cursors from before a restart stay behind.
    public init(length: Int, now: Timestamp) {
        self.length = max(1, length)
        state = Mutex(State(next: max(1, UInt64(clamping: now.microseconds))))
    }

    /// The number of the latest event, or one below the first that will come.
    public var latest: UInt64 { state.withLock { $0.next - 1 } }

    /// How many events of each kind there were since the start.
    public var counts: [WatchEvent.Kind: UInt64] { state.withLock { $0.counts } }

    /// Events behind a cursor, at most `limit`.
    public func events(after cursor: UInt64, limit: Int) -> [WatchEvent] {
        state.withLock { state in Array(state.events.lazy.filter { $0.id > cursor }.prefix(limit)) }
    }

    /// Adds an event and wakes who waits.
    func add(
        _ kind: WatchEvent.Kind, at time: Timestamp, aid: AID, witness: AID? = nil, position: SequenceNumber? = nil,
        said: SAID? = nil, detail: String = ""
    ) {
        let waiting = state.withLock { state in
            state.events.append(
                WatchEvent(
                    id: state.next, at: time, kind: kind, aid: aid, witness: witness, position: position, said: said,
                    detail: detail))
            state.next += 1
            state.counts[kind, default: 0] += 1
            if state.events.count > length { state.events.removeFirst(state.events.count - length) }
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in waiting { waiter.resume() }
    }

    /// Returns when there is an event behind a cursor, or the task is cancelled.
    func wait(after cursor: UInt64) async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard !Task.isCancelled, state.next - 1 <= cursor else { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.resume()
        }
    }
}
