// SPDX-License-Identifier: Apache-2.0

import KelmarkConcurrency
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct TurnstileTests {
    private struct Trouble: Error {}

    /// What happened, in order.
    private final class Diary: Sendable {
        private let entries = Mutex<[String]>([])
        var all: [String] { entries.withLock { $0 } }
        func note(_ entry: String) { entries.withLock { $0.append(entry) } }
    }

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
        let diary = Diary()
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    await turnstile.pass {
                        diary.note("in")
                        await Task.yield()
                        diary.note("out")
                    }
                }
            }
        }
        #expect(diary.all == (0..<50).flatMap { _ in ["in", "out"] })
    }

    @Test func whoThrowsMakesRoomToo() async throws {
        let turnstile = Turnstile()
        await #expect(throws: Trouble.self) { try await turnstile.pass { throw Trouble() } }
        #expect(await turnstile.pass { 7 } == 7)
    }

    @Test func nobodyGetsInBeforeWhoIsInHasLeft() async {
        let turnstile = Turnstile()
        let diary = Diary()
        let (entered, leave) = (Signal(), Signal())
        let first = Task {
            await turnstile.pass {
                entered.send()
                await leave.wait()
                diary.note("first")
            }
        }
        await entered.wait()
        let second = Task { await turnstile.pass { diary.note("second") } }
        // Also one that was cancelled waits for its turn, and gets it.
        second.cancel()
        await Task.yield()
        #expect(diary.all.isEmpty)
        leave.send()
        await first.value
        await second.value
        #expect(diary.all == ["first", "second"])
    }
}
