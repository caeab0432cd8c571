// SPDX-License-Identifier: Apache-2.0

/// Why a credential is no authority credential.
public struct AuthorityCredentialError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// It has another schema.
        case schema = "credential-schema"
        /// It is issued to nobody.
        case untargeted = "credential-untargeted"
        /// It shows only the digest of its attributes, so the limits are unknown.
        case undisclosed = "limits-not-disclosed"
        /// Members are missing or there are others.
        case members = "credential-members"
        /// A limit has the wrong kind of value or a value outside its rules.
        case value = "credential-value"
        /// It has sections that an authority credential does not have.
        case sections = "credential-sections"
    }

    /// What is wrong.
    public let code: Code
    /// The member concerned, or empty.
    public let member: String

    init(_ code: Code, _ member: String = "") {
        self.code = code
        self.member = member
    }

    /// Code and member.
    public var description: String { code.rawValue + (member.isEmpty ? "" : " \(member)") }
}
