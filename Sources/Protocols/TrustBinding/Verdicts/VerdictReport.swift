// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// The answer to "does this file prove this SVID, from this AID alone?".
public struct VerdictReport: Hashable, Sendable {
    /// What all rungs come to.
    public let verdict: Verdict
    /// Every link, in the order of ``Rung/Name``, those that could not be judged too.
    public let rungs: [Rung]
    /// The workload that the file speaks of, when its SVID could be read. Only a proven verdict says that it is true.
    public let subject: SPIFFEID?
    /// The authority credential with its limits, when the file holds one that can be read. Only a proven verdict says
    /// that it holds.
    public let authority: AuthorityCredential?
    /// The newest event per AID that the verdict rests on: it is proven as of these.
    public let asOf: [EventPosition]
    /// What is taken for granted.
    public let assumptions: [Reason]
    /// What was not checked.
    public let notChecked: [Reason]

    init(
        rungs: [Rung], subject: SPIFFEID?, authority: AuthorityCredential? = nil, asOf: [EventPosition],
        assumptions: [Reason], notChecked: [Reason]
    ) {
        self.authority = authority
        verdict = Verdict.joining(rungs.map(\.verdict))
        self.rungs = rungs
        self.subject = subject
        self.asOf = asOf
        self.assumptions = assumptions
        self.notChecked = notChecked
    }

    /// The lowest rung that has the verdict of the whole, nil when everything is proven.
    public var decidingRung: Rung? {
        verdict == .proven ? nil : rungs.first { $0.verdict == verdict }
    }
}
