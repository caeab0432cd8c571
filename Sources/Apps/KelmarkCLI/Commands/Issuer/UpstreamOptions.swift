// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Issuer

/// Who certifies the authorities of an issuer in place of itself, as it is typed.
///
/// A root that others hang from too can't be cut off by taking it out of a bundle, so what hangs from it is only claimed.
struct UpstreamOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An authority elsewhere that certifies ours (PEM), then those above it; read anew each time.",
            valueName: "file"), completion: .file())
    var upstreamCertFile: String?
    @Option(help: ArgumentHelp("Its key (PKCS#8, PEM).", valueName: "file"), completion: .file())
    var upstreamKeyFile: String?
    @Option(
        help: ArgumentHelp("The roots above it (PEM), unless it is one itself.", valueName: "file"),
        completion: .file())
    var upstreamBundleFile: String?

    /// Whether an upstream authority is named.
    var isNamed: Bool { upstreamCertFile != nil }

    func validate() throws {
        guard (upstreamCertFile == nil) == (upstreamKeyFile == nil) else {
            throw ValidationError("--upstream-cert-file and --upstream-key-file need each other.")
        }
        guard upstreamBundleFile == nil || upstreamCertFile != nil else {
            throw ValidationError("--upstream-bundle-file needs --upstream-cert-file.")
        }
    }

    /// The authority; nil where none is named.
    func authority(clock: any IssuerClock) -> DiskUpstreamAuthority? {
        guard let upstreamCertFile, let upstreamKeyFile else { return nil }
        return DiskUpstreamAuthority(
            files: IssuerUpstreamFiles(), certificatePath: upstreamCertFile, keyPath: upstreamKeyFile,
            bundlePath: upstreamBundleFile, clock: clock)
    }
}
