// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// `kelmark entry`.
struct EntryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "entry", "Says which workloads get which SPIFFE IDs.",
        examples: [
            CommandExample(
                "an identity for what runs as a user",
                "kelmark entry create --parent-id spiffe://acme.example/node --spiffe-id spiffe://acme.example/web "
                    + "--selector unix:uid:1000"),
            CommandExample("all entries", "kelmark entry list"),
            CommandExample("what a file says, no more and no less", "kelmark entry apply entries.json --dry-run"),
        ],
        subcommands: [
            EntryCreateCommand.self, EntryListCommand.self, EntryShowCommand.self, EntryCountCommand.self,
            EntryUpdateCommand.self, EntryDeleteCommand.self, EntryApplyCommand.self,
        ])
}

/// `kelmark entry create`.
struct EntryCreateCommand: KelmarkCommand {
    static let path = "entry create"
    static let configuration = CommandConfiguration.kelmark(
        "create", "Makes entries.",
        about: "An entry with the same SPIFFE ID, parent and selectors must not be there already. Options have SPIRE's "
            + "spelling beside ours: -spiffeID, -parentID, -x509SVIDTTL.",
        examples: [
            CommandExample(
                "for what runs as a user",
                "kelmark entry create --parent-id spiffe://acme.example/node --spiffe-id spiffe://acme.example/web "
                    + "--selector unix:uid:1000"),
            CommandExample(
                "one name for several nodes",
                "kelmark entry create --node --spiffe-id spiffe://acme.example/node --selector x509pop:ca:fingerprint:0a…"
            ),
            CommandExample("many, from a file", "kelmark entry create --data entries.json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var entry: EntryOptions
    @Option(
        name: .also("entry-id", as: "entryID"),
        help: ArgumentHelp("Name of the entry; the issuer chooses one unless given.", valueName: "id"))
    var entryID: String?
    @Flag(name: .also("node", as: "node"), help: "The entry names nodes: its parent is the issuer itself.")
    var node = false
    @Option(
        name: .also("data", as: "data"),
        help: ArgumentHelp("File of entries, - for standard input.", valueName: "file"), completion: .file())
    var data: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let entries: [EntryRecord]
        if let data {
            guard entry.given.isEmpty, entryID == nil, !node else {
                throw Typed.usage("entries come from a file or from options, not from both")
            }
            entries = try EntryFile(path: data).entries
        } else {
            entries = [try entry.entry(id: entryID, isNode: node)]
        }
        let results = try await context.administering(issuer) { try await $0.createEntries(entries) }
        return EntryView.written(results, of: entries, verb: "create").result(issuer.form, in: context)
    }
}

/// `kelmark entry list`.
struct EntryListCommand: KelmarkCommand {
    static let path = "entry list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows entries, each on a line.",
        examples: [
            CommandExample("all", "kelmark entry list"),
            CommandExample("those under a node", "kelmark entry list --parent-id spiffe://acme.example/node"),
            CommandExample(
                "those with exactly these selectors",
                "kelmark entry list --selector unix:uid:1000 --match-selectors-on exact"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: EntryFilterOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let found = try await context.administering(issuer) { try await $0.listEntries(options.filter) }
        return EntryView.list(found).result(issuer.form, in: context)
    }
}

/// `kelmark entry show`.
struct EntryShowCommand: KelmarkCommand {
    static let path = "entry show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows one entry whole, or all that match.",
        examples: [
            CommandExample("one", "kelmark entry show 0bea1b9b-8601-4615-ba0d-c4667310609d"),
            CommandExample("those of an identity", "kelmark entry show --spiffe-id spiffe://acme.example/web"),
            CommandExample("as SPIRE's tool prints them", "kelmark entry show -output json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: EntryFilterOptions
    @Argument(help: "Name of an entry.")
    var id: String?
    @Option(
        name: .also("entry-id", as: "entryID"), help: ArgumentHelp("The same as an option.", valueName: "id"))
    var entryID: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard id == nil || entryID == nil else { throw Typed.usage("two entries were named") }
        let found = try await context.administering(issuer) { administration in
            if let id = id ?? entryID { return [try await administration.entry(id)] }
            return try await administration.listEntries(options.filter)
        }
        return EntryView.found(found).result(issuer.form, in: context)
    }
}

/// `kelmark entry count`.
struct EntryCountCommand: KelmarkCommand {
    static let path = "entry count"
    static let configuration = CommandConfiguration.kelmark(
        "count", "Counts entries.",
        examples: [
            CommandExample("all", "kelmark entry count"),
            CommandExample("those under a node", "kelmark entry count --parent-id spiffe://acme.example/node"),
            CommandExample("for a script", "kelmark entry count --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: EntryFilterOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let count = try await context.administering(issuer) { try await $0.countEntries(options.filter) }
        return Answer(
            json: ["count": .init(count)],
            text: [SPIREText.count(count, "registration entry", "registration entries")]
        ).result(issuer.form, in: context)
    }
}

/// `kelmark entry delete`.
struct EntryDeleteCommand: KelmarkCommand {
    static let path = "entry delete"
    static let configuration = CommandConfiguration.kelmark(
        "delete", "Deletes entries.",
        about: "Agents drop the identities at their next look. SVIDs that workloads hold stay valid until they end.",
        examples: [
            CommandExample("one", "kelmark entry delete 0bea1b9b-8601-4615-ba0d-c4667310609d"),
            CommandExample("several", "kelmark entry delete web-1 web-2"),
            CommandExample("those of a file {\"ids\":[…]}", "kelmark entry delete --file ids.json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @Argument(help: "Names of entries.")
    var ids: [String] = []
    @Option(
        name: .also("entry-id", as: "entryID"), help: ArgumentHelp("The same as an option.", valueName: "id"))
    var entryID: String?
    @Option(
        name: .also("file", as: "file"), help: ArgumentHelp("File of names, - for standard input.", valueName: "file"),
        completion: .file())
    var file: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let ids = try Typed.only(
            self.ids.isEmpty ? nil : self.ids, entryID.map { [$0] }, file.map { try EntryFile.ids(path: $0) },
            or: "name the entries: as arguments, by --entry-id or by --file")
        let results = try await context.administering(issuer) { try await $0.deleteEntries(ids) }
        return EntryView.deleted(results, of: ids).result(issuer.form, in: context)
    }
}
