// SPDX-License-Identifier: Apache-2.0

/// Why no certificate was made.
public struct IssuanceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable {
        /// The authority's public key is no P-256 point.
        case authorityKey = "authority-key"
        /// The key that would sign is not the key of the authority's certificate.
        case keyMismatch = "authority-key-mismatch"
        /// The key failed to sign, or what it made does not verify.
        case signing = "authority-signing"
        /// The validity is empty.
        case validity = "validity-empty"
        /// The authority is not valid now.
        case authorityValidity = "authority-not-valid"
        /// The ID belongs to another trust domain, or is the trust domain's own.
        case id = "id-not-issuable"
        /// A DNS name that no certificate should carry.
        case dnsName = "dns-name"
        /// A hint that is no identifier of 44 characters, or a path length that is not used.
        case profile = "profile"
        /// The certificate that came out breaks the profile of its kind.
        case selfCheck = "self-check"
    }

    /// What is wrong.
    public let code: Code
    /// What was found, in one clause.
    public let detail: String

    init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { detail.isEmpty ? code.rawValue : "\(code.rawValue): \(detail)" }
}
