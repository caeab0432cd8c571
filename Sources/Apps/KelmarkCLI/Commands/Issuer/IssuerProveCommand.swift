// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KelmarkBytes
internal import SPIFFE
internal import SwiftASN1
internal import TrustBinding

/// `kelmark issuer prove`.
struct IssuerProveCommand: KelmarkCommand {
    static let path = "issuer prove"
    static let configuration = CommandConfiguration.kelmark(
        "prove", "Writes the proof file of an SVID, or of the issuer's authorities, as of the newest events.",
        about:
            "A proof says how things stood when it was written. After a revocation or a withdrawal the new proof shows "
            + "it, and still answers what held before: verify --as-of. Without a certificate it is a proof of the issuer's "
            + "keys, as agents take it that are bound to the organisation (agent serve --root).",
        examples: [
            CommandExample("of a certificate", "kelmark issuer prove issuer --certificate web.pem --out web.kel"),
            CommandExample("of the authorities, for agents", "kelmark issuer prove issuer --out authorities.kel"),
            CommandExample(
                "what held before", "kelmark verify web.kel --root EJ…AID --trust-domain acme.example --as-of EJ…AID:3"
            ),
            CommandExample(
                "decide but write nothing",
                "kelmark issuer prove issuer --certificate web.pem --out web.kel --dry-run"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions
    @Argument(help: "Name of the issuer's AID.", completion: NameCompletion.kind)
    var issuer: String
    @Option(
        help: ArgumentHelp("The certificate, PEM or DER; the issuer's authorities unless given.", valueName: "file"),
        completion: .file())
    var certificate: String?
    @Option(help: ArgumentHelp("File for the proof.", valueName: "file"), completion: .file(extensions: ["kel"]))
    var out: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let service = try IssuerService(
            context.readingIssuing(), folder: IssuerFolder(path: context.home.issuers), name: issuer)
        guard let certificate else { return try authorities(of: service, in: context) }
        let leaf = try Self.certificate(try DurableFile.read(certificate, atMost: 1 << 16), name: certificate)
        let issued = try service.prove(leaf, now: try context.certificateTime)
        if !write.dryRun { try DurableFile.writeOutput(issued.proof, to: out) }
        Self.warn(of: issued.report, on: context.console)
        var data: OrderedMap = [
            "file": .text(out), "bytes": OrderedValue(issued.proof.count),
            "verdict": .text(issued.report.verdict.rawValue),
            "asOf": .list(issued.report.asOf.map { .text($0.description) }),
        ]
        if write.dryRun { data["dryRun"] = true }
        return CommandResult(
            data: data,
            text: ["\(write.dryRun ? "would have written" : "wrote") \(out) (\(issued.proof.count) bytes)"]
                + issued.report.asOf.map { "  as of  \($0)" })
    }

    private func authorities(of service: IssuerService, in context: CommandContext) throws -> CommandResult {
        let proof = try service.proveAuthorities(now: try context.certificateTime)
        if !write.dryRun { try DurableFile.writeOutput(proof, to: out) }
        let newest = try ProofFile(proof).newestEvents
        var data: OrderedMap = [
            "file": .text(out), "bytes": OrderedValue(proof.count),
            "asOf": .list(newest.map { .text($0.description) }),
        ]
        if write.dryRun { data["dryRun"] = true }
        return CommandResult(
            data: data,
            text: ["\(write.dryRun ? "would have written" : "wrote") \(out) (\(proof.count) bytes)"]
                + newest.map { "  as of  \($0)" })
    }

    /// Says so when our own verifier does not call a proof proven.
    static func warn(of report: VerdictReport, on console: Console) {
        guard report.verdict != .proven, let rung = report.decidingRung else { return }
        console.warning(
            "verifiers will call this proof \(report.verdict.rawValue): \(rung.name.rawValue): "
                + (rung.reasons.first?.description ?? ""))
    }

    /// A certificate, PEM or DER.
    static func certificate(_ bytes: [UInt8], name: String) throws -> X509Certificate {
        let der =
            bytes.first == 0x30
            ? bytes : (try? PEMDocument(pemString: String(decoding: bytes, as: UTF8.self)))?.derBytes
        guard let der, let certificate = try? X509Certificate(der: der) else {
            throw CommandFailure("KM-INPUT-MALFORMED", "\(name) holds no certificate")
        }
        return certificate
    }
}
