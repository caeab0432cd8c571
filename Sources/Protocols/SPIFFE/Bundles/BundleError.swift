// SPDX-License-Identifier: Apache-2.0

/// Why something is no trust bundle.
public struct BundleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// More bytes than are read.
        case tooLarge = "bundle-too-large"
        /// No JSON map, or a member that stands twice.
        case malformed = "bundle-malformed"
        /// No list `keys`: an empty list says that nothing is trusted, its absence says nothing.
        case keysMissing = "bundle-without-keys"
        /// More keys than are read.
        case tooManyKeys = "bundle-too-many-keys"
        /// The sequence number is no integer of 0 to 2⁶⁴ − 1.
        case sequence = "bundle-sequence"
        /// The refresh hint is no integer of 0 to 2⁶³ − 1.
        case refreshHint = "bundle-refresh-hint"
        /// A key that can't be read.
        case key = "bundle-key"
        /// A certificate that can't be read.
        case certificate = "bundle-certificate"
        /// The key beside a certificate is not the certificate's.
        case certificateKey = "bundle-certificate-key"
        /// A token authority without `kid`.
        case keyIDMissing = "bundle-key-id-missing"
        /// Two token authorities of one `kid`.
        case keyIDDuplicate = "bundle-key-id-duplicate"
        /// A token authority of a kind that signs no tokens.
        case keyKind = "bundle-key-kind"
        /// No map `trust_domains`, or a name in it that is none.
        case trustDomain = "bundle-trust-domain"
    }

    /// What is wrong.
    public let code: Code
    /// Which part.
    public let detail: String

    init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { detail.isEmpty ? code.rawValue : "\(code.rawValue): \(detail)" }
}
