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
            CommandExample("an issuer under your organisation", "kelmark id delegate issuer --from acme"),
            CommandExample(
                "its signing key, stated in its log", "kelmark issuer statement issuer --trust-domain acme.example"),
            CommandExample(
                "an SVID for a request",
                "kelmark issuer sign issuer --csr web.csr --id spiffe://acme.example/web --out web"),
        ],
        subcommands: [IssuerStatementCommand.self, IssuerSignCommand.self])
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

/// A lifetime: a number with `s`, `m`, `h` or `d`.
struct LifetimeArgument: ExpressibleByArgument, Sendable {
    let seconds: Int64

    static let oneHour = LifetimeArgument(seconds: 3600)
    static let ninetyDays = LifetimeArgument(seconds: 90 * 86_400)

    private init(seconds: Int64) { self.seconds = seconds }

    var defaultValueDescription: String { seconds % 86_400 == 0 ? "\(seconds / 86_400)d" : "\(seconds / 3600)h" }

    init?(argument: String) {
        guard let unit = argument.last, let number = Int64(argument.dropLast()), number > 0, number < 1 << 32 else {
            return nil
        }
        let factor: Int64
        switch unit {
        case "s": factor = 1
        case "m": factor = 60
        case "h": factor = 3600
        case "d": factor = 86_400
        default: return nil
        }
        seconds = number * factor
        guard (60...(3650 * 86_400)).contains(seconds) else { return nil }
    }
}

