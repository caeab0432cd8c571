// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkBytes

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
