// SPDX-License-Identifier: Apache-2.0

public import JOSE
internal import KelmarkBytes

/// What a JWT-SVID of ours says. Facts (SPIFFE) 4 and 14.2.
public struct JWTSVIDProfile: Hashable, Sendable {
    /// Most audiences of one token.
    public static let mostAudiences = 64

    /// `sub`.
    public let subject: SPIFFEID
    /// `aud`, always written as a list.
    public let audiences: [String]
    /// `iat`.
    public let issuedAt: CertificateTime
    /// `exp`.
    public let expiresAt: CertificateTime
    /// `iss`, when the issuer has a name of its own.
    public let issuer: String?
    /// `jti`, when the token shall have an identifier.
    public let tokenID: String?

    /// A profile.
    /// - Throws: ``TokenFault``: a subject without a path; no audience, an empty one, one twice, more than
    ///   ``mostAudiences``; an end that is not behind the beginning.
    public init(
        subject: SPIFFEID, audiences: [String], issuedAt: CertificateTime, expiresAt: CertificateTime,
        issuer: String? = nil, tokenID: String? = nil
    ) throws(TokenFault) {
        guard !subject.isTrustDomainID else { throw TokenFault(.subject, "no path") }
        guard !audiences.isEmpty else { throw TokenFault(.audience, "none") }
        guard audiences.count <= Self.mostAudiences else { throw TokenFault(.audience, "too many") }
        guard !audiences.contains("") else { throw TokenFault(.audience, "empty") }
        guard Set(audiences.map { Array($0.utf8) }).count == audiences.count else {
            throw TokenFault(.audience, "one stands twice")
        }
        guard issuedAt < expiresAt else { throw TokenFault(.time) }
        self.subject = subject
        self.audiences = audiences
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.issuer = issuer
        self.tokenID = tokenID
    }

    /// The token without its signature, for a key of a `kid`. Its signing input can be recorded before anybody signs.
    public func draft(algorithm: JWSAlgorithm, keyID: String) -> JWSDraft {
        var claims = OrderedMap()
        claims["aud"] = .list(audiences.map(OrderedValue.text))
        claims["exp"] = OrderedValue(expiresAt.seconds)
        claims["iat"] = OrderedValue(issuedAt.seconds)
        claims["iss"] = issuer.map(OrderedValue.text)
        claims["jti"] = tokenID.map(OrderedValue.text)
        claims["sub"] = .text(subject.description)
        // Text, integers and one list: the writer refuses nothing of that.
        let payload = (try? claims.encoded(as: .json)) ?? []
        return JWSDraft(header: JWSHeader(algorithm: algorithm, keyID: keyID, type: "JWT"), payload: payload)
    }

    /// The signed token.
    /// - Throws: as ``JWSDraft/signed(by:)``.
    public func signed(by signer: some JWSSigner, keyID: String) async throws -> String {
        try await draft(algorithm: signer.algorithm, keyID: keyID).signed(by: signer)
    }
}
