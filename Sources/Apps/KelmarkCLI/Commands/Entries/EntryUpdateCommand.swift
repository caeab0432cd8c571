// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC

/// `kelmark entry update`.
struct EntryUpdateCommand: KelmarkCommand {
    static let path = "entry update"
    static let configuration = CommandConfiguration.kelmark(
        "update", "Changes entries.",
        about:
            "As with SPIRE's tool an entry is replaced whole: what is not said goes back to its default, and a warning "
            + "says what went. With --keep-rest only what is said changes.",
        examples: [
            CommandExample(
                "one thing", "kelmark entry update web-1 --keep-rest --x509-ttl 10m"),
            CommandExample(
                "whole",
                "kelmark entry update web-1 --parent-id spiffe://acme.example/node "
                    + "--spiffe-id spiffe://acme.example/web --selector unix:uid:1000"),
            CommandExample("many, from a file", "kelmark entry update --data entries.json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var entry: EntryOptions
    @Argument(help: "Name of the entry.")
    var id: String?
    @Option(
        name: .also("entry-id", as: "entryID"), help: ArgumentHelp("The same as an option.", valueName: "id"))
    var entryID: String?
    @Flag(help: "Change only what is said.")
    var keepRest = false
    @Option(
        name: .also("data", as: "data"),
        help: ArgumentHelp("File of entries, - for standard input.", valueName: "file"), completion: .file())
    var data: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        if let data {
            guard entry.given.isEmpty, id == nil, entryID == nil, !keepRest else {
                throw Typed.usage("entries come from a file or from options, not from both")
            }
            let entries = try EntryFile(path: data).entries
            guard entries.allSatisfy({ !$0.id.isEmpty }) else { throw Typed.usage("an entry of the file has no ID") }
            let results = try await context.administering(issuer) { try await $0.updateEntries(entries) }
            return EntryView.written(results, of: entries, verb: "update").result(issuer.form, in: context)
        }
        let id = try Typed.only(id, entryID, or: "name one entry: as an argument or by --entry-id")
        return try await context.administering(issuer) { administration in
            if keepRest { return try await updatePart(of: id, administration).result(issuer.form, in: context) }
            let whole = try entry.entry(id: id)
            let before = try? await administration.entry(id)
            let results = try await administration.updateEntries([whole])
            if results.allSatisfy(\.status.isOK), let before {
                let lost = Self.lost(before, whole, given: entry.given)
                if !lost.isEmpty {
                    context.console.warning(
                        "what was not said went back to its default: \(lost.joined(separator: ", ")) "
                            + "(--keep-rest keeps it)")
                }
            }
            return EntryView.written(results, of: [whole], verb: "update").result(issuer.form, in: context)
        }
    }

    /// Sends what was said, and names no other field.
    private func updatePart(of id: String, _ administration: IssuerAdministration) async throws -> Answer {
        let fields = entry.given
        guard !fields.isEmpty else { throw Typed.usage("nothing was said that would change") }
        var record = EntryRecord(
            id: id, spiffeID: IDRecord(trustDomain: "", path: ""), parentID: IDRecord(trustDomain: "", path: ""),
            selectors: [])
        if fields.contains(.attributes) {
            // One field of the API holds both: the other one is kept by sending it again.
            record.attributes = try await administration.entry(id).attributes
        }
        entry.apply(to: &record)
        let results = try await administration.updateEntries([record], fields: fields)
        return EntryView.written(results, of: [record], verb: "update")
    }

    /// The fields of an entry that a replacement set back although nobody spoke of them, by their names in the API.
    static func lost(_ before: EntryRecord, _ after: EntryRecord, given: Set<EntryField>) -> [String] {
        before.differences(from: after).subtracting(given).map(\.rawValue).sorted()
    }
}
