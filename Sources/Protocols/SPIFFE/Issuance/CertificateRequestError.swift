// SPDX-License-Identifier: Apache-2.0

/// Why a certificate request is refused.
public struct CertificateRequestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable {
        /// More than ``VerifiedCertificateRequest/largestRequest`` bytes.
        case tooLarge = "request-too-large"
        /// Not one request in strict DER.
        case malformed = "request-malformed"
        /// A version other than 1.
        case version = "request-version"
        /// A key of a kind or size that is not used.
        case publicKey = "request-public-key"
        /// The request is not signed by the key that it names.
        case signature = "request-signature"
        /// Several or malformed lists of extensions.
        case extensions = "request-extensions"
        /// The request wants a certificate authority.
        case authority = "request-for-authority"
        /// A URI that is no ID of a workload.
        case id = "request-id"
        /// More than one URI.
        case severalIDs = "request-several-ids"
        /// A name of another kind, or a malformed DNS name.
        case name = "request-name"
    }

    /// What is wrong.
    public let code: Code

    package init(_ code: Code) { self.code = code }

    /// The code.
    public var description: String { code.rawValue }
}
