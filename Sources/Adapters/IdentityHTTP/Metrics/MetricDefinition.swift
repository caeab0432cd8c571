// SPDX-License-Identifier: Apache-2.0

/// What one metric is, before anything was measured: the only way for a part of the program to make a family, so that
/// none is told that the reference does not have.
package struct MetricDefinition: Sendable, Hashable {
    /// Its name without the prefix of the product and without what its kind adds.
    package let name: MetricFamily.StaticName
    /// What kind of number it is.
    package let kind: MetricFamily.Kind
    /// What it is, in one sentence.
    package let help: String
    /// The names of its labels, in order.
    package let labels: [MetricFamily.StaticName]

    /// Defines a metric.
    package init(
        _ name: MetricFamily.StaticName, _ kind: MetricFamily.Kind, labels: [MetricFamily.StaticName] = [],
        help: String
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }

    /// The name as it is scraped, without what the kind adds to samples.
    package var fullName: String { MetricsEndpoint.prefix + name.text }

    /// The names of the labels.
    package var labelNames: [String] { labels.map(\.text) }

    /// Something that was read, with the values of the labels in order.
    package struct Row<Value: Sendable>: Sendable {
        /// What was read.
        package let value: Value
        /// The values of the labels.
        package let labels: [String]

        /// Joins both.
        package init(_ value: Value, _ labels: [String] = []) {
            self.value = value
            self.labels = labels
        }
    }

    /// The metric with numbers; rows with another count of labels are left out.
    package func numbers(_ rows: [Row<Double>]) -> MetricFamily {
        family(rows.compactMap { row in labelled(row.labels).map { MetricFamily.Sample(row.value, $0) } })
    }

    /// The metric with one number and no labels; without any sample when there is no number.
    package func number(_ value: Double?) -> MetricFamily { numbers(value.map { [Row($0)] } ?? []) }

    /// The metric with distributions, as ``numbers(_:)``.
    package func distributions(_ rows: [Row<Distribution>]) -> MetricFamily {
        family(rows.compactMap { row in labelled(row.labels).map { MetricFamily.Sample(row.value, $0) } })
    }

    private func family(_ samples: [MetricFamily.Sample]) -> MetricFamily {
        MetricFamily(name, kind, help: help, samples: samples)
    }

    private func labelled(_ values: [String]) -> [MetricFamily.Label]? {
        guard values.count == labels.count else { return nil }
        return zip(labels, values).map { MetricFamily.Label($0, $1) }
    }
}
