// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// What a command found or did.
struct CommandResult: Sendable {
    /// Member `data` of the envelope.
    var data: OrderedMap
    /// The same for people, line by line, on stdout.
    var text: [String]
    /// Why the status is not 0: a verdict that is not "proven", or something that waits. nil when all is well.
    var concern: CommandFailure?
    /// Advice for people on stderr.
    var hints: [String]

    /// Collects a result.
    init(data: OrderedMap = [:], text: [String] = [], concern: CommandFailure? = nil, hints: [String] = []) {
        self.data = data
        self.text = text
        self.concern = concern
        self.hints = hints
    }
}

/// The one shape of `--json`: `{"ok":…,"command":…,"data":{…},"error":null}` or with an error and its code, cause and
/// next step.
enum Envelope {
    /// The line that is printed.
    static func encode(command: String, data: OrderedMap, failure: CommandFailure?) -> [UInt8] {
        let error: OrderedValue =
            if let failure {
                ["code": .text(failure.code), "cause": .text(failure.cause), "next": .text(failure.next)]
            } else { .null }
        let envelope: OrderedMap = [
            "ok": .boolean(failure == nil), "command": .text(command), "data": .map(data), "error": error,
        ]
        if let bytes = try? envelope.encoded(as: .json) { return bytes }
        // Only a tree deeper than any command makes can't be written.
        let plain: OrderedMap = [
            "ok": false, "command": .text(command), "data": [:],
            "error": ["code": "KM-INTERNAL", "cause": "the result can't be written", "next": "kelmark doctor"],
        ]
        return (try? plain.encoded(as: .json)) ?? []
    }
}
