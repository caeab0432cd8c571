// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import CESR
internal import KERI
internal import KelmarkBytes
internal import SPIFFE
internal import TrustBinding

/// `kelmark issuer sign`.
struct IssuerSignCommand: KelmarkCommand {
    static let path = "issuer sign"
    static let configuration = CommandConfiguration.kelmark(
        "sign", "Signs the X.509-SVID of a certificate request, with its proof file.",
        about:
            "Only key and names are taken from the request (PKCS#10, PEM or DER); the authority credential bounds names and "
            + "lifetime. Three files come out: NAME.pem, the "
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
        let issued = try await context.issuing(dryRun: write.dryRun) { desk in
            let service = try IssuerService(
                desk, folder: IssuerFolder(path: context.home.issuers), name: issuer)
            return try await service.sign(
                request, id: id, dnsNames: dnsNames, now: now, lifetime: ttl.seconds)
        }
        let files = [
            ("certificate", out + ".pem", Array(issued.leaf.pem.utf8)),
            ("authority", out + "-authority.pem", Array(issued.authority.pem.utf8)),
            ("proof", out + "." + ProofFileFormat.fileExtension, issued.proof),
        ]
        if !write.dryRun { for (_, path, bytes) in files { try DurableFile.writeOutput(bytes, to: path) } }
        var written = OrderedMap()
        for (name, path, _) in files { written[name] = .text(path) }
        let root = issued.statement
        var data: OrderedMap = [
            "id": .text(id.description), "statement": .text(root.said.text), "issuer": .text(root.issuer.text),
            "notBefore": .text(issued.leaf.notBefore.description), "notAfter": .text(issued.leaf.notAfter.description),
            "files": .map(written),
        ]
        data["verdict"] = .text(issued.report.verdict.rawValue)
        IssuerProveCommand.warn(of: issued.report, on: context.console)
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
