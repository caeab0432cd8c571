// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import JOSE
internal import KelmarkBytes
internal import SPIFFE

/// `kelmark bundle verify`.
struct BundleVerifyCommand: KelmarkCommand {
    static let path = "bundle verify"
    static let configuration = CommandConfiguration.kelmark(
        "verify", "Reads a bundle strictly, and says what of it counts now.",
        about:
            "With --compare the issuer is asked for its bundle of the same trust domain: every authority must be in both.",
        examples: [
            CommandExample(
                "a document", "kelmark bundle verify bundle.json --trust-domain acme.example --format spiffe"),
            CommandExample("certificates", "kelmark bundle verify bundle.pem --trust-domain acme.example"),
            CommandExample(
                "against the issuer", "kelmark bundle verify bundle.pem --trust-domain acme.example --compare"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var form: BundleFormOptions
    @Argument(help: "File of the bundle, - for standard input.", completion: .file())
    var file: String
    @Option(help: ArgumentHelp("Whose bundle it is.", valueName: "name"))
    var trustDomain: TrustDomainArgument
    @Flag(help: "Compare with what the issuer has.")
    var compare = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        let bundle = try BundleFile.read(file, form.format, of: trustDomain.domain)
        let now = try context.certificateTime
        var findings = Self.findings(of: bundle, at: now)
        if compare {
            let theirs = try await context.administering(issuer) { administration in
                let own = try await administration.ownBundle()
                return own.trustDomain == trustDomain.domain.name
                    ? own : try await administration.federatedBundle(trustDomain.domain.name)
            }
            findings += Self.differences(of: bundle, from: try BundleView.trustBundle(theirs))
        }
        let certificates = bundle.x509Authorities.map(\.certificate)
        var text = ["bundle of \(bundle.trustDomain)"]
        text += certificates.map { "  x509  \(Self.name($0))  until \($0.notAfter)" }
        text += bundle.jwtAuthorities.map { printable("  jwt   \($0.keyID)  \($0.key.kind)") }
        text += findings.map { printable("  ! \($0)") }
        return Answer(
            json: [
                "trustDomain": .text(bundle.trustDomain.name), "x509": OrderedValue(certificates.count),
                "jwt": OrderedValue(bundle.jwtAuthorities.count), "findings": SPIREJSON.texts(findings),
            ], text: text,
            concern: findings.isEmpty
                ? nil : CommandFailure("KM-ADMIN-BUNDLE-FINDINGS", findings.joined(separator: "; "))
        ).result(issuer.form, in: context)
    }

    /// What speaks against a bundle by itself.
    static func findings(of bundle: TrustBundle, at now: CertificateTime) -> [String] {
        var findings: [String] = []
        if bundle.isEmpty {
            findings.append("it holds no authority: nothing of \(bundle.trustDomain) would be trusted")
        }
        for certificate in bundle.x509Authorities.map(\.certificate) {
            if !certificate.isAuthority { findings.append("\(name(certificate)) is no authority") }
            if !certificate.isValid(at: now) {
                findings.append(
                    "\(name(certificate)) is valid from \(certificate.notBefore) to \(certificate.notAfter)")
            }
            for uri in certificate.uris where uri != bundle.trustDomain.id.description {
                findings.append("\(name(certificate)) names \(uri)")
            }
        }
        return findings
    }

    /// What is in only one of two bundles.
    static func differences(of ours: TrustBundle, from theirs: TrustBundle) -> [String] {
        func names(_ bundle: TrustBundle) -> Set<String> {
            Set(
                bundle.x509Authorities.map { name($0.certificate) }
                    + bundle.jwtAuthorities.map { "\($0.keyID) \($0.key.thumbprint)" })
        }
        let (here, there) = (names(ours), names(theirs))
        return here.subtracting(there).sorted().map { "\($0) is not in the issuer's bundle" }
            + there.subtracting(here).sorted().map { "\($0) is only in the issuer's bundle" }
    }

    /// An authority by its subject key identifier, as the issuer names it.
    private static func name(_ certificate: X509Certificate) -> String {
        let identifier = certificate.subjectKeyIdentifier ?? Array(certificate.der.suffix(20))
        return identifier.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
