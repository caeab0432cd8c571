// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import KERI
internal import KelmarkBytes
internal import Logging

/// Log lines of long-running commands: one JSON object each on stderr, `ts level msg component` first.
struct JSONLogHandler: LogHandler {
    /// The part of the program that speaks.
    let component: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(component: String, level: Logger.Level) {
        self.component = component
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line: OrderedMap = [
            "ts": .text(SystemTime.now.description), "level": .text(event.level.rawValue),
            "msg": .text(event.message.description), "component": .text(component),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (name, value) in all.sorted(by: { $0.key < $1.key }) where line[name] == nil {
            line[name] = .text(value.description)
        }
        guard let bytes = try? line.encoded(as: .json) else { return }
        Console.write(bytes + [0x0A], to: STDERR_FILENO)
    }
}
