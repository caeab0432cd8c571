// SPDX-License-Identifier: Apache-2.0

/// One link of the chain from the organisation's AID to the workload, with what was found.
public struct Rung: Hashable, Sendable {
    /// The links in the order in which they are climbed; the raw value is stable.
    public enum Name: String, Hashable, Sendable, CaseIterable {
        /// The file can be read and agrees with its manifest.
        case file
        /// The key event log of the organisation's AID holds.
        case organisation
        /// The registry of the authority credential is the organisation's and sealed in its log.
        case registry
        /// The authority credential is issued to the issuer for this trust domain, and not revoked.
        case credential
        /// The key event log of the issuer's AID holds; whoever delegated it is the organisation.
        case issuer
        /// The authority statement is sealed in the issuer's log, speaks of this trust domain and time, and lies within
        /// the limits of the credential.
        case statement
        /// No withdrawal of the statement is sealed.
        case withdrawal
        /// The authority certificate is the one that the statement names.
        case authority
        /// The SVID was signed by that authority, is valid at the time asked for and lies within the limits.
        case svid
    }

    /// Which link.
    public let name: Name
    /// What it comes to.
    public let verdict: Verdict
    /// Why; the first reason is the one that decided.
    public let reasons: [Reason]

    init(_ name: Name, _ verdict: Verdict, _ reasons: [Reason]) {
        self.name = name
        self.verdict = verdict
        self.reasons = reasons
    }
}

/// Something that was found, with a code that never changes its meaning.
public struct Reason: Hashable, Sendable, CustomStringConvertible {
    /// Stable code, such as `statement-not-sealed`.
    public let code: String
    /// One sentence with the identifiers concerned.
    public let detail: String

    /// Joins a code and a sentence.
    public init(_ code: String, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and sentence.
    public var description: String { detail.isEmpty ? code : "\(code): \(detail)" }
}
