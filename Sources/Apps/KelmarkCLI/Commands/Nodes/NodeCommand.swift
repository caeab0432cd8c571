// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// `kelmark node`.
struct NodeCommand: AsyncParsableCommand {
    /// The verbs, which SPIRE's tools have below `agent`.
    static let verbs: [any ParsableCommand.Type] = [
        NodeListCommand.self, NodeShowCommand.self, NodeCountCommand.self, NodeBanCommand.self, NodeEvictCommand.self,
        NodePurgeCommand.self,
    ]
    static let configuration = CommandConfiguration.kelmark(
        "node", "Shows the nodes whose agents have joined, and refuses them.",
        examples: [
            CommandExample("all", "kelmark node list"),
            CommandExample("refuse one for good", "kelmark node ban spiffe://acme.example/spire/agent/x509pop/0a1b"),
            CommandExample("forget those that are long gone", "kelmark node purge --expired-for 30d --dry-run"),
        ],
        subcommands: verbs)
}

/// Which nodes are wanted.
struct NodeFilterOptions: ParsableArguments {
    @Option(
        name: .also("attestation-type", as: "attestationType"),
        help: ArgumentHelp("Those that joined this way, like x509pop.", valueName: "type"))
    var attestationType: String?
    @Flag(name: .also("banned", as: "banned"), inversion: .prefixedNo, help: "Those that are, or are not, banned.")
    var banned: Bool?
    @Flag(
        name: .also("can-reattest", as: "canReattest"), inversion: .prefixedNo,
        help: "Those that may, or may not, join again.")
    var canReattest: Bool?
    @Option(
        name: .also("expires-before", as: "expiresBefore"),
        help: ArgumentHelp("Those whose SVID ends before a moment.", valueName: "moment"))
    var expiresBefore: String?
    @Option(
        name: .also("selector", as: "selector"),
        help: ArgumentHelp("Those with a selector; may be repeated.", valueName: "type:value"),
        transform: Typed.selector)
    var selectors: [SelectorRecord] = []
    @Option(
        name: .also("match-selectors-on", as: "matchSelectorsOn"),
        help: ArgumentHelp("exact, subset, superset or any.", valueName: "way"))
    var matchSelectorsOn = MatchBehaviour.superset

    var filter: NodeQuery {
        get throws {
            var filter = NodeQuery()
            filter.attestationType = attestationType ?? ""
            filter.selectors = selectors
            filter.selectorsMatch = matchSelectorsOn
            filter.isBanned = banned
            filter.canReattest = canReattest
            if let expiresBefore {
                // A moment of ours, or the spelling of the API, which the server reads.
                let moment = (try? Typed.moment(expiresBefore)).flatMap { CertificateTime(seconds: $0) }
                filter.expiresBefore = moment.map(NodeView.limit) ?? expiresBefore
            }
            return filter
        }
    }
}

/// The node that a command is about.
struct NodeNameOptions: ParsableArguments {
    @Argument(help: "The node's SPIFFE ID.", transform: Typed.id)
    var id: IDRecord?
    @Option(
        name: .also("spiffe-id", as: "spiffeID"), help: ArgumentHelp("The same as an option.", valueName: "id"),
        transform: Typed.id)
    var spiffeID: IDRecord?

    var node: IDRecord {
        get throws { try Typed.only(id, spiffeID, or: "name one node: as an argument or by --spiffe-id") }
    }
}

/// `kelmark node list`.
struct NodeListCommand: KelmarkCommand {
    static let path = "node list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows nodes.",
        examples: [
            CommandExample("all", "kelmark node list"),
            CommandExample("those that are refused", "kelmark node list --banned"),
            CommandExample("those that joined by a token", "kelmark node list --attestation-type join_token"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: NodeFilterOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let filter = try options.filter
        let nodes = try await context.administering(issuer) { try await $0.listNodes(filter) }
        return NodeView.found(nodes).result(issuer.form, in: context)
    }
}

/// `kelmark node show`.
struct NodeShowCommand: KelmarkCommand {
    static let path = "node show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows one node.",
        examples: [
            CommandExample("one", "kelmark node show spiffe://acme.example/spire/agent/x509pop/0a1b"),
            CommandExample(
                "as SPIRE's tool does", "kelmark node show -spiffeID spiffe://acme.example/spire/agent/x509pop/0a1b"),
            CommandExample(
                "for a script", "kelmark node show spiffe://acme.example/spire/agent/x509pop/0a1b --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var name: NodeNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.node
        let node = try await context.administering(issuer) { try await $0.node(id) }
        return NodeView.shown(node).result(issuer.form, in: context)
    }
}

/// `kelmark node count`.
struct NodeCountCommand: KelmarkCommand {
    static let path = "node count"
    static let configuration = CommandConfiguration.kelmark(
        "count", "Counts nodes.",
        examples: [
            CommandExample("all", "kelmark node count"),
            CommandExample("those that may join again", "kelmark node count --can-reattest"),
            CommandExample("for a script", "kelmark node count --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: NodeFilterOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let filter = try options.filter
        let count = try await context.administering(issuer) { try await $0.countNodes(filter) }
        return Answer(
            json: ["count": .init(count)], text: [SPIREText.count(count, "attested agent", "attested agents")]
        ).result(issuer.form, in: context)
    }
}

/// `kelmark node ban`.
struct NodeBanCommand: KelmarkCommand {
    static let path = "node ban"
    static let configuration = CommandConfiguration.kelmark(
        "ban", "Refuses a node for good.",
        about: "Its agent gets nothing more and can't join again. What its workloads hold stays valid until it ends.",
        examples: [
            CommandExample("one", "kelmark node ban spiffe://acme.example/spire/agent/x509pop/0a1b"),
            CommandExample(
                "as SPIRE's tool does", "kelmark node ban -spiffeID spiffe://acme.example/spire/agent/x509pop/0a1b"),
            CommandExample("who is banned", "kelmark node list --banned"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var name: NodeNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.node
        try await context.administering(issuer) { try await $0.banNode(id) }
        return Answer(json: [:], text: ["Agent banned successfully"]).result(issuer.form, in: context)
    }
}

/// `kelmark node evict`.
struct NodeEvictCommand: KelmarkCommand {
    static let path = "node evict"
    static let configuration = CommandConfiguration.kelmark(
        "evict", "Forgets a node; it may join again.",
        examples: [
            CommandExample("one", "kelmark node evict spiffe://acme.example/spire/agent/x509pop/0a1b"),
            CommandExample(
                "as SPIRE's tool does", "kelmark node evict -spiffeID spiffe://acme.example/spire/agent/x509pop/0a1b"),
            CommandExample("for a script", "kelmark node evict spiffe://acme.example/spire/agent/x509pop/0a1b --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var name: NodeNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let id = try name.node
        try await context.administering(issuer) { try await $0.evictNode(id) }
        return Answer(json: [:], text: ["Agent evicted successfully"]).result(issuer.form, in: context)
    }
}
