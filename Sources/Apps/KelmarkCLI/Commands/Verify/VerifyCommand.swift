// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import KelmarkBytes
internal import SPIFFE
internal import TrustBinding

/// `kelmark verify`.
struct VerifyCommand: KelmarkCommand {
    static let path = "verify"
    static let configuration = CommandConfiguration.kelmark(
        "verify", "Judges a proof file offline, from one AID: proven, contradicted or undecidable.",
        about:
            "Needs the file, the organisation's AID, the trust domain that you bind to it, and a clock; no network, no "
            + "account, no home folder. Exit code 0 proven, 1 contradicted, 3 undecidable.",
        examples: [
            CommandExample("now", "kelmark verify web.kel --root EJ…AID --trust-domain acme.example"),
            CommandExample(
                "as of earlier events",
                "kelmark verify web.kel --root EJ…AID --trust-domain acme.example --as-of EJ…AID:4 --as-of EI…AID:2"),
            CommandExample(
                "at a given time",
                "kelmark verify web.kel --root EJ…AID --trust-domain acme.example --now 2027-01-31T12:00:00Z"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The proof file, or - for standard input.", completion: .file(extensions: ["kel"]))
    var file: String
    @Option(help: ArgumentHelp("The organisation's AID.", valueName: "AID"))
    var root: String?
    @Option(help: ArgumentHelp("The trust domain that you bind to it.", valueName: "name"))
    var trustDomain: String?
    @Option(
        name: .customLong("evidence"),
        help: ArgumentHelp("Evidence of duplicity that counts; may be repeated.", valueName: "file"),
        completion: .file())
    var evidence: [String] = []
    @Option(
        help: ArgumentHelp(
            "Events behind this position do not count; once for the organisation's log and once for the issuer's.",
            valueName: "AID:sn"))
    var asOf: [String] = []
    @Option(help: ArgumentHelp("The time, YYYY-MM-DDThh:mm:ssZ; the clock's unless given.", valueName: "time"))
    var now: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        let bytes = try DurableFile.read(
            file,
            atMost: min(context.settings.largestInput, max(ProofFileFormat.largestFile, DuplicityEvidence.largest)))
        guard !bytes.isEmpty else { throw CommandFailure("KM-INPUT-EMPTY", "\(file) is empty") }
        // Evidence of duplicity is proven by itself: there is no root to start from.
        if EvidenceView.isEvidence(bytes) {
            var result = EvidenceView.result(of: try Self.duplicity(bytes), file: file)
            result.concern = CommandFailure(
                "KM-VERDICT-CONTRADICTED", "the evidence proves that somebody said two things")
            return result
        }
        let proven = try evidence.map { path in
            try Self.duplicity(try DurableFile.read(path, atMost: DuplicityEvidence.largest))
        }
        func question(_ text: String) -> CommandFailure { CommandFailure("KM-VERDICT-QUESTION", text) }
        guard let rootText = root ?? context.settings.verifyRoot else { throw question("--root AID is missing") }
        guard let root = AID(rootText) else { throw question("\(rootText) is no AID") }
        guard let domainText = trustDomain ?? context.settings.verifyTrustDomain else {
            throw question("--trust-domain is missing")
        }
        guard let domain = try? TrustDomain(domainText) else { throw question("\(domainText) is no trust domain") }
        let positions = try asOf.map { text in
            guard let position = LogPosition(text) else { throw question("\(text) is no position AID:sn") }
            return position
        }
        guard Set(positions.map(\.aid)).count == positions.count else { throw question("two positions of one log") }
        let time = try now.map { text in
            guard let time = CertificateTime(text) else { throw question("\(text) is no time YYYY-MM-DDThh:mm:ssZ") }
            return time
        }
        let report = ProofVerifier.verify(
            bytes, root: root, trustDomain: domain, at: try time ?? context.certificateTime, asOf: positions,
            evidence: proven)
        return VerdictView.result(of: report, file: file, console: context.console)
    }

    /// Swift 6.3 can't compile two conversions of one typed error in an optimised function, so there is one here.
    @inline(never) private static func duplicity(_ bytes: [UInt8]) throws -> VerifiedDuplicity {
        try VerifiedDuplicity(reading: bytes)
    }
}

/// A verdict as data and as text.
enum VerdictView {
    static func result(of report: VerdictReport, file: String, console: Console) -> CommandResult {
        var text = ["\(console.paint(report.verdict.rawValue, colour(of: report.verdict)))  \(file)"]
        if let subject = report.subject { text.append("  \(subject)") }
        text.append("")
        for rung in report.rungs {
            let name = rung.name.rawValue + String(repeating: " ", count: max(1, 14 - rung.name.rawValue.count))
            text.append(
                "  \(name)\(console.paint(rung.verdict.rawValue, colour(of: rung.verdict)))"
                    + (rung.reasons.first.map { "  \(printable($0.description))" } ?? ""))
            for reason in rung.reasons.dropFirst() {
                text.append(String(repeating: " ", count: 16) + printable(reason.description))
            }
        }
        if let authority = report.authority {
            text += [
                "", "limits of the authority credential", "  \(authority.said)",
                "  \(authority.organisation) lets \(authority.issuer) sign for \(authority.trustDomain.name)",
                "  \(authority.limits)",
            ]
        }
        if !report.asOf.isEmpty {
            text += ["", "as of"] + report.asOf.map { "  \($0)" }
        }
        text += ["", "taken for granted"] + report.assumptions.map { "  \(printable($0.description))" }
        text += ["", "not checked"] + report.notChecked.map { "  \(printable($0.description))" }
        return CommandResult(data: data(of: report, file: file), text: text, concern: concern(of: report))
    }

    private static func colour(of verdict: Verdict) -> Console.Colour {
        switch verdict {
        case .proven: .green
        case .contradicted: .red
        case .undecidable: .yellow
        }
    }

    private static func reasons(_ reasons: [Reason]) -> OrderedValue {
        .list(reasons.map { ["code": .text($0.code), "detail": .text($0.detail)] })
    }

    private static func data(of report: VerdictReport, file: String) -> OrderedMap {
        [
            "file": .text(file), "verdict": .text(report.verdict.rawValue),
            "subject": report.subject.map { .text($0.description) } ?? .null,
            "rungs": .list(
                report.rungs.map {
                    [
                        "name": .text($0.name.rawValue), "verdict": .text($0.verdict.rawValue),
                        "reasons": reasons($0.reasons),
                    ]
                }),
            "authority": report.authority.map { .map(authority($0)) } ?? .null,
            "asOf": .list(
                report.asOf.map {
                    ["i": .text($0.aid), "s": .text(String($0.sn, radix: 16)), "d": .text($0.said)]
                }),
            "assumptions": reasons(report.assumptions), "notChecked": reasons(report.notChecked),
        ]
    }

    private static func authority(_ authority: AuthorityCredential) -> OrderedMap {
        [
            "credential": .text(authority.said.text), "organisation": .text(authority.organisation.text),
            "registry": .text(authority.registry.text), "issuer": .text(authority.issuer.text),
            "trustDomain": .text(authority.trustDomain.name), "limits": .map(authority.limits.members),
        ]
    }

    private static func concern(of report: VerdictReport) -> CommandFailure? {
        guard report.verdict != .proven else { return nil }
        let rung = report.decidingRung
        let reason = rung?.reasons.first
        let cause = "\(rung?.name.rawValue ?? "file"): \(reason?.description ?? report.verdict.rawValue)"
        // A file that can't be read has an entry of its own in the catalogue.
        let fileCode = reason.map { ErrorArea.proofFile.code($0.code) }
        if rung?.name == .file, let fileCode, let entry = ErrorCatalog.entry(fileCode),
            entry.status.rawValue == report.verdict.exitCode
        {
            return CommandFailure(fileCode, cause)
        }
        return CommandFailure(
            report.verdict == .contradicted ? "KM-VERDICT-CONTRADICTED" : "KM-VERDICT-UNDECIDABLE", cause)
    }
}
