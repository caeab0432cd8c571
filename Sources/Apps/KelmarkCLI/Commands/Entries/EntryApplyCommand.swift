// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// `kelmark entry apply`.
struct EntryApplyCommand: KelmarkCommand {
    static let path = "entry apply"
    static let configuration = CommandConfiguration.kelmark(
        "apply", "Makes the entries of the issuer those of a file.",
        about:
            "Entries of the file that are missing are made, those that differ are changed; a second run does nothing. "
            + "With --prune, what the file does not name is deleted, under those parents that the file names and under "
            + "those of --prune-under. Deleting needs --yes; without it only the plan is shown.",
        examples: [
            CommandExample("see what would be done", "kelmark entry apply entries.json --dry-run"),
            CommandExample("do it", "kelmark entry apply entries.json"),
            CommandExample("and delete what the file does not name", "kelmark entry apply entries.json --prune --yes"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var destructive: DestructiveOptions
    @Argument(help: "File of entries, - for standard input.", completion: .file())
    var file: String
    @Flag(help: "Delete what the file does not name.")
    var prune = false
    @Option(
        help: ArgumentHelp(
            "Delete under this parent too, which the file may not name; may be repeated.", valueName: "id"),
        transform: Typed.id)
    var pruneUnder: [IDRecord] = []

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard prune || pruneUnder.isEmpty else { throw Typed.usage("--prune-under says where --prune deletes") }
        let wanted = try EntryFile(path: file).entries
        return try await context.administering(issuer) { administration in
            let plan = try EntryPlan(
                wanted: wanted, present: try await administration.listEntries(),
                prunesUnder: prune ? Set(wanted.map(\.parentID) + pruneUnder) : nil)
            if write.dryRun || plan.isEmpty {
                return Answer(json: plan.json, text: plan.text).result(issuer.form, in: context)
            }
            guard plan.deletions.isEmpty || destructive.yes else {
                for line in plan.text { context.console.error(line) }
                throw CommandFailure(
                    "KM-NEEDS-YES",
                    "\(SPIREText.count(plan.deletions.count, "entry", "entries")) would be deleted, nothing was done",
                    next: (["\(Product.command) entry apply \(file) --prune"]
                        + pruneUnder.map { "--prune-under \($0)" } + ["--yes"]).joined(separator: " "))
            }
            return try await Self.carryOut(plan, administration).result(issuer.form, in: context)
        }
    }

    /// Deletes last, so that nobody loses an identity before its successor is there.
    private static func carryOut(_ plan: EntryPlan, _ administration: IssuerAdministration) async throws -> Answer {
        let created = try await administration.createEntries(plan.creations)
        let changed = try await administration.updateEntries(plan.changes.map(\.after))
        let refused = (created + changed).map(\.status).filter { !$0.isOK }
        // What could not be made or changed may be what would replace them.
        let deletions = refused.isEmpty ? plan.deletions.map(\.id) : []
        let deleted = try await administration.deleteEntries(deletions)
        let made = EntryView.written(created, of: plan.creations, verb: "create")
        let altered = EntryView.written(changed, of: plan.changes.map(\.after), verb: "update")
        let gone = EntryView.deleted(deleted, of: deletions)
        var json = plan.json
        json["results"] = [
            "create": made.json["results"] ?? .null, "change": altered.json["results"] ?? .null,
            "delete": gone.json["results"] ?? .null,
        ]
        var complaints = made.complaints + altered.complaints + gone.complaints
        if !refused.isEmpty, !plan.deletions.isEmpty {
            complaints.append("nothing was deleted, because not all entries could be made or changed")
        }
        return Answer(
            json: json, text: plan.text, complaints: complaints, warnings: made.warnings + altered.warnings,
            concern: .ofRefused((created + changed).map(\.status) + deleted.map(\.status), "apply one or more entries"))
    }
}
