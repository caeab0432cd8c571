// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KERINetwork

/// The clock of the machine, for services.
struct SystemClock: NetworkClock {
    func now() -> Timestamp { SystemTime.now }

    func sleep(for duration: Duration) async throws(CancellationError) {
        do { try await Task.sleep(for: duration) } catch { throw CancellationError() }
    }
}
