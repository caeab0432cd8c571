// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Decides whether an SVID may be signed now: the limits that the issuer's own authority has.
///
/// Asked for every SVID, after the caller was authorised and before the key is touched.
public protocol IssuanceAuthorizer: Sendable {
    /// Decides; refusals are values with reasons. Trouble in deciding is ``IssuanceDecision/undecided(detail:)``: nothing is
    /// signed then either, but nobody may take it for a refusal.
    func decide(about proposal: IssuanceProposal) async -> IssuanceDecision
}

/// What would be signed.
public struct IssuanceProposal: Hashable, Sendable {
    /// What.
    public let kind: IssuanceRecord.Kind
    /// Whom it would name.
    public let id: SPIFFEID
    /// First moment of validity.
    public let notBefore: CertificateTime
    /// Last moment of validity.
    public let notAfter: CertificateTime
    /// The authority that would sign.
    public let authorityID: String
    /// SAID of its statement; nil without one.
    public let statement: String?

    /// Joins the parts.
    public init(
        kind: IssuanceRecord.Kind, id: SPIFFEID, notBefore: CertificateTime, notAfter: CertificateTime,
        authorityID: String, statement: String?
    ) {
        self.kind = kind
        self.id = id
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.authorityID = authorityID
        self.statement = statement
    }
}

/// What came of it.
public enum IssuanceDecision: Hashable, Sendable {
    /// It may be signed, with these `OU` attributes in the subject (hints of a bound path; usually none).
    case allowed(units: [String] = [])
    /// It may not, for these reasons, which whoever asked is told. The detail is for the log.
    case refused([String], detail: String = "")
    /// Nothing can be said now; the same may be allowed or refused later. The detail is for the log.
    case undecided(detail: String)
}

/// Allows everything that the issuer's own rules allow: a plain SPIFFE server.
public struct OpenIssuance: IssuanceAuthorizer {
    /// Without conditions.
    public init() {}

    /// Allows it.
    public func decide(about proposal: IssuanceProposal) -> IssuanceDecision { .allowed() }
}
