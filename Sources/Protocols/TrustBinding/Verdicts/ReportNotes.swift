// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import SPIFFE

/// What a report takes for granted and leaves open. `03-binding.md`, section 8.
enum ReportNotes {
    static func assumptions(time: CertificateTime, positions: [LogPosition]) -> [Reason] {
        var notes = [
            Reason(
                "root-given", "the AID is the organisation's, and the trust domain belongs to it, as the caller said"),
            Reason("clock-local", "the time is \(time), as the caller said"),
        ]
        notes += positions.map { Reason("as-of-position", "events behind \($0) do not count") }
        return notes
    }

    static func notChecked(
        _ states: [KeyState], file: ProofFile, evidence: [VerifiedDuplicity], statement: AuthorityStatement?,
        limits: AuthorityLimits?, earlierSeals: Int = 0
    ) -> [Reason] {
        var notes = [
            Reason("newer-events", "events that happened after the last one in the file are unknown"),
            Reason("no-transparency-log", "no log shows that the SVID was issued in the open"),
            Reason("limits-bind-verifiers", "stock peers know no limits: they accept what the bundle's keys sign"),
            Reason("duplicity-not-excluded", "that no other version of the logs exists can't be seen offline"),
            suspension(of: statement, in: file),
            Reason("node-not-checked", "whether the right process holds the key is the node's word"),
        ]
        if let bindings = limits?.bindings, !bindings.isEmpty {
            notes.append(Reason("bindings-not-considered", "whether the service of a bound path agrees is not judged"))
        }
        if earlierSeals > 0 {
            let detail =
                "\(earlierSeals) digests that the organisation sealed before it issued the credential are not in the file; "
            notes.append(
                Reason("earlier-withdrawals", detail + "had it withdrawn this key then, that would not be seen"))
        }
        let unwitnessed = states.filter { $0.witnessThreshold == 0 }.map(\.aid.text)
        if !unwitnessed.isEmpty {
            notes.append(Reason("no-witnesses", unwitnessed.joined(separator: " ")))
        }
        if unwitnessed.count < states.count {
            notes.append(Reason("no-first-seen-guarantee", "receipts say that witnesses saw an event, not first"))
        }
        let witnesses = Set(states.flatMap(\.witnesses))
        for found in evidence {
            guard case .witness(let witness) = found.statement.accused, witnesses.contains(witness) else { continue }
            // Its receipts may still be enough together with those of others, so it decides nothing by itself.
            let detail = "\(witness) receipted two events at \(found.statement.aid):\(found.statement.sn)"
            notes.append(Reason("witness-duplicitous", detail))
        }
        return notes
    }

    /// A suspension is a note, whether the file holds one or not.
    private static func suspension(of statement: AuthorityStatement?, in file: ProofFile) -> Reason {
        for part in file.parts(.record) {
            guard case .suspension(let suspension)? = try? BindingRecord(parsing: part.content),
                suspension.subject == statement?.said
            else { continue }
            let detail = "\(suspension.organisation.text) asks agents to drop it from \(suspension.begins) on"
            return Reason("suspension-not-considered", detail + "; that is no evidence")
        }
        return Reason("suspension-not-considered", "a suspension is no evidence; agents obey it, proofs do not")
    }
}
