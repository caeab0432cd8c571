// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import KERI
internal import Logging
internal import NodeAgent
internal import NodeLocal
internal import SPIFFE
internal import ServiceLifecycle
internal import TrustBinding

/// Whom an agent trusts: an organisation by its AID, or whoever a bundle names.
struct AgentTrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The organisation's AID: only authorities that it stands behind count, the first time and ever after.",
            valueName: "AID"))
    var root: IdentifierArgument<AID>?
    @Option(
        help: ArgumentHelp(
            "The proof of that, which is read again and again; the issuer's bundle port has one at /proof.kel.",
            valueName: "file|URL"),
        completion: .file(extensions: ["kel"]))
    var proof: String?
    @Option(
        help: ArgumentHelp("The bundle under which the issuer is met first.", valueName: "file"),
        completion: .file())
    var trustBundle: String?
    @Option(
        help: ArgumentHelp(
            "Where that bundle is fetched instead: an https URL whose server a public authority vouches for.",
            valueName: "URL"))
    var trustBundleUrl: String?
    @Option(
        help: ArgumentHelp(
            "The Unix socket at which the URL is asked, which then begins with http://.", valueName: "path"),
        completion: .file())
    var trustBundleUnixSocket: String?
    @Option(
        help: ArgumentHelp(
            "How that bundle is written: certificates (pem, unless given) or a SPIFFE bundle document (spiffe), as "
                + "bundle endpoints have it."))
    var trustBundleFormat: BootstrapSource.BundleFormat?
    @Flag(help: "Trust whoever answers at the first meeting. For trials only.")
    var insecureBootstrap = false

    func validate() throws {
        guard [trustBundle != nil, trustBundleUrl != nil, insecureBootstrap].count(where: { $0 }) <= 1 else {
            throw ValidationError("Choose one: --trust-bundle, --trust-bundle-url or --insecure-bootstrap.")
        }
        guard trustBundleFormat == nil || trustBundle != nil || trustBundleUrl != nil else {
            throw ValidationError("--trust-bundle-format is that of --trust-bundle or --trust-bundle-url: give one.")
        }
        guard trustBundleUnixSocket == nil || trustBundleUrl != nil else {
            throw ValidationError("--trust-bundle-unix-socket is where --trust-bundle-url is asked: give that, too.")
        }
        guard trustBundleUrl == nil || location != nil else {
            throw ValidationError(
                trustBundleUnixSocket == nil
                    ? "--trust-bundle-url begins with https://; http:// goes with --trust-bundle-unix-socket."
                    : "--trust-bundle-url begins with http:// where --trust-bundle-unix-socket names an absolute path.")
        }
        guard (root == nil) == (proof == nil) else { throw ValidationError("--root and --proof go together.") }
        guard root == nil || !insecureBootstrap else {
            throw ValidationError("With --root nobody is trusted unproven: --insecure-bootstrap can't be kept.")
        }
    }

    private var location: BundleLocation? {
        trustBundleUrl.flatMap { BundleLocation($0, socket: trustBundleUnixSocket) }
    }

    /// Where the first bundle comes from, and what must run beside the agent for it.
    func bootstrap(clock: any AgentClock) -> (source: BootstrapSource, services: [any Service]) {
        let format = trustBundleFormat ?? .pem
        if let trustBundle { return (.file(path: trustBundle, format), []) }
        if let location {
            let http = LocalHTTPClient(clock: clock)
            return (.fetched(format, { try await location.fetch(by: http) }), [http])
        }
        return (insecureBootstrap ? .anybody : .proven, [])
    }

    /// What decides about bundles when the agent is bound to an organisation, and what must run beside the agent for it.
    func admission(
        for domain: TrustDomain, folder: String, clock: any AgentClock, threads: BlockingThreads, logger: Logger
    ) -> (admission: AnchoredAdmission, services: [any Service])? {
        guard let root, let proof else { return nil }
        let http = LocalHTTPClient(clock: clock)
        let document = ProofDocument(
            at: ProofDocument.Place(proof), largest: ProofFileFormat.largestFile, http: http, threads: threads)
        let admission = AnchoredAdmission(
            AnchoredAdmission.Anchor(root: root.id, trustDomain: domain), document: document,
            keptAt: "\(folder)/proof.kel", clock: clock, threads: threads, logger: logger)
        return (admission, [http])
    }
}
