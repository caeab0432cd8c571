// SPDX-License-Identifier: Apache-2.0

public import ServiceLifecycle

/// A source that keeps itself up to date while it runs: as a service beside others, or around a block.
public protocol WorkloadSource: Service {
    /// Keeps the source up to date until the task is cancelled or shutdown begins.
    /// - Throws: ``WorkloadAPIError`` when the endpoint says that asking again can't help.
    func run() async throws
}

extension WorkloadSource {
    /// Keeps the source up to date while `body` runs.
    /// - Throws: what `body` throws. Why the source ended early, what is asked of it says.
    @discardableResult
    public func whileRunning<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await run() }
            defer { group.cancelAll() }
            return try await body()
        }
    }
}

/// How a source behaves.
public struct SourceConfiguration: Sendable {
    /// How long a caller waits for what the source hears first; later there is always an answer at once.
    public var patience = Duration.seconds(30)
    /// How long the source waits before it asks again.
    public var backoff = Backoff()

    /// The standard behaviour.
    public init() {}
}
