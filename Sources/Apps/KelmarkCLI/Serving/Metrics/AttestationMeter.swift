// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import IdentityHTTP
internal import NodeAgent
internal import SPIFFE
internal import Synchronization

/// Times what attestors of workloads find out.
final class AttestationMeter: Sendable {
    /// What an attestor can come to.
    enum Outcome: String, Sendable, CaseIterable {
        /// It found selectors.
        case found
        /// The process is none of its kind.
        case nothing
        /// It could not find out.
        case failed
    }

    private struct Name: Hashable {
        let attestor: String
        let outcome: Outcome
    }

    private struct Times {
        var counts = [UInt64](repeating: 0, count: CallMeter.bounds.count + 1)
        var sum = 0.0
    }

    private let now: @Sendable () -> ContinuousClock.Instant
    private let times = Mutex<[Name: Times]>([:])

    /// - Parameter now: a clock that is never set.
    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// The same attestors, timed.
    func metering(_ attestors: [any WorkloadAttestor]) -> [any WorkloadAttestor] {
        attestors.map { MeteredAttestor(attestor: $0, meter: self) }
    }

    /// Each attestor's times by outcome, in the order of names.
    var distributions: [MetricDefinition.Row<Distribution>] {
        times.withLock { $0 }.map { name, times in
            MetricDefinition.Row(
                Distribution(bounds: CallMeter.bounds, counts: times.counts, sum: times.sum),
                [name.attestor, name.outcome.rawValue])
        }.sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }

    fileprivate func start() -> ContinuousClock.Instant { now() }

    fileprivate func add(_ attestor: String, _ outcome: Outcome, since start: ContinuousClock.Instant) {
        let time = (now() - start).components
        let seconds = max(0, Double(time.seconds) + Double(time.attoseconds) / 1e18)
        let bucket = CallMeter.bounds.firstIndex { seconds <= $0 } ?? CallMeter.bounds.count
        times.withLock { times in
            let name = Name(attestor: attestor, outcome: outcome)
            times[name, default: Times()].counts[bucket] += 1
            times[name, default: Times()].sum += seconds
        }
    }
}

/// An attestor that is timed.
private struct MeteredAttestor: WorkloadAttestor {
    let attestor: any WorkloadAttestor
    let meter: AttestationMeter

    var name: String { attestor.name }

    func selectors(of process: ProcessHandle) async throws -> Set<Selector> {
        let start = meter.start()
        do {
            let selectors = try await attestor.selectors(of: process)
            meter.add(name, selectors.isEmpty ? .nothing : .found, since: start)
            return selectors
        } catch {
            meter.add(name, .failed, since: start)
            throw error
        }
    }
}
