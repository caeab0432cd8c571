// SPDX-License-Identifier: Apache-2.0

/// Why a text is no SPIFFE ID or no trust domain name, and where.
public struct SPIFFEIDError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable {
        /// The text does not begin with `spiffe://` in lower case.
        case scheme = "id-scheme"
        /// More than 2048 bytes.
        case tooLong = "id-too-long"
        /// No trust domain name.
        case emptyTrustDomain = "trust-domain-empty"
        /// A trust domain name of more than 255 bytes.
        case trustDomainTooLong = "trust-domain-too-long"
        /// A byte outside `a-z 0-9 . - _` in the trust domain name.
        case trustDomainCharacter = "trust-domain-character"
        /// A byte outside `a-z A-Z 0-9 . - _` in a path segment.
        case pathCharacter = "path-character"
        /// Two slashes in a row.
        case emptySegment = "path-empty-segment"
        /// A segment `.` or `..`.
        case dotSegment = "path-dot-segment"
        /// A slash at the end.
        case trailingSlash = "path-trailing-slash"
        /// A path where only a trust domain is wanted.
        case unexpectedPath = "path-unexpected"
    }

    /// What is wrong.
    public let code: Code
    /// Offset in bytes of the place that is wrong.
    public let offset: Int

    init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// Code and offset.
    public var description: String { "\(code.rawValue) at byte \(offset)" }
}
