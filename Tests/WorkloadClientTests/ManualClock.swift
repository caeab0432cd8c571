// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Synchronization
import WorkloadTestKit

@testable import WorkloadClient

/// A clock of a test: the time is told to it, and waits end when the test says so, or at once.
final class ManualClock: WorkloadClock {
    private struct State {
        var now = TestTrustDomain.now
        var isPatient: Bool
        var waits: [Duration] = []
        var waiting: [CheckedContinuation<Void, any Error>] = []
    }

    private let state: Mutex<State>

    /// - Parameter isPatient: Whether waits last until ``passAll()``; else they end at once.
    init(isPatient: Bool = false) { state = Mutex(State(isPatient: isPatient)) }

    func now() -> CertificateTime { state.withLock { $0.now } }
    func advance(by seconds: Int64) { state.withLock { $0.now = $0.now.advanced(by: seconds) } }

    /// How long was waited so far.
    var waits: [Duration] { state.withLock { $0.waits } }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        let isPatient = state.withLock { state in
            state.waits.append(duration)
            return state.isPatient
        }
        guard isPatient else {
            await Task.yield()
            return
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.waiting.append(continuation) }
                if Task.isCancelled { passAll() }
            }
            try Task.checkCancellation()
        } onCancel: {
            passAll()
        }
    }

    /// Ends all waits.
    func passAll() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }
}

/// A directory, a fake Workload API in it, and a trust domain.
struct Stage {
    let domain: TestTrustDomain
    let directory: TestDirectory
    let api: FakeWorkloadAPI
    let client: WorkloadAPIClient
    /// Waits end at once, but not so fast that nobody else gets a turn.
    let configuration: SourceConfiguration = {
        var configuration = SourceConfiguration()
        configuration.backoff.step = .milliseconds(20)
        return configuration
    }()

    init(_ name: String = "example.org") throws {
        domain = try TestTrustDomain(name)
        directory = try TestDirectory()
        api = FakeWorkloadAPI(path: "\(directory.path)/api.sock")
        client = WorkloadAPIClient(at: .unix(path: api.path))
    }

    /// Says that there is one identity.
    @discardableResult
    func publish(_ path: String = "/w", federated: [TrustBundle] = []) throws -> X509SVID {
        let svid = try domain.svid(path)
        api.publish([svid], bundle: try domain.bundle(), federated: federated)
        return svid
    }
}

extension WorkloadUpdates {
    /// The first update that is as wanted.
    func first(where isWanted: (WorkloadUpdate<Value>) throws -> Bool) async rethrows -> WorkloadUpdate<Value>? {
        for await update in self where try isWanted(update) { return update }
        return nil
    }
}

extension WorkloadUpdate {
    var value: Value? { if case .current(let value) = self { value } else { nil } }
    var isWithdrawn: Bool { if case .withdrawn = self { true } else { false } }
}

/// Expects an error of a code.
func isCode(_ code: WorkloadAPIError.Code) -> (any Error) -> Bool {
    { ($0 as? WorkloadAPIError)?.code == code }
}
