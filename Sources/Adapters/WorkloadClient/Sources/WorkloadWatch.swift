// SPDX-License-Identifier: Apache-2.0

public import SPIFFE
internal import Synchronization

/// One stream of the Workload API, opened again whenever it ends. Facts (SPIFFE) 8.1, 8.4.
struct WorkloadWatch<Value: Sendable>: Sendable {
    typealias Receive = @Sendable (Result<Value, WorkloadAPIError>) async -> Void

    let backoff: Backoff
    let clock: any WorkloadClock
    /// A random number from 0 to 1.
    let draw: @Sendable () -> Double
    /// Opens one stream and reads it to its end.
    let open: @Sendable (@escaping Receive) async throws(WorkloadAPIError) -> Void

    init(
        backoff: Backoff, clock: any WorkloadClock,
        draw: @escaping @Sendable () -> Double = { Double.random(in: 0...1) },
        open: @escaping @Sendable (@escaping Receive) async throws(WorkloadAPIError) -> Void
    ) {
        self.backoff = backoff
        self.clock = clock
        self.draw = draw
        self.open = open
    }

    /// Goes on until the endpoint says that asking again can't help, or the task is cancelled.
    /// - Throws: ``WorkloadAPIError``: why it ended.
    func run(
        _ receive: @Sendable @escaping (WorkloadUpdate<Value>) async -> Void
    ) async throws(WorkloadAPIError) {
        var attempt = 0
        while true {
            let heard = Heard()
            let ending: WorkloadAPIError
            do {
                try await open { result in
                    switch result {
                    case .success(let value):
                        heard.note()
                        await receive(.current(value))
                    case .failure(let error): await receive(.interrupted(error))
                    }
                }
                // Connections are ended by servers now and then; that is no fault.
                ending = WorkloadAPIError(.unavailable, "the endpoint ended the stream")
            } catch {
                ending = error
            }
            guard !Task.isCancelled else { throw WorkloadAPIError(.cancelled) }
            guard !ending.isFinal else { throw ending }
            await receive(ending.code == .permissionDenied ? .withdrawn(ending) : .interrupted(ending))
            attempt = heard.something ? 1 : attempt + 1
            do {
                try await clock.sleep(for: backoff.wait(before: attempt, draw: draw()))
            } catch {
                throw WorkloadAPIError(.cancelled)
            }
        }
    }

    private final class Heard: Sendable {
        private let state = Mutex(false)

        var something: Bool { state.withLock { $0 } }
        func note() { state.withLock { $0 = true } }
    }
}

extension WorkloadAPIClient {
    /// Hears of every change of this process's identities and of the bundles beside them.
    ///
    /// The stream is opened again whenever it ends. It goes on until the task is cancelled, or the endpoint says that
    /// asking again can't help (`invalidArgument`, `unimplemented`).
    /// - Throws: ``WorkloadAPIError``: why it ended.
    public func watchX509Context(
        backoff: Backoff = Backoff(), clock: any WorkloadClock = SystemWorkloadClock(),
        _ receive: @Sendable @escaping (WorkloadUpdate<X509Context>) async -> Void
    ) async throws(WorkloadAPIError) {
        try await WorkloadWatch<X509Context>(backoff: backoff, clock: clock) { (receive) throws(WorkloadAPIError) in
            try await streamX509Contexts(receive)
        }.run(receive)
    }

    /// Hears of every change of the X.509 bundles; ends as ``watchX509Context(backoff:clock:_:)``.
    /// - Throws: ``WorkloadAPIError``: why it ended.
    public func watchX509Bundles(
        backoff: Backoff = Backoff(), clock: any WorkloadClock = SystemWorkloadClock(),
        _ receive: @Sendable @escaping (WorkloadUpdate<BundleMap>) async -> Void
    ) async throws(WorkloadAPIError) {
        try await WorkloadWatch<BundleMap>(backoff: backoff, clock: clock) { (receive) throws(WorkloadAPIError) in
            try await streamX509Bundles(receive)
        }.run(receive)
    }

    /// Hears of every change of the JWT bundles; ends as ``watchX509Context(backoff:clock:_:)``.
    /// - Throws: ``WorkloadAPIError``: why it ended.
    public func watchJWTBundles(
        backoff: Backoff = Backoff(), clock: any WorkloadClock = SystemWorkloadClock(),
        _ receive: @Sendable @escaping (WorkloadUpdate<BundleMap>) async -> Void
    ) async throws(WorkloadAPIError) {
        try await WorkloadWatch<BundleMap>(backoff: backoff, clock: clock) { (receive) throws(WorkloadAPIError) in
            try await streamJWTBundles(receive)
        }.run(receive)
    }
}
