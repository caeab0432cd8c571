// SPDX-License-Identifier: Apache-2.0

extension AgentClock {
    /// Runs `body`, and cancels it after a while.
    /// - Throws: what `body` throws; ``TimeIsUp`` when it took too long.
    package func within<Result: Sendable>(
        _ time: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try? await self.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() ?? nil else { throw TimeIsUp() }
            return result
        }
    }
}

/// Something took longer than it may.
package struct TimeIsUp: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String { "took too long" }
}
