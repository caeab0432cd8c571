// SPDX-License-Identifier: Apache-2.0

public import JOSE
public import KelmarkBytes

/// A WIT-SVID whose signature and times were verified at one moment. It says which key its owner has, not that whoever
/// sent it is the owner.
///
/// Only ``UnverifiedWITSVID/verified(against:at:leeway:)`` makes one.
public struct VerifiedWITSVID: Hashable, Sendable {
    /// Whom the token names.
    public let id: SPIFFEID
    /// The key with which the owner proves possession; its `alg` is set.
    public let confirmation: JWK
    /// All claims, in order.
    public let claims: OrderedMap
    /// When it ends.
    public let expiresAt: NumericDate
    /// Whose signature it has.
    public let authority: TokenAuthority
    /// The moment that the token was judged for.
    public let verifiedAt: CertificateTime

    init(
        _ content: TokenContent, confirmation: JWK, authority: TokenAuthority, verifiedAt: CertificateTime
    ) {
        id = content.subject
        self.confirmation = confirmation
        claims = content.claims
        expiresAt = content.expiresAt
        self.authority = authority
        self.verifiedAt = verifiedAt
    }
}

/// What became of a WIT-SVID.
public enum WITSVIDOutcome: Hashable, Sendable {
    /// Every rule holds.
    case verified(VerifiedWITSVID)
    /// At least one rule is broken.
    case refused([TokenFault])

    /// The SVID, when every rule holds.
    public var svid: VerifiedWITSVID? {
        if case .verified(let svid) = self { svid } else { nil }
    }

    /// The broken rules; empty when verified.
    public var faults: [TokenFault] {
        if case .refused(let faults) = self { faults } else { [] }
    }
}
