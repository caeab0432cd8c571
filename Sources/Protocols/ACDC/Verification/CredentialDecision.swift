// SPDX-License-Identifier: Apache-2.0

public import CESR
private import KERI
internal import KelmarkBytes

/// Decides about credentials: pure, it only looks. Also called Verifier in KERIpy (facts 13.5).
///
/// A credential has no signature. It counts because the registry that it names belongs to its issuer, says that it was
/// issued, and is sealed in the issuer's key event log. A revoked credential is accepted too, for its log is true; whether
/// it is valid is read anew each time: ``CredentialVerdict``.
public struct CredentialDecision<View: CredentialView> {
    let view: View
    let schemaLimits: SchemaLimits
    private let limits: ChainLimits

    /// Decides over a view.
    public init(_ view: View, limits: ChainLimits = .standard, schemaLimits: SchemaLimits = .standard) {
        self.view = view
        self.limits = limits
        self.schemaLimits = schemaLimits
    }

    /// What was decided, and why.
    public struct Judgement: Hashable, Sendable {
        /// What to do with the credential. `duplicate` is said of the same bytes only: a copy that shows other parts is
        /// decided anew.
        public let outcome: CredentialOutcome
        /// What speaks against it or is missing; empty when it is accepted.
        public let reasons: [CredentialReason]
        /// What makes another decision worth it, when it was escrowed.
        public let waitsFor: Set<CredentialArrival>
        /// Whether its issuer's key event log vouches for the issuance, so that it is more than a stranger's words.
        public let isVouchedFor: Bool

        /// What is missing, in one line.
        public var missing: String { reasons.map(\.description).joined(separator: "; ") }
    }

    /// Decides about one credential.
    ///
    /// - Parameters:
    ///   - credential: as it was parsed.
    ///   - attachments: what stood behind it; of the seal source triples the last counts, as in keripy. Without one the
    ///     issuance is looked up by the digest alone.
    /// - Throws: ``StoreError``.
    public func decide(_ credential: Credential, attachments: Attachments = Attachments()) throws -> Judgement {
        if let kept = try view.credential(credential.said), kept.bytes == credential.bytes {
            return Judgement(outcome: .duplicate, reasons: [], waitsFor: [], isVouchedFor: true)
        }
        if let judgement = try judgeIssuance(of: credential, at: attachments.sealSourceTriples.last) {
            return judgement
        }
        return try decideContent(of: credential)
    }

    /// Decides about what a credential says, its schema and its edges, and not about who vouches for it: for an issuer,
    /// before anything is sealed.
    /// - Throws: ``StoreError``.
    public func decideContent(of credential: Credential) throws -> Judgement {
        if let judgement = try judgeSchema(of: credential) { return judgement }
        var chain = ChainEvaluator(view, limits: limits)
        switch try chain.edges(of: credential, depth: 0) {
        case .holds: return Judgement(outcome: .accepted, reasons: [], waitsFor: [], isVouchedFor: true)
        case .broken(let code, let reasons): return reject(code, reasons)
        case .exhausted(let reason): return reject(.edgeBroken, [reason])
        case .unknown(let arrivals, let reasons):
            return Judgement(
                outcome: .escrowed(.missingChain), reasons: reasons, waitsFor: arrivals, isVouchedFor: true)
        }
    }

    // MARK: Registry

    private func judgeIssuance(of credential: Credential, at triple: SealSourceTriple?) throws -> Judgement? {
        let said = credential.said
        guard let named = credential.registry else {
            return reject(
                .noRegistry, [CredentialReason(.noRegistry, said, "it names no registry, so nothing vouches for it")])
        }
        if let triple {
            guard triple.prefix == said.primitive,
                triple.sn == 0
            else {
                return reject(
                    .issuanceMismatch,
                    [
                        CredentialReason(
                            .issuanceMismatch, said, "what is attached is not the issuance of this credential")
                    ])
            }
        }
        guard let registry = try view.registry(named) else {
            return wait(.missingRegistry, said, "registry \(named) is not here", [.registry(named)])
        }
        // Nothing but this rule ties the issuer to the log that vouches: keripy lacks it (facts 0.18).
        guard registry.issuer == credential.issuer else {
            return reject(
                .issuerMismatch,
                [
                    CredentialReason(
                        .issuerMismatch, said,
                        "registry \(named) belongs to \(registry.issuer), not to the issuer \(credential.issuer)")
                ])
        }
        guard let status = try view.status(of: said, in: named) else {
            return wait(.missingRegistry, said, "registry \(named) does not know it yet", [.status(said)])
        }
        if let triple, triple.said != status.issuance.primitive {
            return reject(
                .issuanceMismatch,
                [CredentialReason(.issuanceMismatch, said, "the attached issuance is not \(status.issuance)")])
        }
        guard try view.isAnchored(status) else {
            return wait(
                .missingRegistry, said, "the log of \(credential.issuer) no longer seals its issuance",
                [.keyEvents(credential.issuer), .status(said)])
        }
        return nil
    }

    // MARK: Judgements

    func reject(_ code: CredentialRejection, _ reasons: [CredentialReason]) -> Judgement {
        Judgement(outcome: .rejected(code), reasons: reasons, waitsFor: [], isVouchedFor: false)
    }

    private func wait(
        _ code: CredentialEscrowReason, _ said: SAID, _ words: String, _ arrivals: Set<CredentialArrival>
    ) -> Judgement {
        Judgement(
            outcome: .escrowed(code), reasons: [CredentialReason(code, said, words)], waitsFor: arrivals,
            isVouchedFor: false)
    }
}
