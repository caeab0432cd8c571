// SPDX-License-Identifier: Apache-2.0

/// One rule that a token breaks.
public struct TokenFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        // Form
        /// Not a signed token in compact form, or with an algorithm that is refused. The detail has the code of JOSE.
        case malformed = "token-malformed"
        /// The header has another member than `alg`, `kid` and `typ`.
        case headerMember = "token-header-member"
        /// `typ` is that of another kind of token.
        case type = "token-type"
        /// No `kid`: no key can be chosen.
        case keyIDMissing = "token-key-id-missing"
        /// The payload is no JSON map, or has a member twice.
        case claims = "token-claims"
        /// `sub` is missing or no SPIFFE ID.
        case subject = "token-subject"
        /// `aud` is missing, empty or not text; or it is there in a token that must not have it.
        case audience = "token-audience"
        /// `exp` is missing, or a time is no number.
        case time = "token-time"
        /// `cnf` is missing or holds no public key that is bound to one of the nine algorithms.
        case confirmation = "token-confirmation"

        // Trust
        /// The bundle is that of another trust domain, or of another kind of token.
        case foreignTrustDomain = "token-foreign-trust-domain"
        /// Nothing is known of the subject's trust domain.
        case unknownTrustDomain = "token-unknown-trust-domain"
        /// The trust domain has no key of that `kid` for this kind of token.
        case unknownKey = "token-unknown-key"
        /// The algorithm does not fit the key, or the signature is not the key's.
        case signature = "token-signature"

        // Use
        /// The token is for somebody else.
        case wrongAudience = "token-wrong-audience"
        /// The token's time is over.
        case expired = "token-expired"
        /// The token's time has not begun.
        case notYetValid = "token-not-yet-valid"
        /// The token says that it was made in the future.
        case issuedInFuture = "token-issued-in-future"
    }

    /// The rule that is broken.
    public let code: Code
    /// What was found, in one clause; never the token.
    public let detail: String

    init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { detail.isEmpty ? code.rawValue : "\(code.rawValue): \(detail)" }
}
