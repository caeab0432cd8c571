// SPDX-License-Identifier: Apache-2.0

internal import JOSE
public import KelmarkBytes

/// A JWT-SVID whose signature, audience and times were verified at one moment.
///
/// Only ``UnverifiedJWTSVID/verified(audience:against:at:leeway:)`` makes one: holding it is the proof.
public struct VerifiedJWTSVID: Hashable, Sendable {
    /// Whom the token names.
    public let id: SPIFFEID
    /// For whom it is, in order; the verifier is among them.
    public let audiences: [String]
    /// All claims, in order.
    public let claims: OrderedMap
    /// When it ends.
    public let expiresAt: NumericDate
    /// When it was made, if it says so.
    public let issuedAt: NumericDate?
    /// Whose signature it has.
    public let authority: TokenAuthority
    /// The moment that the token was judged for.
    public let verifiedAt: CertificateTime

    init(_ content: TokenContent, audiences: [String], authority: TokenAuthority, verifiedAt: CertificateTime) {
        id = content.subject
        self.audiences = audiences
        claims = content.claims
        expiresAt = content.expiresAt
        issuedAt = content.issuedAt
        self.authority = authority
        self.verifiedAt = verifiedAt
    }
}

/// What became of a token that somebody presented.
public enum JWTSVIDOutcome: Hashable, Sendable {
    /// Every rule holds.
    case verified(VerifiedJWTSVID)
    /// At least one rule is broken. Of a token that can be read and whose signature holds, every broken rule is named.
    case refused([TokenFault])

    /// The SVID, when every rule holds.
    public var svid: VerifiedJWTSVID? {
        if case .verified(let svid) = self { svid } else { nil }
    }

    /// The broken rules; empty when verified.
    public var faults: [TokenFault] {
        if case .refused(let faults) = self { faults } else { [] }
    }

    /// Reads and judges a token with whatever bundle `bundles` has for its subject's trust domain.
    public static func verifying(
        _ token: String, audience: String, at time: CertificateTime, leeway: TokenLeeway = .standard,
        bundles: (TrustDomain) -> TokenBundle?
    ) -> JWTSVIDOutcome {
        do throws(TokenFault) {
            let unverified = try UnverifiedJWTSVID(parsing: token)
            guard let bundle = bundles(unverified.subject.trustDomain) else {
                return .refused([TokenFault(.unknownTrustDomain)])
            }
            return unverified.verified(audience: audience, against: bundle, at: time, leeway: leeway)
        } catch {
            return .refused([error])
        }
    }
}
