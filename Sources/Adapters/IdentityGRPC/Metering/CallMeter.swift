// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Synchronization

/// Counts and times the calls of one listener. Facts (SPIFFE) 19.2.
///
/// What tells calls apart is bounded: methods that are served, and the status codes of gRPC. Nobody from outside adds a
/// name to it.
package final class CallMeter: Sendable {
    /// Calls that ended alike.
    package struct Outcome: Hashable, Sendable {
        /// The service, with its package.
        package let service: String
        /// The method.
        package let method: String
        /// The name of the status code, such as `NOT_FOUND`.
        package let status: String
    }

    /// How long such calls took.
    package struct Times: Hashable, Sendable {
        /// How many took at most so long as each of ``CallMeter/bounds``, and no less than the bound before; the last one
        /// took longer than all.
        package internal(set) var counts = [UInt64](repeating: 0, count: CallMeter.bounds.count + 1)
        /// All of it in seconds.
        package internal(set) var sum = 0.0

        mutating func add(_ seconds: Double) {
            counts[CallMeter.bounds.firstIndex { seconds <= $0 } ?? CallMeter.bounds.count] += 1
            sum += seconds
        }
    }

    /// Upper bounds of durations in seconds.
    package static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    private struct State {
        var ended: [Outcome: Times] = [:]
        var active: [String: Int] = [:]
        var connections: @Sendable () -> Int = { 0 }
    }

    /// How the listener is called in metrics.
    package let listener: String
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    /// A meter for one listener.
    /// - Parameter now: a clock that is never set.
    package init(listener: String, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.listener = listener
        self.now = now
    }

    /// What has ended, and how long it took.
    package var ended: [Outcome: Times] { state.withLock { $0.ended } }
    /// How many calls of each service go on.
    package var active: [String: Int] { state.withLock { $0.active } }
    /// How many connections are open.
    package var connections: Int { state.withLock { $0.connections }() }

    /// Learns where connections are counted.
    func follow(_ connections: @escaping @Sendable () -> Int) { state.withLock { $0.connections = connections } }

    func began(_ descriptor: MethodDescriptor) -> ContinuousClock.Instant {
        state.withLock { $0.active[descriptor.service.fullyQualifiedService, default: 0] += 1 }
        return now()
    }

    func ended(_ descriptor: MethodDescriptor, since start: ContinuousClock.Instant, _ status: String) {
        let time = (now() - start).components
        let seconds = Double(time.seconds) + Double(time.attoseconds) / 1e18
        let service = descriptor.service.fullyQualifiedService
        let outcome = Outcome(service: service, method: descriptor.method, status: status)
        state.withLock { state in
            state.active[service, default: 1] -= 1
            state.ended[outcome, default: Times()].add(max(0, seconds))
        }
    }
}
