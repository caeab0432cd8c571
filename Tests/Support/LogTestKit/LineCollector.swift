// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import Synchronization

/// What was logged, for tests that read it.
package final class LineCollector: Sendable {
    /// One line, with what its logger says in each of them.
    package struct Line: Sendable {
        package let message: String
        package let level: Logger.Level
        package let fields: [String: String]
    }

    private let kept = Mutex<[Line]>([])

    package init() {}

    /// All lines so far, of every level.
    package var lines: [Line] { kept.withLock { $0 } }
    package var handler: any LogHandler { Handler(collector: self) }
    package var logger: Logger { Logger(label: "test") { _ in handler } }

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
