// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// `kelmark federation`.
struct FederationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "federation", "Says where the bundles of other trust domains are fetched.",
        examples: [
            CommandExample(
                "from an issuer that shows an SVID",
                "kelmark federation create --trust-domain other.example --url https://other.example:8443/ "
                    + "--endpoint-id spiffe://other.example/spire/server --bundle other.json --bundle-format spiffe"),
            CommandExample("all", "kelmark federation list"),
            CommandExample("fetch now", "kelmark federation refresh other.example"),
        ],
        subcommands: [
            FederationCreateCommand.self, FederationListCommand.self, FederationShowCommand.self,
            FederationUpdateCommand.self, FederationDeleteCommand.self, FederationRefreshCommand.self,
        ])
}

/// How a bundle endpoint shows who it is.
enum EndpointProfile: String, ExpressibleByArgument, CaseIterable, Sendable {
    case web = "https_web"
    case spiffe = "https_spiffe"
}

/// What can be said of a relationship.
struct RelationshipOptions: ParsableArguments {
    @Option(
        name: .also("trust-domain", as: "trustDomain"),
        help: ArgumentHelp("The other trust domain.", valueName: "domain"),
        transform: Typed.trustDomain)
    var trustDomain: String?
    @Option(
        name: [.customLong("url"), .customLong("bundleEndpointURL", withSingleDash: true)],
        help: ArgumentHelp("Where its bundle is, https only.", valueName: "url"))
    var url: String?
    @Option(
        name: [.customLong("profile"), .customLong("bundleEndpointProfile", withSingleDash: true)],
        help: ArgumentHelp(
            "https_spiffe or https_web (default: https_spiffe with --endpoint-id, else https_web).",
            valueName: "profile"))
    var profile: EndpointProfile?
    @Option(
        name: [.customLong("endpoint-id"), .customLong("endpointSpiffeID", withSingleDash: true)],
        help: ArgumentHelp("The SPIFFE ID that the endpoint shows.", valueName: "id"), transform: Typed.id)
    var endpointID: IDRecord?
    @Option(
        name: [.customLong("bundle"), .customLong("trustDomainBundlePath", withSingleDash: true)],
        help: ArgumentHelp("File of the bundle that is trusted before the first fetch.", valueName: "file"),
        completion: .file())
    var bundle: String?
    @Option(
        name: [.customLong("bundle-format"), .customLong("trustDomainBundleFormat", withSingleDash: true)],
        help: ArgumentHelp("pem or spiffe (default: pem).", valueName: "form"))
    var bundleFormat: BundleForm?
    @Option(
        name: .also("data", as: "data"),
        help: ArgumentHelp("File of relationships instead, - for standard input.", valueName: "file"),
        completion: .file())
    var data: String?

    /// All that were described.
    var relationships: [RelationshipRecord] {
        get throws {
            guard let data else { return [try relationship] }
            guard trustDomain == nil, url == nil, profile == nil, endpointID == nil, bundle == nil, bundleFormat == nil
            else { throw Typed.usage("relationships come from a file or from options, not from both") }
            return try RelationshipFile(path: data).relationships
        }
    }

    /// The one that the options describe.
    var relationship: RelationshipRecord {
        get throws {
            guard let trustDomain else { throw Typed.usage("a trust domain is required (--trust-domain)") }
            guard let url else { throw Typed.usage("a URL is required (--url)") }
            var record = try RelationshipRecord(
                trustDomain: trustDomain, url: url, profile: profile, endpointID: endpointID)
            if let bundle {
                record.bundle = BundleView.record(
                    try BundleFile.read(bundle, bundleFormat ?? .pem, of: TrustDomain(trustDomain)))
            }
            return record
        }
    }
}

extension RelationshipRecord {
    /// A relationship by what was said of it.
    /// - Throws: ``CommandFailure`` for parts that don't fit together.
    init(trustDomain: String, url: String, profile: EndpointProfile?, endpointID: IDRecord?) throws(CommandFailure) {
        guard url.hasPrefix("https://") else { throw Typed.usage("a bundle is fetched from an https:// URL only") }
        switch (profile ?? (endpointID == nil ? .web : .spiffe), endpointID) {
        case (.web, nil): self.init(trustDomain: trustDomain, url: url, profile: .web)
        case (.spiffe, let id?):
            self.init(trustDomain: trustDomain, url: url, profile: .spiffe(endpointID: id.description))
        case (.web, _): throw Typed.usage("an endpoint of the web shows no SPIFFE ID")
        case (.spiffe, nil): throw Typed.usage("say which SPIFFE ID the endpoint shows (--endpoint-id)")
        }
    }
}

/// The trust domain that a command is about.
struct TrustDomainNameOptions: ParsableArguments {
    @Argument(help: "The other trust domain.", transform: Typed.trustDomain)
    var domain: String?
    @Option(
        name: [
            .customLong("id"), .customLong("id", withSingleDash: true),
            .customLong("trustDomain", withSingleDash: true),
        ],
        help: ArgumentHelp("The same as an option.", valueName: "domain"), transform: Typed.trustDomain)
    var id: String?

    var name: String {
        get throws { try Typed.only(domain, id, or: "name one trust domain: as an argument or by --id") }
    }
}

