// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing

/// `GET /metrics`: what the parts of the process count, as OpenMetrics 1.0 text.
package struct MetricsEndpoint: HTTPEndpoint {
    /// What every name begins with.
    package static let prefix = "kelmark_"

    private let collect: @Sendable () async -> [MetricFamily]

    /// Asks for all metrics at each request.
    package init(collect: @escaping @Sendable () async -> [MetricFamily]) { self.collect = collect }

    func methods(of path: String) -> [String]? { path == "/metrics" ? ["GET", "HEAD"] : nil }

    func read(_ request: IncomingRequest) async -> OutgoingResponse {
        OutgoingResponse(
            contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Array(Self.text(of: await collect()).utf8))
    }

    /// The exposition: families by name, those of one name and kind together, which the format demands.
    static func text(of families: [MetricFamily]) -> String {
        var text = ""
        let groups = Dictionary(grouping: families, by: \.name.text)
        for (name, members) in groups.sorted(by: { $0.key < $1.key }) {
            let kind = members[0].kind
            let full = prefix + name
            text += "# TYPE \(full) \(kind.rawValue)\n"
            text += "# HELP \(full) \(escaped(members[0].help))\n"
            // The format wants the unit to be the end of the name.
            if let unit = ["seconds", "bytes"].first(where: { name.hasSuffix("_" + $0) }) {
                text += "# UNIT \(full) \(unit)\n"
            }
            // Of two samples with the same labels, which would spoil the whole text, the first is told.
            var seen: Set<[MetricFamily.Label]> = []
            for sample in members.filter({ $0.kind == kind }).flatMap(\.samples)
            where seen.insert(sample.labels).inserted {
                text += lines(of: sample, full, kind)
            }
        }
        return text + "# EOF\n"
    }

    /// The lines of one sample; none for a reading that its kind does not have.
    private static func lines(
        of sample: MetricFamily.Sample, _ name: String, _ kind: MetricFamily.Kind
    ) -> String {
        switch (kind, sample.reading) {
        case (.counter, .number(let value)): "\(name)_total\(labels(sample.labels)) \(number(value))\n"
        case (.gauge, .number(let value)): "\(name)\(labels(sample.labels)) \(number(value))\n"
        case (.info, .number): "\(name)_info\(labels(sample.labels)) 1\n"
        case (.histogram, .distribution(let distribution)): lines(of: distribution, name, sample.labels)
        default: ""
        }
    }

    /// Each bucket holds what the ones before it hold as well.
    private static func lines(
        of distribution: Distribution, _ name: String, _ own: [MetricFamily.Label]
    ) -> String {
        var text = ""
        var count: UInt64 = 0
        for (index, more) in distribution.counts.enumerated() {
            count += more
            let bound = distribution.bounds.indices.contains(index) ? String(distribution.bounds[index]) : "+Inf"
            text += "\(name)_bucket\(labels(own + [MetricFamily.Label("le", bound)])) \(count)\n"
        }
        text += "\(name)_count\(labels(own)) \(count)\n"
        return text + "\(name)_sum\(labels(own)) \(number(distribution.sum))\n"
    }

    private static func labels(_ labels: [MetricFamily.Label]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.name.text)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return String(value)
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
