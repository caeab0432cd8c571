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
        help: ArgumentHelp("The bundle under which the issuer is met first (PEM).", valueName: "file"),
        completion: .file())
    var trustBundle: String?
    @Flag(help: "Trust whoever answers at the first meeting. For trials only.")
    var insecureBootstrap = false

    func validate() throws {
        guard trustBundle == nil || !insecureBootstrap else {
            throw ValidationError("Choose one: --trust-bundle or --insecure-bootstrap.")
        }
        guard (root == nil) == (proof == nil) else { throw ValidationError("--root and --proof go together.") }
        guard root == nil || !insecureBootstrap else {
            throw ValidationError("With --root nobody is trusted unproven: --insecure-bootstrap can't be kept.")
        }
    }

    /// Where the first bundle comes from.
    var bootstrap: BootstrapSource {
        if let trustBundle { return .file(path: trustBundle, .pem) }
        return insecureBootstrap ? .anybody : .proven
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
