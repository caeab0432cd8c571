// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Crypto
internal import Issuer
internal import KelmarkBytes
internal import SPIFFE
internal import Transparency

/// `kelmark issuer log verify`.
struct IssuerLogVerifyCommand: KelmarkCommand {
    static let path = "issuer log verify"
    static let configuration = CommandConfiguration.kelmark(
        "verify", "Checks a proof about an issuer's log, without the log.",
        about:
            "A proof leads to a root. Give the root that you noted down or got from elsewhere (--root); without one the file is "
            + "only checked in itself, which whoever wrote it can always bring about. With --certificate the leaf must be that "
            + "of the certificate.",
        examples: [
            CommandExample("a proof of a leaf", "kelmark issuer log verify web.proof --root 12:6b3f…"),
            CommandExample(
                "for a certificate", "kelmark issuer log verify web.proof --certificate web.pem --root 12:6b3f…"),
            CommandExample(
                "that a log only grew since", "kelmark issuer log verify growth.proof --root 100:9c01… --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: ArgumentHelp("The proof.", valueName: "file"), completion: .file())
    var file: String
    @Option(
        help: ArgumentHelp(
            "The root that is known: of the log with the leaf, or of the earlier log.", valueName: "size:hash"))
    var root: TreeRootArgument?
    @Option(help: ArgumentHelp("The certificate that was logged, PEM or DER.", valueName: "file"), completion: .file())
    var certificate: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard let proof = LogProof(parsing: try DurableFile.read(file, atMost: LogProof.longest)) else {
            throw CommandFailure("KM-INPUT-MALFORMED", "\(file) holds no proof about a log")
        }
        guard proof.isValid else { throw Self.contradiction("the hashes of \(file) do not lead to its root") }
        if let root, root.root != proof.knownRoot {
            throw Self.contradiction("\(file) is about the root \(proof.knownRoot.noted)")
        }
        var data: OrderedMap = ["isRootKnown": .boolean(root != nil), "proof": .map(proof.members)]
        var text: [String]
        switch proof {
        case .inclusion(let leaf, let inclusion, _):
            let members = (try? OrderedValue(parsingJSON: leaf.span, strictness: .interoperable))?.mapValue
            if let certificate {
                let bytes = try DurableFile.read(certificate, atMost: 1 << 16)
                let digest = SHA256.hash(data: try IssuerProveCommand.certificate(bytes, name: certificate).der)
                guard members?["svid"]?.textValue == Hexadecimal.text(digest) else {
                    throw Self.contradiction("the leaf is not that of \(certificate)")
                }
            }
            if let members { data["leaf"] = .map(members) }
            text = ["leaf \(inclusion.index) stands in the log of \(inclusion.size) leaves"]
            for name in ["type", "serial", "jti", "svid"] {
                if let value = members?[name]?.textValue {
                    text.append("  \(name)\(String(repeating: " ", count: 8 - name.utf8.count))\(printable(value))")
                }
            }
        case .growth(let growth):
            guard certificate == nil else {
                throw CommandFailure("KM-INPUT-MALFORMED", "\(file) is not about a certificate")
            }
            text = [
                "the log of \(growth.proof.newSize) leaves begins with that of \(growth.proof.oldSize)",
                "  now     \(TreeRoot(size: growth.proof.newSize, hash: growth.newRoot).noted)",
            ]
        }
        guard root == nil else { return CommandResult(data: data, text: text) }
        return CommandResult(
            data: data, text: text + ["  root    \(proof.knownRoot.noted), as the file says"],
            hints: ["compare the root with one that you have from elsewhere: --root"])
    }

    private static func contradiction(_ cause: String) -> CommandFailure {
        CommandFailure(ErrorArea.issuer.code("log-contradicted"), cause)
    }
}