/// `kelmark issuer statement`.
struct IssuerStatementCommand: KelmarkCommand {
    static let path = "issuer statement"
    static let configuration = CommandConfiguration.kelmark(
        "statement", "Makes a signing key and seals the statement that names it in the issuer's log.",
        about: "The key is P-256 and stays in the vault. Its self-signed certificate is a bundle root of its own.",
        examples: [
            CommandExample("for a trust domain", "kelmark issuer statement issuer --trust-domain acme.example"),
            CommandExample("for 30 days", "kelmark issuer statement issuer --trust-domain acme.example --lifetime 30d"),
            CommandExample(
                "decide but write nothing", "kelmark issuer statement issuer --trust-domain acme.example --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @Argument(help: "Name of the issuer's AID.", completion: NameCompletion.kind)
    var issuer: String
    @Option(help: ArgumentHelp("The trust domain that the key signs for.", valueName: "name"))
    var trustDomain: TrustDomainArgument
    @Option(help: ArgumentHelp("How long the key may sign.", valueName: "time"))
    var lifetime = LifetimeArgument.ninetyDays
    @Option(help: ArgumentHelp("File for the authority's certificate (PEM).", valueName: "file"), completion: .file())
    var out: String?
    @Option(help: ArgumentHelp("Which keys sign the seal, like 0,2.", valueName: "numbers"))
    var signWith: NumberList?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let now = try context.certificateTime
        return try await context.changing(dryRun: write.dryRun) { wallet in
            let service = try IssuerService(
                wallet, folder: IssuerFolder(path: context.home.issuers), name: issuer)
            let sealed = try await service.makeStatement(
                trustDomain: trustDomain.domain, from: now, lifetime: lifetime.seconds,
                signers: signWith?.numbers, at: context.now)
            if let out, !write.dryRun {
                try DurableFile.writeOutput(Array(sealed.entry.certificate.pem.utf8), to: out)
            }
            let statement = sealed.entry.statement
            var result = IdentifierView.result(
                of: sealed.sealing, name: issuer, verb: "sealed a statement of",
                state: try wallet.keyState(of: service.controller.aid), dryRun: write.dryRun)
            result.data["statement"] =
                (try? OrderedValue(parsing: statement.bytes.span, format: .json)) ?? .null
            result.data["certificate"] = .text(sealed.entry.certificate.pem)
            result.text += [
                "  statement    \(statement.said.text)", "  trust domain \(statement.trustDomain.name)",
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

/// `kelmark issuer sign`.
struct IssuerSignCommand: KelmarkCommand {
    static let path = "issuer sign"
    static let configuration = CommandConfiguration.kelmark(
        "sign", "Signs the X.509-SVID of a certificate request, with its proof file.",
        about:
            "Only key and names are taken from the request (PKCS#10, PEM or DER). Three files come out: NAME.pem, the "
            + "certificate; NAME-authority.pem, the bundle root; NAME.kel, the proof that everybody can "
            + "verify offline.",
        examples: [
            CommandExample(
                "make a request first",
                "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout web.key -subj / "
                    + "-out web.csr"
            ),
            CommandExample(
                "sign it", "kelmark issuer sign issuer --csr web.csr --id spiffe://acme.example/web --out web"),
            CommandExample(
                "for a day, with a DNS name",
                "kelmark issuer sign issuer --csr web.csr --id spiffe://acme.example/web --ttl 1d --dns "
                    + "web.acme.example --out web"
            ),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @Argument(help: "Name of the issuer's AID.", completion: NameCompletion.kind)
    var issuer: String
    @Option(help: ArgumentHelp("The request, PEM or DER.", valueName: "file"), completion: .file())
    var csr: String
    @Option(
        help: ArgumentHelp("The workload's SPIFFE ID; the one of the request unless given.", valueName: "spiffe-id"))
    var id: SPIFFEIDArgument?
    @Option(name: .customLong("dns"), help: ArgumentHelp("A DNS name; may be repeated.", valueName: "name"))
    var dnsNames: [String] = []
    @Option(help: ArgumentHelp("How long the certificate is valid.", valueName: "time"))
    var ttl = LifetimeArgument.oneHour
    @Option(help: ArgumentHelp("Path of the output files without their extension.", valueName: "path"))
    var out = "svid"

    func perform(in context: CommandContext) async throws -> CommandResult {
        let bytes = try DurableFile.read(csr, atMost: 2 * VerifiedCertificateRequest.largestRequest)
        let request =
            bytes.first == 0x30
            ? try VerifiedCertificateRequest(der: bytes)
            : try VerifiedCertificateRequest(pem: String(decoding: bytes, as: UTF8.self))
        guard let id = id?.id ?? request.id else {
            throw CommandFailure(
                "KM-ISSUER-TRUST-DOMAIN", "neither --id nor the request names a SPIFFE ID")
        }
        let now = try context.certificateTime
        let issued = try await context.changing(dryRun: write.dryRun) { wallet in
            let service = try IssuerService(
                wallet, folder: IssuerFolder(path: context.home.issuers), name: issuer)
            return try await service.sign(
                request, id: id, dnsNames: dnsNames, now: now, lifetime: ttl.seconds)
        }
        let files = [
            ("certificate", out + ".pem", Array(issued.leaf.pem.utf8)),
            ("authority", out + "-authority.pem", Array(issued.entry.certificate.pem.utf8)),
            ("proof", out + "." + ProofFileFormat.fileExtension, issued.proof),
        ]
        if !write.dryRun { for (_, path, bytes) in files { try DurableFile.writeOutput(bytes, to: path) } }
        var written = OrderedMap()
        for (name, path, _) in files { written[name] = .text(path) }
        let root = issued.entry.statement
        var data: OrderedMap = [
            "id": .text(id.description), "statement": .text(root.said.text), "issuer": .text(root.issuer.text),
            "notBefore": .text(issued.leaf.notBefore.description), "notAfter": .text(issued.leaf.notAfter.description),
            "files": .map(written),
        ]
        data["verdict"] = .text(issued.report.verdict.rawValue)
        if issued.report.verdict != .proven, let rung = issued.report.decidingRung {
            context.console.warning(
                "verifiers will call this proof \(issued.report.verdict.rawValue): \(rung.name.rawValue): "
                    + (rung.reasons.first?.description ?? ""))
        }
        if write.dryRun { data["dryRun"] = true }
        let organisation = issued.report.asOf.first?.aid ?? "ORGANISATION-AID"
        return CommandResult(
            data: data,
            text: [
                "\(write.dryRun ? "would have " : "")signed \(id)",
                "  valid       \(issued.leaf.notBefore) to \(issued.leaf.notAfter)",
            ]
                + files.map { name, path, bytes in
                    "  \(name)\(String(repeating: " ", count: 12 - name.count))\(path) (\(bytes.count) bytes)"
                },
            hints: [
                "anybody can check it: \(Product.command) verify \(out).kel --root \(organisation) "
                    + "--trust-domain \(id.trustDomain.name)"
            ])
    }
}
