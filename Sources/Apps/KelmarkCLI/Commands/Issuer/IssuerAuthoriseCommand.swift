// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import ArgumentParser
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import SPIFFE
internal import TrustBinding

/// What an authority credential allows, as it is typed.
struct AuthorityLimitOptions: ParsableArguments {
    @Option(
        name: .customLong("path"),
        help: ArgumentHelp(
            "A path of the trust domain with all below it; may be repeated. All unless given.", valueName: "path"))
    var paths: [PathPrefixArgument] = []
    @Option(name: .customLong("svid-type"), help: "x509 or jwt; may be repeated. Both unless given.")
    var types: [SVIDTypeArgument] = []
    @Option(name: .customLong("max-x509-ttl"), help: ArgumentHelp("Longest X.509-SVID.", valueName: "time"))
    var longestX509 = LifetimeArgument.oneDay
    @Option(name: .customLong("max-jwt-ttl"), help: ArgumentHelp("Longest JWT-SVID.", valueName: "time"))
    var longestJWT = LifetimeArgument.oneHour
    @Option(help: ArgumentHelp("How many signing keys may be live at one time.", valueName: "number"))
    var maxKeys = 6
    @Flag(help: "Allow one issuer below this one.")
    var downstream = false
    @Option(
        name: .customLong("bind"),
        help: ArgumentHelp("A path that belongs to a service; may be repeated.", valueName: "path=AID"))
    var bindings: [BindingArgument] = []

    /// The limits.
    func limits() throws -> AuthorityLimits {
        do throws(AuthorityCredentialError) {
            return try AuthorityLimits(
                pathPrefixes: paths.isEmpty ? [.all] : paths.map(\.prefix),
                svidTypes: types.isEmpty ? AuthorityStatement.Kind.allCases : types.map(\.kind),
                longestX509: longestX509.seconds, longestJWT: longestJWT.seconds, mostKeys: maxKeys,
                allowsDownstream: downstream, bindings: bindings.isEmpty ? nil : bindings.map(\.binding))
        } catch {
            throw CommandFailure("KM-ISSUER-LIMITS-MALFORMED", "the limit \(error.member) breaks its rules")
        }
    }
}

/// A path prefix as it is typed.
struct PathPrefixArgument: ExpressibleByArgument, Sendable {
    let prefix: PathPrefix

    init?(argument: String) {
        guard let prefix = PathPrefix(argument) else { return nil }
        self.prefix = prefix
    }
}

/// A kind of SVID by name.
enum SVIDTypeArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case x509, jwt

    var kind: AuthorityStatement.Kind {
        switch self {
        case .x509: .x509
        case .jwt: .jwt
        }
    }
}

/// A bound path as it is typed: `/path=AID`.
struct BindingArgument: ExpressibleByArgument, Sendable {
    let binding: AuthorityLimits.Binding

    init?(argument: String) {
        guard let split = argument.lastIndex(of: "="),
            let service = AID(String(argument[argument.index(after: split)...]))
        else { return nil }
        binding = AuthorityLimits.Binding(path: String(argument[..<split]), service: service)
    }
}

/// `kelmark issuer authorise`.
struct IssuerAuthoriseCommand: KelmarkCommand {
    static let path = "issuer authorise"
    static let configuration = CommandConfiguration.kelmark(
        "authorise", "Issues an authority credential: an AID may sign SVIDs of a trust domain, within limits.",
        about:
            "The credential is issued in a registry of the organisation, which is made at the first time. The issuer "
            + "may be an AID of yours or somebody else's; it needs not be delegated. kelmark authority revoke ends it.",
        examples: [
            CommandExample(
                "for a whole trust domain", "kelmark issuer authorise issuer --from acme --trust-domain acme.example"),
            CommandExample(
                "for a part, with short lives",
                "kelmark issuer authorise issuer --from acme --trust-domain acme.example --path /dev --max-x509-ttl 1h"),
            CommandExample(
                "decide but write nothing",
                "kelmark issuer authorise issuer --from acme --trust-domain acme.example --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "The issuer: a name of yours, a contact, or an AID.")
    var issuer: String
    @Option(help: ArgumentHelp("Name of the organisation's AID.", valueName: "name"), completion: NameCompletion.kind)
    var from: String
    @Option(help: ArgumentHelp("The trust domain.", valueName: "name"))
    var trustDomain: TrustDomainArgument
    @OptionGroup(title: "Limits") var limitOptions: AuthorityLimitOptions
    @Option(help: ArgumentHelp("Name of the registry; NAME-authorities unless given.", valueName: "name"))
    var registry: String?
    @Option(help: ArgumentHelp("Which of the organisation's keys sign, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let limits = try limitOptions.limits()
        let nonce = try RandomBytes.generate(count: 16)
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let book = AuthorityBook(desk: desk)
            let organisation = try desk.wallet.identifier(from)
            let issuer = try context.aid(issuer, in: desk.wallet)
            let name = registry ?? AuthorityBook.registryName(of: organisation.name)
            try book.learnSchema(now: context.now)
            if try desk.issuing.ledger().registry(name) == nil {
                let made = try await desk.issuing.create(
                    name, owner: from, nonce: nonce, signers: signWith?.numbers, now: context.now)
                let result = try await desk.result(of: made, what: "registry \(name)", publish: publish, in: context)
                // The credential names the registry, so that nothing can be said of it before that stands.
                guard result.concern == nil, !write.dryRun else { return result }
            }
            let owned = try desk.issuing.registry(name)
            let credential = try book.credential(
                from: organisation.aid, in: owned.said, to: issuer, domain: trustDomain.domain, limits: limits,
                now: context.now)
            let issued = try await desk.issuing.issue(
                credential, dated: context.now, signers: signWith?.numbers, now: context.now)
            var result = try await desk.result(
                of: issued, what: "authority credential", publish: publish, in: context)
            result.data["credential"] = .text(credential.said.text)
            result.data["registry"] = .text(owned.said.text)
            result.data["issuer"] = .text(issuer.text)
            result.data["trustDomain"] = .text(trustDomain.domain.name)
            result.data["limits"] = .map(limits.members)
            result.text += [
                "  issuer   \(issuer)", "  domain   \(trustDomain.domain.name)", "  limits   \(limits)",
            ]
            return result
        }
    }
}
