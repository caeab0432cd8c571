// SPDX-License-Identifier: Apache-2.0

public import KERI

/// One thing that speaks against a credential or is missing, for people.
public struct CredentialReason: Hashable, Sendable, CustomStringConvertible {
    /// A stable code: that of a ``CredentialRejection`` or a ``CredentialEscrowReason``.
    public let code: String
    /// The credential of which it is said.
    public let credential: SAID
    /// The labels that lead to the edge in question, nil when it concerns the credential itself.
    public let edge: String?
    /// The sentence.
    public let words: String

    init(_ code: CredentialRejection, _ credential: SAID, edge: String? = nil, _ words: String) {
        self.init(code.rawValue, credential, edge: edge, words)
    }

    init(_ code: CredentialEscrowReason, _ credential: SAID, edge: String? = nil, _ words: String) {
        self.init(code.rawValue, credential, edge: edge, words)
    }

    init(_ code: String, _ credential: SAID, edge: String?, _ words: String) {
        self.code = code
        self.credential = credential
        self.edge = edge
        self.words = words
    }

    /// The text form.
    public var description: String { edge.map { "\($0): \(words)" } ?? words }
}

/// How much of a graph of credentials is looked at for one answer.
public struct ChainLimits: Hashable, Sendable {
    /// Most credentials behind one another.
    public var depth: Int
    /// Most credentials in all.
    public var credentials: Int
    /// Most delegators between an issuer and an issuee (`DI2I`).
    public var delegators: Int

    /// Creates the bounds.
    public init(depth: Int = 32, credentials: Int = 1024, delegators: Int = 16) {
        self.depth = depth
        self.credentials = credentials
        self.delegators = delegators
    }

    /// The defaults.
    public static let standard = ChainLimits()
}
