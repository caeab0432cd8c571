// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkBytes

/// A JWT-SVID that was read, and that nobody has verified. Facts (SPIFFE) 4.
///
/// Reading proves form: a signed token in compact form with only `alg`, `kid` and `typ` in its header, claims whose
/// members are unique, a subject, an audience and an expiry. Its subject tells whose bundle to ask for; until then
/// nothing in it is true.
public struct UnverifiedJWTSVID: Hashable, Sendable {
    let content: TokenContent
    let audiences: [String]

    /// Reads a token.
    ///
    /// A subject without a path is read, as the standard and peers do; authorizers decide about it like about any other
    /// ID, and our issuer makes none.
    /// - Throws: ``TokenFault``.
    public init(parsing token: String) throws(TokenFault) {
        content = try TokenContent(parsing: token, types: ["JWT", "JOSE", nil])
        audiences = try Self.audiences(in: content.claims)
    }

    /// Whom the token claims to name.
    public var subject: SPIFFEID { content.subject }

    private static func audiences(in claims: OrderedMap) throws(TokenFault) -> [String] {
        guard let value = claims["aud"] else { throw TokenFault(.audience) }
        if let one = value.textValue { return [one] }
        guard let list = value.listValue, !list.isEmpty else { throw TokenFault(.audience) }
        var audiences: [String] = []
        for element in list {
            guard let text = element.textValue else { throw TokenFault(.audience) }
            audiences.append(text)
        }
        return audiences
    }

    /// Judges the token by the keys of one trust domain, which must be the subject's own.
    ///
    /// - Parameters:
    ///   - audience: Under which name the caller knows itself; the token must list it.
    ///   - bundle: The JWT authorities of ``subject``'s trust domain.
    ///   - time: What time it is.
    ///   - leeway: By how much clocks may differ.
    public func verified(
        audience: String, against bundle: TokenBundle, at time: CertificateTime, leeway: TokenLeeway = .standard
    ) -> JWTSVIDOutcome {
        let authority: TokenAuthority
        do throws(TokenFault) {
            authority = try content.checkSignature(against: bundle, type: .jwt)
        } catch {
            return .refused([error])
        }
        var faults: [TokenFault] = []
        let isListed = audiences.contains { $0.utf8.elementsEqual(audience.utf8) }
        if audience.isEmpty || !isListed { faults.append(TokenFault(.wrongAudience)) }
        faults += content.timeFaults(at: time, leeway: leeway)
        guard faults.isEmpty else { return .refused(faults) }
        return .verified(
            VerifiedJWTSVID(content, audiences: audiences, authority: authority, verifiedAt: time))
    }
}
