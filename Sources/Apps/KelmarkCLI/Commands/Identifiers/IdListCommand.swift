// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// `kelmark id list`.
struct IdListCommand: KelmarkCommand {
    static let path = "id list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Lists your AIDs.",
        examples: [
            CommandExample("your own AIDs", "kelmark id list"),
            CommandExample("all known ones, strangers too", "kelmark id list --all"),
            CommandExample("for a script", "kelmark id list --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Also list AIDs of others whose logs are here.")
    var all = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        let wallet = try context.readingWallet()
        let ours = try wallet.identifiers()
        var rows: [OrderedValue] = []
        var text: [String] = []
        let width = (ours.map(\.name.count).max() ?? 0) + 2
        func add(_ name: String?, _ aid: AID, _ state: KeyState?) {
            let status = state.map { $0.isTransferable ? "active" : "ended" } ?? "waiting"
            rows.append([
                "name": name.map { .text($0) } ?? .null, "aid": .text(aid.text), "ours": .boolean(name != nil),
                "status": .text(status), "s": .text(state?.sn.hex ?? ""), "d": .text(state?.said.text ?? ""),
                "delegator": .text(state?.delegator?.text ?? ""),
            ])
            let label = name ?? "-"
            text.append(
                label + String(repeating: " ", count: max(1, width - label.count))
                    + "\(aid.text)  \(status)" + (state.map { "  at \($0.sn.hex)" } ?? ""))
        }
        for one in ours { add(one.name, one.aid, try wallet.keyState(of: one.aid)) }
        if all {
            let own = Set(ours.map(\.aid))
            var after: AID?
            while true {
                let page = try wallet.store.read { try $0.aids(after: after, limit: 500) }
                for aid in page where !own.contains(aid) { add(nil, aid, try wallet.keyState(of: aid)) }
                guard let last = page.last else { break }
                after = last
            }
        }
        if text.isEmpty { text = ["no AIDs yet"] }
        return CommandResult(
            data: ["identifiers": .list(rows)], text: text,
            hints: ours.isEmpty ? ["\(Product.command) id create NAME makes one"] : [])
    }
}

/// `kelmark id show`.
struct IdShowCommand: KelmarkCommand {
    static let path = "id show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Prints the state of an AID: its keys, thresholds and witnesses.",
        examples: [
            CommandExample("one of yours", "kelmark id show acme"),
            CommandExample("any AID whose log is here", "kelmark id show EJ…AID"),
            CommandExample("as a key state record", "kelmark id show acme --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Name or AID.", completion: NameCompletion.kind)
    var name: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let wallet = try context.readingWallet()
        let aid = try context.aid(name, in: wallet)
        let own = try wallet.identifiers().first { $0.aid == aid }
        let duplicities = try wallet.store.read { try $0.duplicities(of: aid) }
        guard let state = try wallet.keyState(of: aid) else {
            guard let own else {
                throw CommandFailure("KM-AID-UNKNOWN", "nothing is known of \(name)")
            }
            let entry = try wallet.store.read { try $0.escrows(reason: nil, aid: aid, limit: 1).first }
            let reason = entry?.key.reason ?? .partialSignatures
            return CommandResult(
                data: ["name": .text(own.name), "aid": .text(aid.text), "waitsFor": .text(reason.rawValue)],
                text: ["\(own.name)  \(aid.text)", "  its inception waits for \(entry?.missing ?? "more")"],
                concern: CommandFailure(
                    ErrorTranslation.code(for: reason), "\(own.name) waits for \(entry?.missing ?? "more")",
                    next: WaitingAdvice.command(reason: reason, aid: aid, name: own.name)))
        }
        var data: OrderedMap = [
            "name": own.map { .text($0.name) } ?? .null, "aid": .text(aid.text), "ours": .boolean(own != nil),
            "state": .map(state.record), "eventWaiting": .boolean(own?.waitingEvent != nil),
        ]
        data["duplicity"] = .list(
            duplicities.map {
                ["s": .text($0.sn.hex), "accepted": .text($0.accepted.text), "other": .text($0.other.text)]
            })
        var result = CommandResult(data: data, text: IdentifierView.text(of: state, name: own?.name))
        if own?.waitingEvent != nil { result.hints.append("an event of it waits: \(Product.command) waiting") }
        if let record = duplicities.first {
            result.concern = CommandFailure(
                "KM-AID-DUPLICITY", "the controller of \(aid) signed two events for position \(record.sn)")
        }
        return result
    }
}
