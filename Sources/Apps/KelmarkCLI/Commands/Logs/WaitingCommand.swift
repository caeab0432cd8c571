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
        let credentials = CredentialWaitingList(
            store: SQLiteCredentialStore(wallet.store), book: StateFile(registriesOf: context.home))
        let items = try
            (WaitingList(wallet: wallet, groups: StateFile(groupsOf: context.home)).items(of: aid)
            + credentials.items(of: aid)).sorted { $0.since < $1.since }
        let view = try WaitingView(names: context.names(in: wallet))
        return CommandResult(
            data: ["waiting": .list(items.map { .map(view.data(of: $0)) })],
            text: items.isEmpty ? ["nothing waits"] : items.flatMap(view.text))
    }
}

extension CommandContext {
    /// What AIDs are called here: own names before those of contacts and groups.
    func names(in wallet: HomeWallet) throws -> [AID: String] {
        var names: [AID: String] = [:]
        for contact in try FileContacts(home).load() { names[contact.aid] = contact.alias }
        for group in try StateFile(groupsOf: home).load().groups {
            if let name = group.name { names[group.aid] = name }
        }
        for one in try wallet.identifiers() { names[one.aid] = one.name }
        return names
    }
}
