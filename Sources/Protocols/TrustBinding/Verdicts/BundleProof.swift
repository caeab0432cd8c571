// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import JOSE
public import KERI
public import KelmarkBytes
public import SPIFFE

/// A proof file that is asked about the authorities of a bundle, rather than about one SVID: which of them does the
/// organisation stand behind? `03-binding.md`, section 1, rule 2.
///
/// The file need not hold the authorities, nor an SVID; what counts are the statements. Every proof file of an issuer
/// serves, also that of one of its SVIDs.
public struct BundleProof: Sendable {
    /// A file from which nothing about a bundle can be learnt.
    public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// Contradicted or undecidable.
        public let verdict: Verdict
        /// Why.
        public let reason: Reason

        /// The reason.
        public var description: String { reason.description }
    }

    /// What the file says about one authority.
    public struct Finding: Hashable, Sendable {
        /// Proven when the organisation stands behind the authority.
        public let verdict: Verdict
        /// Why; the first reason decided.
        public let reasons: [Reason]
    }

    private let verifier: ProofVerifier
    /// Verified evidence in the file itself that the organisation has signed two histories: nothing is proven then.
    public let isDuplicitous: Bool

    /// Reads a file, and replays its logs once.
    /// - Parameters:
    ///   - root: the organisation's AID, pinned by the caller.
    ///   - trustDomain: the trust domain that the caller bound to that AID.
    ///   - time: the present.
    /// - Throws: ``Refusal`` when the file, or the organisation's log in it, does not hold.
    public init(
        _ bytes: [UInt8], root: AID, trustDomain: TrustDomain, at time: CertificateTime, limits: Limits = .standard
    ) throws(Refusal) {
        let file: ProofFile
        do {
            file = try ProofFile(bytes, limits: limits)
        } catch {
            throw Refusal(verdict: error.verdict, reason: error.reason)
        }
        verifier = ProofVerifier(
            root: root, trustDomain: trustDomain, time: time, positions: [], evidence: [], file: file,
            replay: LogReplay(file, positions: [], now: time))
        let rung = verifier.fileRung()
        if rung.verdict != .proven { throw Refusal(verdict: rung.verdict, reason: Self.first(rung)) }
        let organisation = verifier.organisationRung()
        isDuplicitous = organisation.reasons.contains { $0.code == "duplicity" }
        guard organisation.verdict == .proven || isDuplicitous else {
            throw Refusal(verdict: organisation.verdict, reason: Self.first(organisation))
        }
    }

    private static func first(_ rung: Rung) -> Reason { rung.reasons.first ?? Reason(rung.name.rawValue, "") }

    /// The newest event of the organisation's log and of those of its issuers: what is proven, is proven as of these.
    public var asOf: [EventPosition] {
        var aids = [verifier.root]
        for statement in verifier.statements {
            if let issuer = AID(statement.issuer), !aids.contains(issuer) { aids.append(issuer) }
        }
        return aids.compactMap(verifier.replay.newest)
    }

    /// Whether the file has an event, be it in a branch that was superseded since. A file that lacks one which was proven
    /// before is older, or tells another history.
    public func holds(_ position: EventPosition) -> Bool {
        guard let aid = AID(position.aid) else { return false }
        return verifier.replay.everyEvent(of: aid).contains {
            $0.said.text == position.said && $0.sn.value == position.sn
        }
    }

    /// Whether the organisation stands behind an authority at a time. Keys of WIT-SVIDs have no statements.
    public func finding(about authority: TrustAuthority, at time: CertificateTime) -> Finding {
        var verifier = verifier
        verifier.time = time
        switch authority {
        case .x509(let x509):
            return verifier.finding(.x509, x509.certificate.subjectPublicKeyInfo) { statement, limits in
                verifier.faults(of: x509.certificate, under: statement, limits)
            }
        case .jwt(let token):
            return verifier.finding(.jwt, token.key.subjectPublicKeyInfo) { statement, _ in
                var reasons: [Reason] = []
                if statement.keyID != token.keyID {
                    reasons.append(Reason("authority-key-id", "the statement calls the key \(statement.keyID)"))
                }
                if let end = token.expiresAt, end > statement.notAfter.seconds {
                    reasons.append(Reason("authority-validity", "the key's validity exceeds the statement's"))
                }
                return reasons
            }
        case .wit: return Finding(verdict: .undecidable, reasons: [Reason("statement-missing", "of a WIT key")])
        }
    }
}

extension ProofVerifier {
    /// What the statements of one key come to: proven when one of them is, else what speaks against the first.
    fileprivate func finding(
        _ kind: AuthorityStatement.Kind, _ key: [UInt8],
        differences: (AuthorityStatement, AuthorityLimits?) -> [Reason]
    ) -> BundleProof.Finding {
        let organisation = organisationRung()
        guard organisation.verdict == .proven else {
            return BundleProof.Finding(verdict: organisation.verdict, reasons: organisation.reasons)
        }
        var findings: [BundleProof.Finding] = []
        for statement in statements where statement.kind == kind && statement.subjectPublicKeyInfo == key {
            let issuer = AID(statement.issuer)
            let claim = AuthorityClaim(of: statement, in: file)
            let limits = claim?.authority?.limits
            let rungs = [
                registryRung(claim), credentialRung(claim, issuer), issuerRung(issuer),
                statementRung(statement, issuer, limits, for: kind), withdrawalRung(statement, issuer, claim),
            ]
            let faults = differences(statement, limits)
            let verdict = faults.isEmpty ? Verdict.joining(rungs.map(\.verdict)) : .contradicted
            if verdict == .proven {
                let name = Reason("statement-stands", "statement \(statement.said.text) of \(statement.issuer.text)")
                return BundleProof.Finding(verdict: .proven, reasons: [name])
            }
            findings.append(
                BundleProof.Finding(
                    verdict: verdict,
                    reasons: rungs.filter { $0.verdict == verdict }.flatMap(\.reasons) + faults))
        }
        return findings.first
            ?? BundleProof.Finding(
                verdict: .undecidable, reasons: [Reason("statement-missing", "no statement names the key")])
    }
}
