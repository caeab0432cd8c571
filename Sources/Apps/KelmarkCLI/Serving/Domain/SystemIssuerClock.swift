// SPDX-License-Identifier: Apache-2.0

internal import Issuer
internal import NodeAgent
internal import SPIFFE

/// The clock of the machine, for an issuer.
struct SystemIssuerClock: IssuerClock {
    private static let start = ContinuousClock.now
    private let clock = SystemAgentClock()

    func now() -> CertificateTime { clock.now() }

    func uptime() -> Duration { ContinuousClock.now - Self.start }

    func sleep(for duration: Duration) async throws(CancellationError) { try await clock.sleep(for: duration) }
}
