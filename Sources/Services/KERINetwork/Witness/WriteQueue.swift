// SPDX-License-Identifier: Apache-2.0

/// Lets one writer at a time at a store, on a thread that may wait for the disk, while others line up without holding a
/// thread.
actor WriteQueue {
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var next = 0

    /// Runs `body` when its turn comes.
    func run<R: Sendable>(_ body: @Sendable () throws -> R) async throws -> R {
        if isBusy {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isBusy = true
        }
        defer { pass() }
        return try await Self.perform(body)
    }

    /// Gives the turn to whoever waits longest.
    private func pass() {
        guard next < waiting.count else {
            isBusy = false
            waiting.removeAll(keepingCapacity: true)
            next = 0
            return
        }
        let turn = waiting[next]
        next += 1
        if next > 1024 {
            waiting.removeFirst(next)
            next = 0
        }
        turn.resume()
    }

    @concurrent private static func perform<R: Sendable>(_ body: @Sendable () throws -> R) async throws -> R {
        try body()
    }
}
