// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// Why bytes are no credential of ACDC 1.0.
public struct CredentialError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values of ``name`` are stable.
    public enum Code: Hashable, Sendable {
        /// The bytes are no canonical document of their format.
        case document(DocumentError)
        /// The document is no map that begins with `v`.
        case notACredential
        /// Another protocol, version or format, or a size that is not the body's.
        case unsupportedVersion
        /// A member is missing, unknown, out of order, or `a` and `A` are both there.
        case wrongMembers
        /// The digest of the credential, of a block, of an aggregate or of a schema is not that of its content.
        case forgedSAID
        /// The value of a member is malformed.
        case badValue
        /// Blocks with digests of their own are nested too deep.
        case tooDeep

        /// A stable name.
        public var name: String {
            switch self {
            case .document: "document"
            case .notACredential: "not-a-credential"
            case .unsupportedVersion: "unsupported-version"
            case .wrongMembers: "wrong-members"
            case .forgedSAID: "forged-said"
            case .badValue: "bad-value"
            case .tooDeep: "too-deep"
            }
        }
    }

    /// What is wrong.
    public let code: Code
    /// The member of the credential in which it is, nil when it concerns the whole.
    public let member: CredentialMember?
    /// Where in the body, in bytes.
    public let offset: Int

    package init(_ code: Code, in member: CredentialMember? = nil, at offset: Int = 0) {
        self.code = code
        self.member = member
        self.offset = offset
    }

    /// The text form.
    public var description: String {
        let place = member.map { " in \($0.words)" } ?? ""
        if case .document(let error) = code { return "\(code.name) (\(error.code)) at byte \(error.offset)" }
        return "\(code.name)\(place) at byte \(offset)"
    }
}

/// The members of a credential, in the order in which they stand (facts 13.4).
public enum CredentialMember: String, Hashable, Sendable, CaseIterable {
    case version = "v"
    case digest = "d"
    case nonce = "u"
    case issuer = "i"
    case registry = "ri"
    case schema = "s"
    case attributes = "a"
    case aggregate = "A"
    case edges = "e"
    case rules = "r"

    /// What people call it.
    public var words: String {
        switch self {
        case .version: "the version (v)"
        case .digest: "the digest (d)"
        case .nonce: "the nonce (u)"
        case .issuer: "the issuer (i)"
        case .registry: "the registry (ri)"
        case .schema: "the schema (s)"
        case .attributes: "the attributes (a)"
        case .aggregate: "the aggregate (A)"
        case .edges: "the edges (e)"
        case .rules: "the rules (r)"
        }
    }

    var label: StaticString {
        switch self {
        case .version: "v"
        case .digest: "d"
        case .nonce: "u"
        case .issuer: "i"
        case .registry: "ri"
        case .schema: "s"
        case .attributes: "a"
        case .aggregate: "A"
        case .edges: "e"
        case .rules: "r"
        }
    }

    /// Whether every credential has it.
    var isMandatory: Bool {
        switch self {
        case .version, .digest, .issuer, .schema: true
        default: false
        }
    }
}
