// SPDX-License-Identifier: Apache-2.0

/// One way to damage a proof file, and the only answer that a verifier may give then.
public struct Corruption: Hashable, Sendable {
    /// Stable name.
    public let name: String
    /// What is done, in a clause.
    public let action: String
    /// The one allowed verdict.
    public let verdict: Verdict
    /// The one rung that may decide; nil when everything stays proven.
    public let rung: Rung.Name?

    /// The exit code that belongs to the verdict.
    public var exitCode: Int32 { verdict.exitCode }
}

/// A corruption that was tried, with what the verifier said.
public struct CorruptionResult: Hashable, Sendable {
    /// What was done, and what was allowed.
    public let corruption: Corruption
    /// What the verifier said.
    public let verdict: Verdict
    /// The rung that decided.
    public let rung: Rung.Name?
    /// The first reason of that rung.
    public let reason: Reason?

    /// Whether verdict and rung are the allowed ones.
    public var isAsExpected: Bool { verdict == corruption.verdict && rung == corruption.rung }
}
