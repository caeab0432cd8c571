// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// Why a body is no KERI message.
public struct MessageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values of ``Code/name`` are stable.
    public enum Code: Hashable, Sendable {
        /// The bytes are no canonical document of their format.
        case document(DocumentError)
        /// The document is no map, or `v` or `t` are not its first members.
        case notAMessage
        /// A protocol other than KERI, or a version other than 1.0.
        case unsupportedVersion
        /// An unknown `t`.
        case unknownKind
        /// A member is missing, unknown or out of order.
        case wrongMembers
        /// A self-addressing member is not the digest of the body.
        case forgedSAID
        /// The prefix does not follow from the body.
        case prefixRule
        /// The value of a member is malformed.
        case badValue(String)

        /// A stable name.
        public var name: String {
            switch self {
            case .document: "document"
            case .notAMessage: "not-a-message"
            case .unsupportedVersion: "unsupported-version"
            case .unknownKind: "unknown-kind"
            case .wrongMembers: "wrong-members"
            case .forgedSAID: "forged-said"
            case .prefixRule: "prefix-rule"
            case .badValue: "bad-value"
            }
        }
    }

    /// What is wrong.
    public let code: Code
    /// Where in the body, in bytes.
    public let offset: Int

    private let cutsDocument: Bool

    package init(_ code: Code, at offset: Int = 0, cutsDocument: Bool = false) {
        self.code = code
        self.offset = offset
        self.cutsDocument = cutsDocument
    }

    /// How much of the message can still be told apart from what follows it in a stream.
    public var extent: Extent {
        switch code {
        case .document where cutsDocument: .none
        case .badValue: .message
        default: .body
        }
    }

    /// What the error leaves standing.
    public enum Extent: Sendable, Hashable {
        /// The document is cut by the size it claims, so not even that can be believed.
        case none
        /// The body ends where it says; attachments of a body that nobody can have signed mean nothing.
        case body
        /// Body and attachments are in order; only a value breaks a rule.
        case message
    }

    /// The text form.
    public var description: String {
        switch code {
        case .document(let error): "\(code.name) (\(error.code)) at byte \(error.offset)"
        case .badValue(let member): "\(code.name) in member \(member) at byte \(offset)"
        default: "\(code.name) at byte \(offset)"
        }
    }
}
