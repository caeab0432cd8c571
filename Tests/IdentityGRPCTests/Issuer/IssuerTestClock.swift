// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import Synchronization

/// A clock that moves when a test says so. Who sleeps does so until it is cancelled: no test waits for time.
final class IssuerTestClock: IssuerClock {
    private let state = Mutex(
        (now: CertificateTime("2026-08-01T12:00:00Z") ?? .earliest, uptime: Duration.seconds(1000)))

    func now() -> CertificateTime { state.withLock { $0.now } }
    func uptime() -> Duration { state.withLock { $0.uptime } }

    func advance(by seconds: Int64) {
        state.withLock { state in
            state.now = state.now.advanced(by: seconds)
            state.uptime += .seconds(seconds)
        }
    }

    func sleep(for duration: Duration) async throws(CancellationError) {
        let (stream, _) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        throw CancellationError()
    }
}
