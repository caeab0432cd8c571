// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import Issuer
internal import SPIFFE

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

    @Option(
        help: ArgumentHelp("An issuer of the same trust domain that certifies this one.", valueName: "host:port"))
    var upstreamServer: NetworkPlace?
    @Option(
        help: ArgumentHelp(
            "The Workload API of an agent of that issuer, which says who this one is.", valueName: "address"))
    var upstreamAgent: EndpointArgument?

    /// What is named, for people; nil for roots of one's own.
    var name: String? { upstreamCertFile ?? upstreamServer?.description }

    func validate() throws {
        guard (upstreamCertFile == nil) == (upstreamKeyFile == nil) else {
            throw ValidationError("--upstream-cert-file and --upstream-key-file need each other.")
        }
        guard upstreamBundleFile == nil || upstreamCertFile != nil else {
            throw ValidationError("--upstream-bundle-file needs --upstream-cert-file.")
        }
        guard (upstreamServer == nil) == (upstreamAgent == nil) else {
            throw ValidationError("--upstream-server and --upstream-agent need each other.")
        }
        guard upstreamServer == nil || upstreamCertFile == nil else {
            throw ValidationError("Choose one: --upstream-server or --upstream-cert-file.")
        }
    }

    /// The authority; nil where none is named.
    /// - Throws: when its files do not fit together.
    func authority(of trustDomain: TrustDomain, clock: any IssuerClock) async throws -> (any UpstreamAuthority)? {
        if let upstreamCertFile, let upstreamKeyFile {
            let authority = DiskUpstreamAuthority(
                files: IssuerUpstreamFiles(), certificatePath: upstreamCertFile, keyPath: upstreamKeyFile,
                bundlePath: upstreamBundleFile, clock: clock)
            try await authority.check()
            return authority
        }
        guard let upstreamServer, let upstreamAgent else { return nil }
        return GRPCUpstreamIssuer(
            of: trustDomain, at: IssuerAddress(host: upstreamServer.host, port: upstreamServer.port),
            agent: upstreamAgent.address, now: { clock.now() })
    }
}

/// The address of a Workload API as it is typed: `unix:` and a path, `tcp:` with an IP address and a port, or a path.
struct EndpointArgument: ExpressibleByArgument, Sendable {
    let address: EndpointAddress

    init?(argument: String) {
        guard let address = try? EndpointAddress(argument.hasPrefix("/") ? "unix:\(argument)" : argument) else {
            return nil
        }
        self.address = address
    }
}