/// `kelmark federation create`.
struct FederationCreateCommand: KelmarkCommand {
    static let path = "federation create"
    static let configuration = CommandConfiguration.kelmark(
        "create", "Begins to fetch the bundle of another trust domain.",
        examples: [
            CommandExample(
                "from an issuer that shows an SVID",
                "kelmark federation create --trust-domain other.example --url https://other.example:8443/ "
                    + "--endpoint-id spiffe://other.example/spire/server --bundle other.json --bundle-format spiffe"),
            CommandExample(
                "from a web server",
                "kelmark federation create --trust-domain other.example --url https://other.example/bundle.json"),
            CommandExample(
                "as SPIRE's tool does",
                "kelmark federation create -trustDomain other.example -bundleEndpointURL https://other.example/ "
                    + "-bundleEndpointProfile https_web"),
            CommandExample("several, from a file", "kelmark federation create --data relationships.json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: RelationshipOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let relationships = try options.relationships
        let results = try await context.administering(issuer) { try await $0.createRelationships(relationships) }
        return FederationView.written(results, of: relationships, verb: "create").result(issuer.form, in: context)
    }
}

/// `kelmark federation update`.
struct FederationUpdateCommand: KelmarkCommand {
    static let path = "federation update"
    static let configuration = CommandConfiguration.kelmark(
        "update", "Changes where the bundle of another trust domain is fetched.",
        about: "The bundle that is kept is replaced only when one is given.",
        examples: [
            CommandExample(
                "another URL",
                "kelmark federation update --trust-domain other.example --url https://new.example/bundle.json"),
            CommandExample(
                "another bundle too",
                "kelmark federation update --trust-domain other.example --url https://other.example/bundle.json "
                    + "--bundle other.pem"),
            CommandExample(
                "as SPIRE's tool does",
                "kelmark federation update -trustDomain other.example -bundleEndpointURL https://other.example/ "
                    + "-bundleEndpointProfile https_web"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var options: RelationshipOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let relationships = try options.relationships
        let results = try await context.administering(issuer) { try await $0.updateRelationships(relationships) }
        return FederationView.written(results, of: relationships, verb: "update").result(issuer.form, in: context)
    }
}

/// `kelmark federation list`.
struct FederationListCommand: KelmarkCommand {
    static let path = "federation list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows where bundles are fetched.",
        examples: [
            CommandExample("all", "kelmark federation list"),
            CommandExample("as SPIRE's tool prints them", "kelmark federation list -output json"),
            CommandExample("for a script", "kelmark federation list --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let found = try await context.administering(issuer) { try await $0.listRelationships() }
        return FederationView.found(found).result(issuer.form, in: context)
    }
}

/// `kelmark federation show`.
struct FederationShowCommand: KelmarkCommand {
    static let path = "federation show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows where one bundle is fetched.",
        examples: [
            CommandExample("one", "kelmark federation show other.example"),
            CommandExample("as SPIRE's tool does", "kelmark federation show -trustDomain other.example"),
            CommandExample("for a script", "kelmark federation show other.example --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var name: TrustDomainNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let domain = try name.name
        let found = try await context.administering(issuer) { try await $0.relationship(domain) }
        return Answer(
            json: FederationView.json(found),
            text: ["Found a federation relationship with trust domain \(printable(found.trustDomain)):", ""]
                + FederationView.block(found)
        ).result(issuer.form, in: context)
    }
}

/// `kelmark federation delete`.
struct FederationDeleteCommand: KelmarkCommand {
    static let path = "federation delete"
    static let configuration = CommandConfiguration.kelmark(
        "delete", "Ends the fetching of a bundle, and forgets the bundle.",
        about: "Entries that federate with the trust domain stay and federate with it no more: their workloads stop "
            + "trusting it within seconds. To keep a bundle that nobody fetches, set it by hand afterwards.",
        examples: [
            CommandExample("one", "kelmark federation delete other.example"),
            CommandExample("as SPIRE's tool does", "kelmark federation delete -id other.example"),
            CommandExample(
                "who would be concerned", "kelmark entry list --federates-with other.example"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var name: TrustDomainNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let domain = try name.name
        let results = try await context.administering(issuer) { try await $0.deleteRelationships([domain]) }
        return Answer(
            json: SPIREJSON.results(results, "trust_domain") { .text($0) },
            text: results.allSatisfy(\.status.isOK) ? ["federation relationship deleted."] : [],
            concern: .ofRefused(results.map(\.status), "delete federation relationship with trust domain \"\(domain)\"")
        ).result(issuer.form, in: context)
    }
}

/// `kelmark federation refresh`.
struct FederationRefreshCommand: KelmarkCommand {
    static let path = "federation refresh"
    static let configuration = CommandConfiguration.kelmark(
        "refresh", "Fetches a bundle now.",
        examples: [
            CommandExample("one", "kelmark federation refresh other.example"),
            CommandExample("as SPIRE's tool does", "kelmark federation refresh -id other.example"),
            CommandExample("and look at it", "kelmark bundle list --id other.example --format spiffe"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var name: TrustDomainNameOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let domain = try name.name
        try await context.administering(issuer) { try await $0.refreshBundle(domain) }
        return Answer(json: [:], text: ["Bundle refreshed"]).result(issuer.form, in: context)
    }
}
