// SPDX-License-Identifier: Apache-2.0

import NodeAgent
import SPIFFE

/// A clock on which no patience ever ends: who sleeps does so until it is cancelled.
struct PatientClock: AgentClock {
    func now() -> CertificateTime { SystemAgentClock().now() }

    func sleep(for duration: Duration) async throws(CancellationError) {
        let (stream, _) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        throw CancellationError()
    }
}

/// A clock on which every patience is over as soon as a test says so.
struct ImpatientClock: AgentClock {
    /// Passed when the peer was reached.
    let signal: AsyncStream<Never>

    func now() -> CertificateTime { SystemAgentClock().now() }

    func sleep(for duration: Duration) async throws(CancellationError) {
        for await _ in signal {}
        if Task.isCancelled { throw CancellationError() }
    }
}
