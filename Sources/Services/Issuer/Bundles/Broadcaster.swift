// SPDX-License-Identifier: Apache-2.0

private import Synchronization

/// A value that changes, for readers who want the newest one and may miss those between.
///
/// Each reader has room for one value: who reads slowly gets the newest and holds nobody up.
final class Broadcaster<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var next = 0
        var readers: [Int: AsyncStream<Value>.Continuation] = [:]
    }

    private let state: Mutex<State>

    init(_ value: Value) { state = Mutex(State(value: value)) }

    /// The newest value.
    var value: Value { state.withLock { $0.value } }

    /// How many read now.
    var readerCount: Int { state.withLock { $0.readers.count } }

    /// Tells everybody. Yielding under the lock keeps the order of values the same for all.
    func publish(_ value: Value) {
        state.withLock { state in
            state.value = value
            for reader in state.readers.values { reader.yield(value) }
        }
    }

    /// The newest value now, then each newer one. It ends when its reader's task is cancelled or drops it.
    func values() -> AsyncStream<Value> {
        let (stream, continuation) = AsyncStream.makeStream(of: Value.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.next += 1
            state.readers[state.next] = continuation
            continuation.yield(state.value)
            return state.next
        }
        continuation.onTermination = { [weak self] _ in self?.leave(number) }
        return stream
    }

    private func leave(_ number: Int) { state.withLock { $0.readers[number] = nil } }

    deinit { state.withLock { $0.readers.values.forEach { $0.finish() } } }
}
