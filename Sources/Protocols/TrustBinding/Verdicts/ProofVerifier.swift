// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
public import KelmarkBytes
public import SPIFFE

/// Judges a proof file from one AID down. Pure: the same bytes, AID, trust domain and time give the same report.
///
/// ```swift
/// let report = ProofVerifier.verify(bytes, root: organisation, trustDomain: domain, at: now)
/// print(report.verdict, report.decidingRung?.reasons ?? [])
/// ```
public struct ProofVerifier: Sendable {
    let root: AID
    let trustDomain: TrustDomain
    var time: CertificateTime
    let positions: [LogPosition]
    let evidence: [VerifiedDuplicity]
    let file: ProofFile
    let replay: LogReplay

    /// Judges a file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - root: the organisation's AID, pinned by the caller.
    ///   - trustDomain: the trust domain that the caller bound to that AID.
    ///   - time: the moment that validity is judged for.
    ///   - positions: answer "what held then": events of those logs behind their positions do not count. A position of the
    ///     organisation's log says nothing about the issuer's, so that both are needed unless the issuer's log shows the
    ///     order.
    ///   - evidence: proven contradictions from elsewhere, such as a watcher's. One of the organisation's or the issuer's
    ///     controller contradicts everything that rests on its log.
    ///   - limits: bounds for the messages of the file.
    public static func verify(
        _ bytes: [UInt8], root: AID, trustDomain: TrustDomain, at time: CertificateTime,
        asOf positions: [LogPosition] = [], evidence: [VerifiedDuplicity] = [],
        limits: Limits = .standard
    ) -> VerdictReport {
        let file: ProofFile
        do {
            file = try ProofFile(bytes, limits: limits)
        } catch {
            let open = Rung.Name.allCases.dropFirst().map {
                Rung($0, .undecidable, [Reason("file-unreadable", "the file can't be read")])
            }
            return VerdictReport(
                rungs: [Rung(.file, error.verdict, [error.reason])] + open, subject: nil, asOf: [],
                assumptions: ReportNotes.assumptions(time: time, positions: positions), notChecked: [])
        }
        let verifier = ProofVerifier(
            root: root, trustDomain: trustDomain, time: time, positions: positions,
            evidence: evidence, file: file, replay: LogReplay(file, positions: positions, now: time))
        return verifier.report()
    }

    private func report() -> VerdictReport {
        let authority = authorityCertificate()
        let statement = statement(for: authority)
        let issuer = statement.flatMap { AID($0.issuer) } ?? hintedIssuer(authority)
        let claim = AuthorityClaim(of: statement, in: file)
        let limits = claim?.authority?.limits
        let rungs = [
            fileRung(), organisationRung(), registryRung(claim), credentialRung(claim, issuer), issuerRung(issuer),
            statementRung(statement, issuer, limits), withdrawalRung(statement, issuer, claim),
            authorityRung(authority, statement, limits), svidRung(authority, limits),
        ]
        let logs = [root] + (issuer.map { [$0] } ?? [])
        return VerdictReport(
            rungs: rungs, subject: subject(), authority: claim?.authority, asOf: logs.compactMap(replay.newest),
            assumptions: ReportNotes.assumptions(time: time, positions: positions),
            notChecked: ReportNotes.notChecked(
                logs.compactMap(replay.state), file: file, evidence: evidence, statement: statement, limits: limits,
                earlierSeals: issuer.map { unexplainedSeals(of: $0, claim).earlier } ?? 0))
    }

    // MARK: File

    func fileRung() -> Rung {
        var verdicts = file.findings.map(\.verdict)
        var reasons = file.findings.map(\.reason)
        for position in positions
        where !file.parts.contains(where: { $0.name.kind == .keyEventLog && $0.name.id == position.aid.text }) {
            verdicts.append(.undecidable)
            reasons.append(Reason("position-foreign", "the file has no log of \(position.aid)"))
        }
        for position in positions where positions.contains(where: { $0.aid == position.aid && $0 != position }) {
            verdicts.append(.undecidable)
            reasons.append(Reason("position-conflicting", "\(position) is not the only one for that log"))
        }
        let verdict = Verdict.joining(verdicts)
        // What decided comes first.
        if let first = verdicts.firstIndex(of: verdict) { reasons.swapAt(0, first) }
        if reasons.isEmpty { reasons = [Reason("manifest-agrees", "\(file.parts.count) parts")] }
        return Rung(.file, verdict, reasons)
    }

    // MARK: Logs

