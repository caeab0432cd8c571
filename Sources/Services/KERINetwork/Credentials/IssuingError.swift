// SPDX-License-Identifier: Apache-2.0

/// Why something about a registry of ours, or a credential in it, can't be done.
public struct IssuingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No registry of ours has this name.
        case unknownRegistry = "unknown-registry"
        /// The name belongs to another registry.
        case nameTaken = "name-taken"
        /// The name can't be one.
        case nameMalformed = "name-malformed"
        /// The registry is not accepted yet.
        case registryWaiting = "registry-waiting"
        /// The credential is not known here.
        case unknownCredential = "unknown-credential"
        /// The credential is of another registry, or of somebody else.
        case notOurs = "not-ours"
        /// It was revoked already.
        case alreadyRevoked = "already-revoked"
        /// The credential would not be accepted by a verifier.
        case wouldNotVerify = "would-not-verify"
        /// The schema is not known here.
        case unknownSchema = "unknown-schema"
        /// The backers and their threshold break the rules.
        case backers
        /// The values can't be written as a credential or a registry event.
        case notWritable = "not-writable"
        /// The book of registries can't be read back.
        case bookDamaged = "book-damaged"
        /// The book was written by a newer version.
        case bookTooNew = "book-too-new"
    }

    /// What is wrong.
    public let code: Code
    /// One sentence with the names concerned.
    public let detail: String

    /// Joins the two.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and sentence.
    public var description: String { "\(code.rawValue): \(detail)" }
}
