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

    var statements: [AuthorityStatement] {
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

    func statementRung(
        _ statement: AuthorityStatement?, _ issuer: AID?, _ limits: AuthorityLimits?,
        for kind: AuthorityStatement.Kind = .x509
    ) -> Rung {
        guard let statement, let issuer else {
            return Rung(.statement, .undecidable, [Reason("statement-missing", "the file has no statement")])
        }
        let name = "statement \(statement.said.text)"
        var broken: [Reason] = []
        if statement.trustDomain != trustDomain {
            broken.append(Reason("statement-trust-domain", "\(name) is for \(statement.trustDomain)"))
        }
        if statement.kind != kind {
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
        if statement.credential == inception.said.primitive {
            let detail = "\(name) is founded on the inception of \(issuer), not on an authority credential"
            broken.append(Reason("statement-without-credential", detail))
        }
        if let limits {
            if !limits.svidTypes.contains(statement.kind) {
                broken.append(Reason("limit-type", "\(name) is for \(statement.kind.rawValue)"))
            }
            if let rank = rank(of: statement, by: issuer), rank > limits.mostKeys {
                let detail = "\(name) is live key \(rank) of \(limits.mostKeys) that are allowed"
                broken.append(Reason("limit-keys", detail))
            }
        }
        let seal = Seal.digest(SAID(unchecked: statement.said))
        if let event = replay.trunk(of: issuer).first(where: { $0.seals.contains(seal) }) {
            let sealed = Reason("statement-sealed", "\(name) is sealed by \(issuer):\(event.sn)")
            guard broken.isEmpty else { return Rung(.statement, .contradicted, broken + [sealed]) }
            if let open = openOrder(of: event, of: issuer) { return Rung(.statement, .undecidable, [open, sealed]) }
            return Rung(.statement, .proven, [sealed])
        }
        if replay.everyEvent(of: issuer).contains(where: { $0.seals.contains(seal) }) {
            broken.append(Reason("statement-superseded", "\(name) stands only in a branch that was superseded"))
        } else if replay.cutLogs.contains(issuer.text) {
            broken.append(Reason("statement-absent-at-position", "\(name) was not sealed then"))
        }
        let missing = Reason("statement-not-sealed", "\(name) is not sealed in the log of \(issuer)")
        return Rung(.statement, broken.isEmpty ? .undecidable : .contradicted, broken + [missing])
    }

    /// Why an event of the issuer's log may be younger than the position that was asked for in the organisation's.
    ///
    /// With a position of its own the issuer's log answers. Without one, an event stands before the position when it
    /// stands before, or in, an establishment event that the organisation had sealed by then.
    private func openOrder(of event: EventRecord, of issuer: AID) -> Reason? {
        guard let asked = position(in: root), issuer != root, position(in: issuer) == nil else { return nil }
        if replay.state(of: issuer)?.delegator == root,
            replay.trunk(of: issuer).contains(where: { $0.kind.needsDelegator && $0.sn >= event.sn && isApproved($0) })
        {
            return nil
        }
        let detail = "whether \(issuer):\(event.sn) came before \(asked) is unknown; ask for a position of both logs"
        return Reason("position-missing", detail)
    }

    /// The place of a statement among those of its credential that are live at the time, in the order of their seals,
    /// from 1; nil when it is not among them. A key that is named again counts once.
    private func rank(of statement: AuthorityStatement, by issuer: AID) -> Int? {
        var places: [Primitive: (sn: SequenceNumber, index: Int)] = [:]
        for event in replay.trunk(of: issuer) {
            for (index, seal) in event.seals.enumerated() {
                if case .digest(let said)? = seal, places[said.primitive] == nil {
                    places[said.primitive] = (event.sn, index)
                }
            }
        }
        let ended = Set(sealedWithdrawals(by: [issuer, root]).map(\.withdrawal.subject))
        let live = statements.filter { other in
            other.credential == statement.credential && other.issuer == statement.issuer && time >= other.notBefore
                && time <= other.notAfter && !ended.contains(other.said) && places[other.said] != nil
        }
        let order = live.sorted { one, other in
            guard let left = places[one.said], let right = places[other.said] else { return false }
            return (left.sn, left.index) < (right.sn, right.index)
        }
        guard order.contains(where: { $0.said == statement.said }) else { return nil }
        let earlier = order.prefix { $0.subjectPublicKeyInfo != statement.subjectPublicKeyInfo }
        return Set(earlier.map(\.subjectPublicKeyInfo)).count + 1
    }

    /// The withdrawals of the file that the logs seal, of superseded branches too.
    private func sealedWithdrawals(by aids: [AID]) -> [(withdrawal: Withdrawal, event: EventRecord)] {
        var withdrawals: [Primitive: Withdrawal] = [:]
        for case .withdrawal(let withdrawal) in records { withdrawals[withdrawal.said] = withdrawal }
        guard !withdrawals.isEmpty else { return [] }
        var found: [(Withdrawal, EventRecord)] = []
        for aid in aids {
            for event in replay.everyEvent(of: aid) {
                for case .digest(let said)? in event.seals {
                    if let withdrawal = withdrawals[said.primitive] { found.append((withdrawal, event)) }
                }
            }
        }
        return found
    }

    /// No withdrawal of the statement may be sealed by the issuer or the organisation. A withdrawal stays, even when
    /// its event is superseded. The organisation's ends the key, whatever other statement names it. A digest that the file
    /// does not explain could be a withdrawal, so it leaves the question open.
    func withdrawalRung(_ statement: AuthorityStatement?, _ issuer: AID?, _ claim: AuthorityClaim?) -> Rung {
        guard let statement, let issuer, replay.state(of: issuer) != nil, replay.state(of: root) != nil else {
            return Rung(.withdrawal, .undecidable, [Reason("needs-statement", "statement or logs are missing")])
        }
        let sealed = sealedWithdrawals(by: [issuer, root])
        if let found = sealed.first(where: { $0.withdrawal.subject == statement.said }) {
            let detail = "statement \(statement.said.text) was withdrawn by \(found.event.aid):\(found.event.sn)"
            return Rung(.withdrawal, .contradicted, [Reason("statement-withdrawn", detail)])
        }
        let sameKey = Set(
            statements.filter { $0.subjectPublicKeyInfo == statement.subjectPublicKeyInfo }.map(\.said))
        if let found = sealed.first(where: { $0.event.aid == root && sameKey.contains($0.withdrawal.subject) }) {
            let detail = "\(root):\(found.event.sn) withdrew another statement of key \(statement.keyID)"
            return Rung(.withdrawal, .contradicted, [Reason("key-withdrawn", detail)])
        }
        let unexplained = unexplainedSeals(of: issuer, claim).open
        guard unexplained.isEmpty else { return Rung(.withdrawal, .undecidable, unexplained) }
        return Rung(.withdrawal, .proven, [Reason("statement-stands", "no withdrawal is sealed")])
    }

    /// The digests in the logs of issuer and organisation that no record of the file explains: those that may be a
    /// withdrawal of a statement under this credential, and how many the organisation sealed before it issued the credential.
    func unexplainedSeals(of issuer: AID, _ claim: AuthorityClaim?) -> (open: [Reason], earlier: Int) {
        let known = Set(records.map(\.said))
        let issuing = issuingEvent(claim)
        var open: [Reason] = []
        var earlier = 0
        for aid in [issuer, root] {
            for event in replay.everyEvent(of: aid) {
                // The organisation could not withdraw what names a credential before it was issued. An issuer's
                // statement may have been sealed again behind its withdrawal, so its whole log counts.
                let isEarlier = aid == root && issuing.map { event.ordinal < $0.ordinal && event.sn < $0.sn } == true
                for case .digest(let said)? in event.seals
                where said.primitive.code == .blake3_256 && !known.contains(said.primitive) {
                    if isEarlier {
                        earlier += 1
                    } else {
                        let detail = "\(aid):\(event.sn) seals \(said), which the file does not hold"
                        open.append(Reason("seal-unexplained", detail))
                    }
                }
            }
        }
        return (open, earlier)
    }
}
