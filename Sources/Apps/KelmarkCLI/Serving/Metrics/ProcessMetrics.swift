// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import IdentityHTTP
internal import SPIFFE

/// What every process that serves tells of itself and of the calls at its listeners.
struct ProcessMetrics: Sendable {
    /// `issuer` or `agent`.
    let part: String
    /// One for each listener.
    let meters: [CallMeter]
    /// When the process began.
    let start: CertificateTime

    /// The families of ``MetricCatalog/Process``.
    func families() -> [MetricFamily] {
        typealias Catalog = MetricCatalog.Process
        return [
            Catalog.build.numbers([MetricDefinition.Row(1, [Product.version, part])]),
            Catalog.start.number(Double(start.seconds)),
            Catalog.calls.distributions(meters.flatMap(Self.calls)),
            Catalog.active.numbers(meters.flatMap(Self.active)),
            Catalog.connections.numbers(meters.map { MetricDefinition.Row(Double($0.connections), [$0.listener]) }),
        ]
    }

    /// In the order of names, so that two scrapes can be compared.
    private static func calls(_ meter: CallMeter) -> [MetricDefinition.Row<Distribution>] {
        meter.ended.map { outcome, times in
            MetricDefinition.Row(
                Distribution(bounds: CallMeter.bounds, counts: times.counts, sum: times.sum),
                [meter.listener, outcome.service, outcome.method, outcome.status])
        }.sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }

    private static func active(_ meter: CallMeter) -> [MetricDefinition.Row<Double>] {
        meter.active.map { service, count in MetricDefinition.Row(Double(count), [meter.listener, service]) }
            .sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }
}
