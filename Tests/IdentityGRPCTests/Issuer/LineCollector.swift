// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// What was logged, for tests that read it.
final class LineCollector: Sendable {
    struct Line: Sendable {
        let message: String
        let level: Logger.Level
        let fields: [String: String]
    }

    private let kept = Mutex<[Line]>([])

    var lines: [Line] { kept.withLock { $0 } }
    /// The lines of the access log.
    var accesses: [[String: String]] { lines.filter { $0.message == "API accessed" }.map(\.fields) }

    func accesses(of method: String) -> [[String: String]] { accesses.filter { $0["method"] == method } }

    var handler: any LogHandler { Handler(collector: self) }
    var logger: Logger { Logger(label: "test") { _ in handler } }

    private struct Handler: LogHandler {
        let collector: LineCollector
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        init(collector: LineCollector) { self.collector = collector }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            collector.kept.withLock {
                $0.append(
                    Line(
                        message: event.message.description, level: event.level,
                        fields: all.mapValues { $0.description }))
            }
        }
    }
}
