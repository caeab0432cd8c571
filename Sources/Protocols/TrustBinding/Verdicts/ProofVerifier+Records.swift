// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import SPIFFE
internal import X509

extension ProofVerifier {
    /// The records of the file. The reader has checked that each can be read.
    var records: [BindingRecord] {
        file.parts(.record).compactMap { try? BindingRecord(parsing: $0.content) }
    }

    private var statements: [AuthorityStatement] {
        records.compactMap { if case .statement(let statement) = $0 { statement } else { nil } }
    }

    /// The statement that speaks of the authority's key; without one, the one that the authority hints at or the only
    /// one, so that the difference can be named.
    func statement(for authority: X509Certificate?) -> AuthorityStatement? {
        let statements = statements
        guard let authority else { return statements.first }
        let matching = statements.filter { $0.subjectPublicKeyInfo == authority.subjectPublicKeyInfo }
        let hint = SubjectHints(subject: authority.certificate.subject).statement
        return matching.first { $0.said.text == hint } ?? matching.first
            ?? statements.first { $0.said.text == hint } ?? statements.first
    }

    /// The issuer that the authority's subject names, when the file has its log. A hint, only to find it.
    func hintedIssuer(_ authority: X509Certificate?) -> AID? {
        authority.flatMap { SubjectHints(subject: $0.certificate.subject).aid }.flatMap { AID($0) }
    }

    func statementRung(_ statement: AuthorityStatement?, _ issuer: AID?) -> Rung {
        guard let statement, let issuer else {
            return Rung(.statement, .undecidable, [Reason("statement-missing", "the file has no statement")])
        }
        let name = "statement \(statement.said.text)"
        var broken: [Reason] = []
        if statement.trustDomain != trustDomain {
            broken.append(Reason("statement-trust-domain", "\(name) is for \(statement.trustDomain)"))
        }
        if statement.kind != .x509 {
            broken.append(Reason("statement-kind", "\(name) is for \(statement.kind.rawValue)"))
        }
        if time < statement.notBefore || time > statement.notAfter {
            let detail = "\(name) holds from \(statement.notBefore) to \(statement.notAfter)"
            broken.append(Reason("statement-not-valid", detail))
        }
        guard let inception = replay.event(of: issuer, at: .zero) else {
            let verdict = broken.isEmpty ? Verdict.undecidable : .contradicted
            return Rung(
                .statement, verdict, broken + [Reason("needs-issuer", "the issuer's log does not hold")])
        }
        if statement.credential != inception.said.primitive {
            broken.append(Reason("statement-credential", "\(name) is not founded on the inception of \(issuer)"))
        }
        let seal = Seal.digest(SAID(unchecked: statement.said))
        if let event = replay.trunk(of: issuer).first(where: { $0.seals.contains(seal) }) {
            let sealed = Reason("statement-sealed", "\(name) is sealed by \(issuer):\(event.sn)")
            return broken.isEmpty
                ? Rung(.statement, .proven, [sealed]) : Rung(.statement, .contradicted, broken + [sealed])
        }
        if replay.everyEvent(of: issuer).contains(where: { $0.seals.contains(seal) }) {
            broken.append(Reason("statement-superseded", "\(name) stands only in a branch that was superseded"))
        } else if replay.cutLogs.contains(issuer.text) {
            broken.append(Reason("statement-absent-at-position", "\(name) was not sealed then"))
        }
        let missing = Reason("statement-not-sealed", "\(name) is not sealed in the log of \(issuer)")
        return Rung(.statement, broken.isEmpty ? .undecidable : .contradicted, broken + [missing])
    }

    /// No withdrawal of the statement may be sealed by the issuer or the organisation. A withdrawal stays, even when
    /// its event is superseded. A digest that the file does not explain could be a withdrawal, so it leaves the
    /// question open.
    func withdrawalRung(_ statement: AuthorityStatement?, _ issuer: AID?) -> Rung {
        guard let statement, let issuer, replay.state(of: issuer) != nil, replay.state(of: root) != nil else {
            return Rung(.withdrawal, .undecidable, [Reason("needs-statement", "statement or logs are missing")])
        }
        let records = records
        let known = Set(records.map(\.said))
        let withdrawals = Set(
            records.compactMap { record -> Primitive? in
                guard case .withdrawal(let withdrawal) = record, withdrawal.subject == statement.said else {
                    return nil
                }
                return withdrawal.said
            })
        var unexplained: [Reason] = []
        let delegation = delegationSeal(of: issuer)
        for aid in [issuer, root] {
            for event in replay.everyEvent(of: aid) {
                for case .digest(let said)? in event.seals where said.primitive.code == .blake3_256 {
                    if withdrawals.contains(said.primitive) {
                        let detail = "statement \(statement.said.text) was withdrawn by \(aid):\(event.sn)"
                        return Rung(.withdrawal, .contradicted, [Reason("statement-withdrawn", detail)])
                    }
                    // The organisation could not withdraw what its delegate said before it delegated. An issuer's
                    // statement may have been sealed again behind its withdrawal, so its whole log counts.
                    let isEarlier =
                        aid == root && delegation.map { event.ordinal < $0.ordinal && event.sn < $0.sn } == true
                    if !isEarlier, !known.contains(said.primitive) {
                        let detail = "\(aid):\(event.sn) seals \(said), which the file does not hold"
                        unexplained.append(Reason("seal-unexplained", detail))
                    }
                }
            }
        }
        guard unexplained.isEmpty else { return Rung(.withdrawal, .undecidable, unexplained) }
        return Rung(.withdrawal, .proven, [Reason("statement-stands", "no withdrawal is sealed")])
    }

    /// The event by which the organisation delegated the issuer.
    private func delegationSeal(of issuer: AID) -> EventRecord? {
        replay.event(of: issuer, at: .zero)?.proof.sealSource.flatMap { replay.event(of: root, at: $0.sn) }
    }
}