    func organisationRung() -> Rung {
        guard file.parts.contains(where: { $0.name.kind == .keyEventLog && $0.name.id == root.text }) else {
            return Rung(
                .organisation, duplicity(of: root).isEmpty ? .undecidable : .contradicted,
                duplicity(of: root).map(\.reason) + [Reason("organisation-log-missing", root.text)])
        }
        return logRung(.organisation, root, duplicity(of: root) + (replay.findings[root.text] ?? []))
    }

    /// What the evidence given says against the controller of a log; nothing behind the position that was asked for.
    private func duplicity(of aid: AID) -> [LogReplay.Finding] {
        evidence.filter { $0.accusesController(of: aid) }.compactMap { found in
            let claim = found.statement
            if let position = position(in: aid), claim.sn > position.sn { return nil }
            let detail = "\(aid) signed two events at \(claim.sn): \(claim.first) and \(claim.second)"
            return LogReplay.Finding(verdict: .contradicted, reason: Reason("duplicity", detail))
        }
    }

    /// A rung that holds when the log of `aid` does.
    private func logRung(_ name: Rung.Name, _ aid: AID, _ findings: [LogReplay.Finding]) -> Rung {
        let verdict = Verdict.joining(findings.map(\.verdict))
        guard verdict == .proven else { return Rung(name, verdict, findings.map(\.reason)) }
        guard let newest = replay.newest(of: aid) else {
            return Rung(name, .undecidable, [Reason("log-empty", aid.text)])
        }
        if let position = position(in: aid) {
            guard newest.sn == position.sn.value else {
                return Rung(name, .undecidable, [Reason("position-beyond-file", "the log ends at \(newest)")])
            }
        }
        return Rung(name, .proven, [Reason("log-holds", "as of \(newest)")])
    }

    func issuerRung(_ issuer: AID?) -> Rung {
        guard let issuer else {
            return Rung(.issuer, .undecidable, [Reason("issuer-unknown", "no statement and no hint names an issuer")])
        }
        guard file.parts.contains(where: { $0.name.kind == .keyEventLog && $0.name.id == issuer.text }) else {
            return Rung(
                .issuer, duplicity(of: issuer).isEmpty ? .undecidable : .contradicted,
                duplicity(of: issuer).map(\.reason) + [Reason("issuer-log-missing", issuer.text)])
        }
        var findings = duplicity(of: issuer) + (replay.findings[issuer.text] ?? [])
        if replay.cutLogs.contains(root.text) {
            findings = atCutOrganisation(findings, issuer)
        }
        let rung = logRung(.issuer, issuer, findings)
        guard rung.verdict == .proven else { return rung }
        let events = replay.trunk(of: issuer)
        guard let delegator = replay.state(of: issuer)?.delegator else {
            return Rung(.issuer, .proven, rung.reasons + [Reason("issuer-autonomous", "nobody delegated \(issuer)")])
        }
        // Whoever delegated it can take its keys over, so that nobody but the organisation may have.
        guard delegator == root else {
            return Rung(.issuer, .contradicted, [Reason("issuer-of-another", "\(delegator) delegated \(issuer)")])
        }
        for event in events where event.kind.needsDelegator {
            guard isApproved(event) else {
                let detail = "the seal of \(issuer):\(event.sn) does not stand in the organisation's log any more"
                return Rung(.issuer, .contradicted, [Reason("delegation-superseded", detail)])
            }
        }
        let inception = events.first?.proof.sealSource
        let place = inception.map { "sealed by \(root):\($0.sn)" } ?? ""
        return Rung(.issuer, .proven, rung.reasons + [Reason("issuer-delegated", place)])
    }

    /// The position that was asked for in a log.
    func position(in aid: AID) -> LogPosition? { positions.first { $0.aid == aid } }

    /// Whether the current branch of the organisation's log seals an event of a log that it delegated.
    func isApproved(_ event: EventRecord) -> Bool {
        let seal = EventSeal(aid: event.aid, sn: event.sn, said: event.said)
        guard let source = event.proof.sealSource, let sealing = replay.event(of: root, at: source.sn) else {
            return false
        }
        return sealing.said == source.said && sealing.place(of: seal) != nil
    }

    /// The organisation's log was cut and is known to go on: a seal that is not there did not exist at that position.
    /// A later delegated event without its seal had not happened yet.
    private func atCutOrganisation(_ findings: [LogReplay.Finding], _ issuer: AID) -> [LogReplay.Finding] {
        if replay.state(of: issuer) == nil, findings.contains(where: { $0.reason.code == "delegation-seal-missing" }) {
            let detail = "at \(position(in: root)?.description ?? "") the organisation had not delegated \(issuer)"
            return [.init(verdict: .contradicted, reason: Reason("delegation-absent-at-position", detail))]
        }
        return findings.filter { !["delegation-seal-missing", "event-missing"].contains($0.reason.code) }
    }
}
