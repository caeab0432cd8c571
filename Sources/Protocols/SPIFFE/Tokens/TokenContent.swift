// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkBytes

/// What JWT-SVIDs and WIT-SVIDs have in common, read from a token whose signature nobody has checked yet.
struct TokenContent: Hashable, Sendable {
    let token: UnverifiedJWS
    let keyID: String
    let claims: OrderedMap
    let subject: SPIFFEID
    let expiresAt: NumericDate
    let notBefore: NumericDate?
    let issuedAt: NumericDate?

    /// Reads the parts; `types` are the values of `typ` that are meant, nil for an absent one.
    init(parsing text: String, types: Set<String?>) throws(TokenFault) {
        let token: UnverifiedJWS
        do {
            token = try UnverifiedJWS(compact: text)
        } catch {
            throw TokenFault(.malformed, error.description)
        }
        for label in token.header.members.labels where label != "alg" && label != "kid" && label != "typ" {
            throw TokenFault(.headerMember)
        }
        guard types.contains(token.header.type) else { throw TokenFault(.type) }
        guard let keyID = token.header.keyID, !keyID.isEmpty else { throw TokenFault(.keyIDMissing) }
        let limits = Limits(bodyBytes: UnverifiedJWS.largestToken, nestingDepth: 16, documentValues: 4096)
        let payload = token.unverifiedPayload
        guard
            let value = try? OrderedValue(parsingJSON: payload.span, strictness: .interoperable, limits: limits),
            let claims = value.mapValue
        else { throw TokenFault(.claims) }
        guard let name = claims["sub"]?.textValue else { throw TokenFault(.subject) }
        do {
            subject = try SPIFFEID(name)
        } catch {
            throw TokenFault(.subject, error.description)
        }
        guard let expiry = try Self.date("exp", in: claims) else { throw TokenFault(.time, "exp") }
        expiresAt = expiry
        notBefore = try Self.date("nbf", in: claims)
        issuedAt = try Self.date("iat", in: claims)
        self.token = token
        self.keyID = keyID
        self.claims = claims
    }

    private static func date(_ name: String, in claims: OrderedMap) throws(TokenFault) -> NumericDate? {
        guard let value = claims[name] else { return nil }
        guard let date = NumericDate(value) else { throw TokenFault(.time, name) }
        return date
    }

    /// Checks the signature by the key that the subject's own trust domain has under the token's `kid`.
    func checkSignature(against bundle: TokenBundle, type: SVIDType) throws(TokenFault) -> TokenAuthority {
        guard bundle.trustDomain == subject.trustDomain else {
            throw TokenFault(.foreignTrustDomain, "bundle of \(bundle.trustDomain)")
        }
        guard bundle.type == type else { throw TokenFault(.foreignTrustDomain, "bundle for \(bundle.type.rawValue)") }
        guard let authority = bundle.authority(keyID: keyID) else { throw TokenFault(.unknownKey) }
        do {
            _ = try token.verified(by: authority.key)
        } catch {
            throw TokenFault(.signature, error.description)
        }
        return authority
    }

    /// Every rule about time that is broken.
    func timeFaults(at time: CertificateTime, leeway: TokenLeeway) -> [TokenFault] {
        let now = Double(time.seconds)
        let slack = Double(leeway.seconds)
        var faults: [TokenFault] = []
        // RFC 7519, 4.1.4: on or after its expiry a token must not be accepted.
        if now >= expiresAt.seconds + slack { faults.append(TokenFault(.expired)) }
        if let notBefore, now < notBefore.seconds - slack { faults.append(TokenFault(.notYetValid)) }
        if let issuedAt, now < issuedAt.seconds - slack { faults.append(TokenFault(.issuedInFuture)) }
        return faults
    }
}
