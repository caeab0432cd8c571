// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KelmarkBytes

/// `kelmark explain`.
struct ExplainCommand: KelmarkCommand {
    static let path = "explain"
    static let configuration = CommandConfiguration.kelmark(
        "explain", "Says more about an error code.",
        examples: [
            CommandExample("what an error means", "kelmark explain KM-VAULT-WRONG-PASSPHRASE"),
            CommandExample("all codes", "kelmark explain --list"),
            CommandExample("for a script", "kelmark explain KM-WAIT-PARTIAL-DELEGATION --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(
        help: "An error code.",
        completion: .list(ErrorCatalog.areas.flatMap { $0.entries.map(\.code) }))
    var code: String?
    @Flag(help: "List all codes.")
    var list = false
    @Flag(help: "Print the reference page of all errors (Markdown).")
    var reference = false

    func validate() throws {
        if code == nil, !list, !reference { throw ValidationError("Give an error code, or --list.") }
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        if reference {
            return CommandResult(data: ["markdown": .text(ErrorCatalog.reference)], text: [ErrorCatalog.reference])
        }
        guard let code else {
            let entries = ErrorCatalog.areas.flatMap(\.entries)
            return CommandResult(
                data: ["errors": .list(entries.map { .map(Self.data(of: $0)) })],
                text: entries.map { "\($0.code)  \($0.summary)" })
        }
        guard let entry = ErrorCatalog.entry(code.uppercased()) else {
            let near = ErrorCatalog.nearest(to: code)
            throw CommandFailure(
                "KM-EXPLAIN-UNKNOWN",
                "there is no error code \(code)"
                    + (near.isEmpty ? "" : "; perhaps \(near.prefix(3).joined(separator: " or "))"))
        }
        return CommandResult(
            data: Self.data(of: entry),
            text: [
                "\(entry.code): \(entry.summary)", "", entry.explanation, "",
                "exit code \(entry.status.rawValue): \(entry.status.meaning)", "next: \(entry.next)",
            ])
    }

    private static func data(of entry: ErrorEntry) -> OrderedMap {
        [
            "code": .text(entry.code), "exit": OrderedValue(entry.status.rawValue), "summary": .text(entry.summary),
            "explanation": .text(entry.explanation), "next": .text(entry.next),
        ]
    }
}
