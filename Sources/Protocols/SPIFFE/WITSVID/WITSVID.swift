// SPDX-License-Identifier: Apache-2.0

public import JOSE
public import KelmarkBytes

/// A WIT-SVID that was read, and that nobody has verified. Facts (SPIFFE) 5.
///
/// It is no bearer token: whoever shows it must also prove that they hold the key of `cnf`.
public struct UnverifiedWITSVID: Hashable, Sendable {
    let content: TokenContent
    let confirmation: JWK

    /// Reads a token.
    /// - Throws: ``TokenFault``.
    public init(parsing token: String) throws(TokenFault) {
        content = try TokenContent(parsing: token, types: ["wit+jwt"])
        guard !content.subject.isTrustDomainID else { throw TokenFault(.subject, "no path") }
        guard content.claims["aud"] == nil else { throw TokenFault(.audience) }
        guard let members = content.claims["cnf"]?["jwk"]?.mapValue else { throw TokenFault(.confirmation) }
        do {
            confirmation = try JWK(members)
        } catch {
            throw TokenFault(.confirmation, error.description)
        }
        guard confirmation.algorithm != nil else { throw TokenFault(.confirmation, "alg") }
    }

    /// Whom the token claims to name.
    public var subject: SPIFFEID { content.subject }

    /// Judges the token by the WIT keys of one trust domain, which must be the subject's own.
    public func verified(
        against bundle: TokenBundle, at time: CertificateTime, leeway: TokenLeeway = .standard
    ) -> WITSVIDOutcome {
        let authority: TokenAuthority
        do throws(TokenFault) {
            authority = try content.checkSignature(against: bundle, type: .wit)
        } catch {
            return .refused([error])
        }
        let faults = content.timeFaults(at: time, leeway: leeway)
        guard faults.isEmpty else { return .refused(faults) }
        return .verified(
            VerifiedWITSVID(content, confirmation: confirmation, authority: authority, verifiedAt: time))
    }
}

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

    fileprivate init(
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
