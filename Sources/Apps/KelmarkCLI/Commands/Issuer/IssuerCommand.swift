// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import SPIFFE
internal import TrustBinding

/// `kelmark issuer`.
struct IssuerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "issuer", "Signs X.509-SVIDs under an organisation's authority.",
        examples: [
            CommandExample(
                "let an AID sign, within limits",
                "kelmark issuer authorise issuer --from acme --trust-domain acme.example --path /web"),
            CommandExample(
                "its signing key, stated in its log", "kelmark issuer statement issuer --trust-domain acme.example"),
            CommandExample(
                "an SVID for a request",
                "kelmark issuer sign issuer --csr web.csr --id spiffe://acme.example/web --out web"),
        ],
        subcommands: [
            IssuerAuthoriseCommand.self, IssuerStatementCommand.self, IssuerServeCommand.self,
            IssuerValidateCommand.self, IssuerSignCommand.self, IssuerProveCommand.self, IssuerRecoverCommand.self,
            IssuerLogCommand.self,
        ])
}

/// A trust domain as it is typed.
struct TrustDomainArgument: ExpressibleByArgument, Sendable {
    let domain: TrustDomain

    init?(argument: String) {
        guard let domain = try? TrustDomain(argument) else { return nil }
        self.domain = domain
    }
}

/// A SPIFFE ID as it is typed.
struct SPIFFEIDArgument: ExpressibleByArgument, Sendable {
    let id: SPIFFEID

    init?(argument: String) {
        guard let id = try? SPIFFEID(argument), !id.isTrustDomainID else { return nil }
        self.id = id
    }
}

/// A lifetime from a minute to ten years: `30d`, `90m`, or as Go's programs print it, `24h0m0s`.
struct LifetimeArgument: ExpressibleByArgument, Sendable {
    let seconds: Int64

    static let fiveMinutes = LifetimeArgument(seconds: 300)
    static let oneHour = LifetimeArgument(seconds: 3600)
    static let oneDay = LifetimeArgument(seconds: 86_400)
    static let ninetyDays = LifetimeArgument(seconds: 90 * 86_400)

    private init(seconds: Int64) { self.seconds = seconds }

    var defaultValueDescription: String {
        if seconds % 86_400 == 0 { return "\(seconds / 86_400)d" }
        return seconds % 3600 == 0 ? "\(seconds / 3600)h" : "\(seconds / 60)m"
    }

    init?(argument: String) {
        guard let duration = DurationText(argument), (60...(3650 * 86_400)).contains(duration.seconds) else {
            return nil
        }
        seconds = Int64(duration.seconds)
    }
}

/// `kelmark issuer statement`.
struct IssuerStatementCommand: KelmarkCommand {
    static let path = "issuer statement"
    static let configuration = CommandConfiguration.kelmark(
        "statement", "Makes a signing key and seals the statement that names it in the issuer's log.",
        about: "The key is P-256 and stays in the vault. Its self-signed certificate is a bundle root of its own. The "
            + "statement names the authority credential that lets the issuer sign.",
        examples: [
            CommandExample("for a trust domain", "kelmark issuer statement issuer --trust-domain acme.example"),
            CommandExample("for 30 days", "kelmark issuer statement issuer --trust-domain acme.example --lifetime 30d"),
            CommandExample(
                "decide but write nothing", "kelmark issuer statement issuer --trust-domain acme.example --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var publish: PublishOptions
    @Argument(help: "Name of the issuer's AID.", completion: NameCompletion.kind)
    var issuer: String
    @Option(help: ArgumentHelp("The trust domain that the key signs for.", valueName: "name"))
    var trustDomain: TrustDomainArgument
    @Option(help: ArgumentHelp("How long the key may sign.", valueName: "time"))
    var lifetime = LifetimeArgument.ninetyDays
    @Option(help: ArgumentHelp("The authority credential; the newest that stands unless given.", valueName: "SAID"))
    var credential: IdentifierArgument<SAID>?
    @Option(help: ArgumentHelp("File for the authority's certificate (PEM).", valueName: "file"), completion: .file())
    var out: String?
    @Option(help: ArgumentHelp("Which keys sign the seal, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let now = try context.certificateTime
        return try await context.issuing(dryRun: write.dryRun) { desk in
            let service = try IssuerService(
                desk, folder: IssuerFolder(path: context.home.issuers), name: issuer)
            let sealed = try await service.makeStatement(
                trustDomain: trustDomain.domain, from: now, lifetime: lifetime.seconds, credential: credential?.id,
                signers: signWith?.numbers, at: context.now)
            if let out, !write.dryRun {
                try DurableFile.writeOutput(Array(sealed.certificate.pem.utf8), to: out)
            }
            let statement = sealed.statement
            var result = try await context.publishing(
                sealed.sealing, of: desk.wallet, name: issuer, verb: "sealed a statement of", options: publish,
                dryRun: write.dryRun)
            result.data["statement"] =
                (try? OrderedValue(parsing: statement.bytes.span, format: .json)) ?? .null
            result.data["certificate"] = .text(sealed.certificate.pem)
            result.text += [
                "  statement    \(statement.said.text)", "  credential   \(statement.credential.text)",
                "  trust domain \(statement.trustDomain.name)",
                "  key          \(statement.keyID)", "  valid        \(statement.notBefore) to \(statement.notAfter)",
            ]
            return result
        }
    }
}

extension CommandContext {
    /// The present in whole seconds, as certificates count it.
    var certificateTime: CertificateTime {
        get throws {
            guard let time = CertificateTime(seconds: now.microseconds / 1_000_000) else {
                throw CommandFailure("KM-INTERNAL", "the clock shows a time that no certificate can name")
            }
            return time
        }
    }
}
