// SPDX-License-Identifier: Apache-2.0

import NodeAgent
import Testing
import WorkloadTestKit

@testable import NodeLocal

@Suite(.timeLimit(.minutes(1)))
struct CallPlacesTests {
    /// Holds places until it is let go.
    private func holding(_ places: CallPlaces, _ body: (AsyncStream<Never>.Continuation) async throws -> Void)
        async throws
    {
        let (released, release) = AsyncStream.makeStream(of: Never.self)
        let (reached, reach) = AsyncStream.makeStream(of: Never.self)
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await places.use {
                    reach.finish()
                    for await _ in released {}
                }
            }
            for await _ in reached {}
            try await body(release)
            release.finish()
            try await group.waitForAll()
        }
    }

    private func untilWaiting(_ count: Int, _ places: CallPlaces) async {
        while places.waiting < count { await Task.yield() }
    }

    @Test func `who finds no place waits for one, in order`() async throws {
        let places = CallPlaces(1)
        let order = Current<[Int]>([])
        try await holding(places) { release in
            try await withThrowingTaskGroup { group in
                for number in 1...3 {
                    group.addTask { try await places.use { order.value.append(number) } }
                    await untilWaiting(number, places)
                }
                #expect(order.value.isEmpty)
                release.finish()
                try await group.waitForAll()
            }
        }
        #expect(order.value == [1, 2, 3])
        #expect(try await places.use { 7 } == 7)
    }

    @Test func `the line has an end`() async throws {
        let places = CallPlaces(1, longestLine: 1)
        try await holding(places) { _ in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await places.use {} }
                await untilWaiting(1, places)
                await #expect(throws: AttestorError.self) { try await places.use {} }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            #expect(places.waiting == 0)
        }
        // Who left the line took no place.
        #expect(try await places.use { 7 } == 7)
    }

    @Test func `users take turns, and fill no line but their own`() async throws {
        let places = CallPlaces(1, longestLine: 3)
        let order = Current<[UInt32]>([])
        try await holding(places) { release in
            try await withThrowingTaskGroup { group in
                var waiting = 0
                for caller in [7, 7, 7, 8, 9, 8] as [UInt32] {
                    group.addTask { try await places.use(for: caller) { order.value.append(caller) } }
                    waiting += 1
                    await untilWaiting(waiting, places)
                }
                await #expect(throws: AttestorError.self) { try await places.use(for: 7) {} }
                release.finish()
                try await group.waitForAll()
            }
        }
        #expect(order.value == [7, 8, 9, 7, 8, 7])
        #expect(places.waiting == 0)
    }

    @Test func `a call that fails gives its place back`() async throws {
        let places = CallPlaces(1)
        for _ in 0..<3 {
            await #expect(throws: AttestorError.self) { try await places.use { throw AttestorError("x") } }
        }
        #expect(try await places.use { 7 } == 7)
    }

    @Test func `who is cancelled already takes no place`() async throws {
        let places = CallPlaces(1)
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask {
                await #expect(throws: CancellationError.self) { try await places.use {} }
            }
        }
        #expect(try await places.use { 7 } == 7)
    }
}
