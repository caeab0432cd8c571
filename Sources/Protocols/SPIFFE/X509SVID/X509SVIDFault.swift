// SPDX-License-Identifier: Apache-2.0

/// One rule that a certificate chain breaks.
public struct X509SVIDFault: Hashable, Sendable, CustomStringConvertible {
    /// The rule; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        // Form
        /// No certificate at all.
        case emptyChain = "chain-empty"
        /// More certificates than are read.
        case chainTooLong = "chain-too-long"
        /// Bytes that are no certificate in strict DER, or one with a key that is not used.
        case malformed = "certificate-malformed"
        /// A critical extension that no rule reads.
        case unknownCriticalExtension = "critical-extension"

        // Leaf
        /// Not exactly one URI in the subject alternative name.
        case uriCount = "leaf-uri-count"
        /// The URI is no SPIFFE ID.
        case invalidID = "leaf-id"
        /// The ID has no path: it names the trust domain.
        case rootPath = "leaf-root-path"
        /// The leaf calls itself a certificate authority.
        case leafIsAuthority = "leaf-is-ca"
        /// No key usage.
        case keyUsageMissing = "leaf-key-usage-missing"
        /// Key usage is not critical.
        case keyUsageNotCritical = "leaf-key-usage-not-critical"
        /// Key usage without digitalSignature.
        case digitalSignatureMissing = "leaf-digital-signature-missing"
        /// Key usage with keyCertSign or cRLSign.
        case leafMaySign = "leaf-may-sign"
        /// Extended key usage without both serverAuth and clientAuth.
        case extendedKeyUsage = "leaf-extended-key-usage"
        /// Empty subject, and the subject alternative name is not critical.
        case subjectAndNames = "leaf-names-not-critical"
        /// The leaf's trust domain is not the one whose authorities were given.
        case foreignTrustDomain = "leaf-foreign-trust-domain"

        // Signing certificates
        /// Not called a certificate authority by critical basic constraints.
        case issuerNotAuthority = "issuer-not-ca"
        /// Key usage of an issuer is missing or lacks keyCertSign.
        case issuerMayNotSign = "issuer-may-not-sign"
        /// An issuer's URI is no trust domain ID, or there are several.
        case issuerID = "issuer-id"
        /// More certificates below an issuer than its pathLen allows.
        case pathLength = "path-length"
        /// A name that an issuer's constraints forbid, or a constraint on names that can't be judged.
        case nameConstraint = "name-constraint"

        // Chain
        /// No authority was given.
        case noAuthorities = "bundle-empty"
        /// No path from the leaf to an authority.
        case noPath = "chain-no-path"
        /// A signature of the path is not that of its issuer.
        case signature = "chain-signature"
        /// Too many ways to build a path.
        case searchBound = "chain-search-bound"

        // Time
        /// The validity has not begun.
        case notYetValid = "not-yet-valid"
        /// The validity is over.
        case expired = "expired"
    }

    /// The rule that is broken.
    public let code: Code
    /// Subject of the certificate concerned, or nothing when it concerns the chain as a whole.
    public let subject: String
    /// What was found, in one clause.
    public let detail: String

    init(_ code: Code, _ subject: String = "", detail: String = "") {
        self.code = code
        self.subject = subject
        self.detail = detail
    }

    /// Code, subject and detail.
    public var description: String {
        [code.rawValue, subject, detail].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
