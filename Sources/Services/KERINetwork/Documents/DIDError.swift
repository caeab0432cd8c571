// SPDX-License-Identifier: Apache-2.0

/// Why a DID can't be made into a document, or not be believed.
public struct DIDError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The key state is of another AID than the DID.
        case anotherAID = "another-aid"
        /// A key of an algorithm that this build can't write as a JSON Web Key.
        case unsupportedKey = "unsupported-key"
        /// The web server does not answer.
        case unreachable
        /// The web server has no such publication.
        case notPublished = "not-published"
        /// What is published as the document is no DID document.
        case documentUnreadable = "document-unreadable"
        /// The published log is not accepted, or not the log of the AID.
        case logRefused = "log-refused"
        /// The published log contradicts itself.
        case duplicitous
        /// The published log ends before what is known of the AID, or is another one.
        case outdated
        /// The published document is not the one that follows from the log.
        case mismatch
    }

    /// What is wrong.
    public let code: Code
    /// One clause for the operator.
    public let detail: String

    /// Joins a code and a clause.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
