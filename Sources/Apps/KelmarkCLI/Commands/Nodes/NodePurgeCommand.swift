// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// `kelmark node purge`.
struct NodePurgeCommand: KelmarkCommand {
    static let path = "node purge"
    static let configuration = CommandConfiguration.kelmark(
        "purge", "Forgets nodes whose SVIDs ended long ago.",
        about: "Only nodes that can join again: what was trusted on first use, and what is banned, stays known.",
        examples: [
            CommandExample("see which", "kelmark node purge --dry-run"),
            CommandExample("those that ended 90 days ago", "kelmark node purge --expired-for 90d"),
            CommandExample("as SPIRE's tool does", "kelmark node purge -expiredFor 720h"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @Option(
        name: .also("expired-for", as: "expiredFor"),
        help: ArgumentHelp("How long ago their SVIDs ended (default: 720h).", valueName: "time"),
        transform: Typed.lifetime)
    var expiredFor: Int32 = 720 * 3600
    @Flag(name: .also("dry-run", as: "dryRun"), help: "Show what would be done and change nothing.")
    var dryRun = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        var filter = NodeQuery()
        filter.canReattest = true
        filter.isBanned = false
        filter.expiresBefore = NodeView.limit(try context.certificateTime.advanced(by: -Int64(expiredFor)))
        return try await context.administering(issuer) { [filter] administration in
            // Again by our own eyes: a server that doesn't know the filter would name all of them.
            let limit = try context.certificateTime.seconds - Int64(expiredFor)
            let nodes = try await administration.listNodes(filter).filter {
                $0.canReattest && !$0.isBanned && $0.expiresAt < limit
            }
            var answer = Answer(json: ["expired_agents": .list([]), "dry_run": .boolean(dryRun)], text: [])
            guard !nodes.isEmpty else {
                answer.text = ["No agents to purge."]
                return answer.result(issuer.form, in: context)
            }
            answer.text = [
                "Found \(SPIREText.count(nodes.count, "expired agent", "expired agents"))\(dryRun ? " to purge" : "").",
                "",
            ]
            var statuses: [ItemStatus] = []
            var items: [OrderedValue] = []
            for node in nodes {
                let status = dryRun ? nil : await Self.evict(node, administration)
                if let status, !status.isOK {
                    answer.complaints.append(
                        printable("Failed to evict \(node.id) ") + SPIREText.reason(status))
                } else {
                    answer.text.append(printable("\(dryRun ? "Would evict" : "Evicted") \(node.id)"))
                }
                if let status { statuses.append(status) }
                items.append(["agent_id": SPIREJSON.id(node.id), "deleted": .boolean(status?.isOK ?? false)])
            }
            answer.json["expired_agents"] = .list(items)
            answer.concern = .ofRefused(statuses, "evict one or more agents")
            return answer.result(issuer.form, in: context)
        }
    }

    private static func evict(_ node: NodeRecord, _ administration: IssuerAdministration) async -> ItemStatus {
        do {
            try await administration.evictNode(node.id)
            return ItemStatus(code: 0, message: "OK")
        } catch let error as AdministrationError {
            return ItemStatus(
                code: max(error.code.rawValue, AdministrationError.Code.unknown.rawValue), message: error.message)
        } catch {
            return ItemStatus(code: AdministrationError.Code.unknown.rawValue, message: "\(error)")
        }
    }
}
