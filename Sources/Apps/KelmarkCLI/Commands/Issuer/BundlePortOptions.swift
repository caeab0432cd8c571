// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityHTTP
internal import Logging

/// By what the port for bundle and discovery proves itself: the issuer's SVID (profile `https_spiffe`), or a certificate of
/// a public authority (`https_web`), which clients of OpenID Connect want; and how often they look. Facts (SPIFFE) 7.1.
struct BundlePortOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A certificate chain (PEM) to show at the bundle port, as OIDC clients want it; the issuer's SVID unless "
                + "given.", valueName: "file"), completion: .file())
    var bundleCertificate: String?
    @Option(help: ArgumentHelp("The key of that certificate (PEM).", valueName: "file"), completion: .file())
    var bundleKey: String?
    @Option(
        help: ArgumentHelp("After what time readers of the bundle should look again.", valueName: "time"))
    var bundleRefreshHint = LifetimeArgument.fiveMinutes

    func validate() throws {
        guard (bundleCertificate == nil) == (bundleKey == nil) else {
            throw ValidationError("--bundle-certificate and --bundle-key go together.")
        }
    }

    /// The certificate of the files, else `own`.
    func identity(else own: any TLSIdentity, logger: Logger) -> any TLSIdentity {
        guard let bundleCertificate, let bundleKey else { return own }
        return FileTLSIdentity(chainPath: bundleCertificate, keyPath: bundleKey, logger: logger)
    }
}
