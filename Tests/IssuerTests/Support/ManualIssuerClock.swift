// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import Synchronization

/// A clock that moves when a test says so; whoever sleeps wakes when its time has come.
final class ManualIssuerClock: IssuerClock {
    private struct Sleeper {
        let wakesAt: Duration
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now: CertificateTime
        var uptime = Duration.zero
        var next = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    init(_ now: CertificateTime = CertificateTime("2026-08-01T12:00:00Z")!) { state = Mutex(State(now: now)) }

    func now() -> CertificateTime { state.withLock { $0.now } }
    func uptime() -> Duration { state.withLock { $0.uptime } }

    /// How many sleep now.
    var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Time passes.
    func advance(by seconds: Int64) {
        let woken = state.withLock { state in
            state.now = state.now.advanced(by: seconds)
            state.uptime += .seconds(seconds)
            let due = state.sleepers.filter { $0.value.wakesAt <= state.uptime }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.map(\.continuation)
        }
        for one in woken { one.resume(returning: true) }
    }

    /// Somebody sets the clock; no time passes.
    func jump(by seconds: Int64) { state.withLock { $0.now = $0.now.advanced(by: seconds) } }

    func sleep(for duration: Duration) async throws(CancellationError) {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isWoken = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.cancelled.remove(number) != nil { return true }
                    state.sleepers[number] = Sleeper(
                        wakesAt: state.uptime + duration, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume(returning: false) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: number)
                if sleeper == nil { state.cancelled.insert(number) }
                return sleeper
            }
            sleeper?.continuation.resume(returning: false)
        }
        guard isWoken else { throw CancellationError() }
    }
}
