// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// `kelmark waiting`.
struct WaitingCommand: KelmarkCommand {
    static let path = "waiting"
    static let configuration = CommandConfiguration.kelmark(
        "waiting", "Shows everything that waits: for what, since when, who must act, and the command that does it.",
        examples: [
            CommandExample("everything", "kelmark waiting"),
            CommandExample("of one AID", "kelmark waiting issuer"),
            CommandExample("for a script", "kelmark waiting --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or AID.", completion: NameCompletion.kind)
    var name: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let wallet = try context.readingWallet()
        let aid = try name.map { try context.aid($0, in: wallet) }
        let names = try Dictionary(
            wallet.identifiers().map { ($0.aid, $0.name) }, uniquingKeysWith: { first, _ in first })
        let entries = try wallet.store.read { try $0.escrows(reason: nil, aid: aid, limit: 100_000) }
        var text: [String] = []
        for entry in entries {
            let name = names[entry.key.aid]
            text.append("\(name ?? entry.key.aid.text)  event \(entry.key.sn)  \(entry.key.reason.rawValue)")
            text.append("  waits for  \(printable(entry.missing))")
            text.append("  since      \(entry.since)")
            text.append("  must act   \(WaitingAdvice.actor(reason: entry.key.reason, isOurs: name != nil))")
            text.append(
                "  command    \(WaitingAdvice.command(reason: entry.key.reason, aid: entry.key.aid, name: name))")
        }
        if entries.isEmpty { text = ["nothing waits"] }
        return CommandResult(
            data: ["waiting": .list(entries.map { .map(WaitingView.data(of: $0, name: names[$0.key.aid])) })],
            text: text)
    }
}

/// What waits, as data.
enum WaitingView {
    static func data(of entry: EscrowEntry, name: String?) -> OrderedMap {
        [
            "reason": .text(entry.key.reason.rawValue),
            "code": .text(ErrorTranslation.code(for: entry.key.reason)), "name": name.map { .text($0) } ?? .null,
            "i": .text(entry.key.aid.text), "s": .text(entry.key.sn.hex), "d": .text(entry.key.said.text),
            "missing": .text(entry.missing), "since": .text(entry.since.description),
            "actor": .text(WaitingAdvice.actor(reason: entry.key.reason, isOurs: name != nil)),
            "next": .text(WaitingAdvice.command(reason: entry.key.reason, aid: entry.key.aid, name: name)),
        ]
    }
}
