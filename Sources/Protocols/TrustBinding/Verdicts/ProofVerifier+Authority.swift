// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import SPIFFE

extension ProofVerifier {
    // MARK: Registry

    /// The registry of the credential belongs to the organisation and is sealed in its log.
    func registryRung(_ claim: AuthorityClaim?) -> Rung {
        if let untrue = untrueTransaction() { return Rung(.registry, .contradicted, [untrue]) }
        guard let claim else {
            return Rung(.registry, .undecidable, [Reason("needs-statement", "no statement names a credential")])
        }
        guard let presented = claim.presented else {
            let detail = "the file has no credential \(claim.said)"
            return Rung(.registry, .undecidable, [Reason("credential-missing", detail)])
        }
        guard let registry = presented.credential.registry else {
            return Rung(.registry, .contradicted, [Reason("credential-no-registry", "\(claim.said) has no registry")])
        }
        guard let inception = claim.inception else {
            return Rung(.registry, .undecidable, [Reason("registry-missing", "the file has no registry \(registry)")])
        }
        let owner = inception.event.issuer
        guard owner == root else {
            let detail = "\(owner?.text ?? "nobody") owns \(registry)"
            return Rung(.registry, .contradicted, [Reason("registry-of-another", detail)])
        }
        guard inception.event.traits.contains("NB"), inception.event.backersAdded.isEmpty,
            !claim.transactions.contains(where: { $0.event.kind.isBacked })
        else {
            let detail = "\(registry) has backers; an authority's registry is sealed by the organisation alone"
            return Rung(.registry, .contradicted, [Reason("registry-backed", detail)])
        }
        let rung = anchorRung(.registry, inception, "registry", "registry \(registry)")
        guard rung.verdict == .proven, let open = unexplained(registry, claim.transactions) else { return rung }
        return Rung(.registry, .undecidable, [open] + rung.reasons)
    }

    /// A seal in the organisation's log that names an event of the registry itself which the file does not hold.
    private func unexplained(_ registry: SAID, _ transactions: [AnchoredEvent]) -> Reason? {
        let held = Set(transactions.map(\.event.seal))
        return replay.seals(of: registry, in: root).first { !held.contains($0.seal) }.map { record, seal in
            let detail =
                "\(root):\(record.sn) seals \(seal.said) in the log of \(registry), which the file does not hold"
            return Reason("registry-event-missing", detail)
        }
    }

    /// An event of the organisation's registries whose seal is not where it says.
    private func untrueTransaction() -> Reason? {
        for part in file.parts(.registry) {
            guard let inception = part.transactions.first(where: { $0.event.kind == .registryInception }),
                inception.event.issuer == root
            else { continue }
            for transaction in part.transactions where replay.standing(of: transaction, in: root) == .untrue {
                let detail = "\(root):\(transaction.anchor.sn) does not seal \(transaction.event.said)"
                return Reason("registry-event-untrue", detail)
            }
        }
        return nil
    }

    /// A rung that holds when the organisation's log seals an event of its registry.
    private func anchorRung(_ name: Rung.Name, _ anchored: AnchoredEvent, _ code: String, _ subject: String) -> Rung {
        guard replay.state(of: root) != nil else {
            return Rung(name, .undecidable, [Reason("needs-organisation", "the organisation's log does not hold")])
        }
        switch replay.standing(of: anchored, in: root) {
        case .stands(let record):
            return Rung(name, .proven, [Reason("\(code)-sealed", "\(subject) is sealed by \(root):\(record.sn)")])
        case .superseded:
            let detail = "\(subject) is sealed only in a branch that was superseded"
            return Rung(name, .contradicted, [Reason("\(code)-superseded", detail)])
        case .absentAtPosition:
            let detail = "\(subject) was not sealed then"
            return Rung(name, .contradicted, [Reason("\(code)-absent-at-position", detail)])
        case .missing:
            let detail = "the log ends before \(root):\(anchored.anchor.sn), which seals \(subject)"
            return Rung(name, .undecidable, [Reason("\(code)-not-sealed", detail)])
        case .untrue:
            let detail = "\(root):\(anchored.anchor.sn) does not seal \(subject)"
            return Rung(name, .contradicted, [Reason("\(code)-untrue", detail)])
        }
    }

    // MARK: Credential

