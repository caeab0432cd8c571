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
            let suffix =
                switch kind {
                case .counter: "_total"
                case .gauge: ""
                case .info: "_info"
                }
            // Of two samples with the same labels, which would spoil the whole text, the first is told.
            var seen: Set<[MetricFamily.Label]> = []
            for sample in members.filter({ $0.kind == kind }).flatMap(\.samples)
            where seen.insert(sample.labels).inserted {
                text += "\(full)\(suffix)\(labels(sample.labels)) \(number(kind == .info ? 1 : sample.value))\n"
            }
        }
        return text + "# EOF\n"
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
