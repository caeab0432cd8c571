// SPDX-License-Identifier: Apache-2.0

import KelmarkConcurrency
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct TurnstileTests {
    private struct Trouble: Error {}

    /// Lets a task wait until another says so.
    private final class Signal: Sendable {
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation
        init() { (stream, continuation) = AsyncStream.makeStream() }
        func send() { continuation.finish() }
        func wait() async { for await _ in stream {} }
    }

    @Test func onlyOneIsInAtATime() async {
        let turnstile = Turnstile()
        let state = Mutex((inside: 0, most: 0))
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    await turnstile.pass {
                        state.withLock { state in
                            state.inside += 1
                            state.most = max(state.most, state.inside)
                        }
                        await Task.yield()
                        state.withLock { $0.inside -= 1 }
                    }
                }
            }
        }
        #expect(state.withLock { $0.most } == 1)
        #expect(state.withLock { $0.inside } == 0)
    }

    @Test func whoThrowsMakesRoomToo() async throws {
        let turnstile = Turnstile()
        await #expect(throws: Trouble.self) { try await turnstile.pass { throw Trouble() } }
        #expect(await turnstile.pass { 7 } == 7)
    }

    @Test func nobodyGetsInBeforeWhoIsInHasLeft() async {
        let turnstile = Turnstile()
        let (entered, leave) = (Signal(), Signal())
        let order = Mutex<[String]>([])
        let first = Task {
            await turnstile.pass {
                entered.send()
                await leave.wait()
                order.withLock { $0.append("first") }
            }
        }
        await entered.wait()
        let second = Task { await turnstile.pass { order.withLock { $0.append("second") } } }
        // Also one that was cancelled waits for its turn, and gets it.
        second.cancel()
        await Task.yield()
        #expect(order.withLock { $0.isEmpty })
        leave.send()
        await first.value
        await second.value
        #expect(order.withLock { $0 } == ["first", "second"])
    }
}