    /// The credential is the organisation's, for this issuer and trust domain, issued and not revoked.
    func credentialRung(_ claim: AuthorityClaim?, _ issuer: AID?) -> Rung {
        guard let claim, let presented = claim.presented else {
            return Rung(.credential, .undecidable, [Reason("credential-missing", "the file has no credential")])
        }
        let name = "credential \(claim.said)"
        var broken: [Reason] = []
        if presented.credential.issuer != root {
            broken.append(Reason("credential-of-another", "\(presented.credential.issuer) issues \(name)"))
        }
        if let fault = claim.fault, fault.code != .undisclosed {
            broken.append(Reason(fault.code.rawValue, "\(name): \(fault)"))
        }
        if let authority = claim.authority {
            if let issuer, authority.issuer != issuer {
                broken.append(Reason("credential-issuee", "\(name) is issued to \(authority.issuer)"))
            }
            if authority.trustDomain != trustDomain {
                broken.append(Reason("credential-trust-domain", "\(name) is for \(authority.trustDomain)"))
            }
        }
        let issuances = claim.issuances
        if issuances.count > 1 {
            broken.append(Reason("issuance-conflicting", "\(name) is issued \(issuances.count) times"))
        }
        if let issuance = issuances.first, issuance.event.seal != presented.issuance {
            broken.append(Reason("issuance-mismatch", "\(name) names another issuance than \(issuance.event.said)"))
        }
        guard broken.isEmpty else { return Rung(.credential, .contradicted, broken) }
        guard let authority = claim.authority else {
            return Rung(
                .credential, .undecidable,
                [Reason(AuthorityCredentialError.Code.undisclosed.rawValue, "\(name) does not show its limits")])
        }
        guard let issuance = issuances.first else {
            return Rung(
                .credential, .undecidable, [Reason("issuance-missing", "the file has no issuance of \(name)")])
        }
        let rung = anchorRung(.credential, issuance, "issuance", name)
        let revocation = revocation(of: claim)
        if let revocation, revocation.verdict == .contradicted || rung.verdict == .proven {
            return Rung(.credential, revocation.verdict, [revocation.reason] + rung.reasons)
        }
        guard rung.verdict == .proven else { return rung }
        return Rung(
            .credential, .proven,
            rung.reasons + [
                Reason("credential-limits", authority.limits.description),
                Reason("credential-not-revoked", "as of \(replay.newest(of: root)?.description ?? "")"),
            ])
    }

    /// What ends the credential, or leaves open whether it ended.
    ///
    /// A sealed revocation stays, even when its event is superseded. Behind the issuance nothing but a revocation can
    /// stand in a credential's log, so that a seal for which the file has no event leaves the question open.
    private func revocation(of claim: AuthorityClaim) -> LogReplay.Finding? {
        var open: LogReplay.Finding?
        let revocations = claim.revocations
        let seals = replay.seals(of: claim.said, in: root).filter { $0.seal.sn > .zero }
        for (record, seal) in seals {
            if revocations.contains(where: { $0.event.seal == seal }) {
                let detail = "credential \(claim.said) was revoked by \(root):\(record.sn)"
                return .init(verdict: .contradicted, reason: Reason("credential-revoked", detail))
            }
            let detail = "\(root):\(record.sn) seals \(seal.said) in the credential's log, which the file does not hold"
            open = open ?? .init(verdict: .undecidable, reason: Reason("revocation-unexplained", detail))
        }
        for revocation in revocations where replay.standing(of: revocation, in: root) == .missing {
            let detail = "the log ends before \(root):\(revocation.anchor.sn), which is said to seal a revocation"
            open = open ?? .init(verdict: .undecidable, reason: Reason("revocation-not-sealed", detail))
        }
        return open
    }

    /// The event of the organisation's log that sealed the issuance first, in whatever branch: a recovery may have sealed
    /// it again behind withdrawals that still count.
    func issuingEvent(_ claim: AuthorityClaim?) -> EventRecord? {
        guard let claim, let issuance = claim.issuances.first else { return nil }
        return replay.seals(of: claim.said, in: root).first { $0.seal == issuance.event.seal }?.record
    }
}

extension MessageKind {
    /// Whether it belongs to a registry with backers.
    fileprivate var isBacked: Bool { self == .registryRotation || self == .backedIssuance || self == .backedRevocation }
}
