// SPDX-License-Identifier: Apache-2.0

/// Why a challenge was not given, answered or believed.
public struct ChallengeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The message has not the members of an answer, or nothing shows who sent it.
        case malformed
        /// The answer is meant for somebody else.
        case notOurs = "not-ours"
        /// These words were not given out here, or were answered already.
        case notGiven = "not-given"
        /// The words were given out too long ago.
        case expired
        /// No answer with these words has come from this AID.
        case unanswered
        /// The answer is dated before the words were given out, or in the future.
        case dated
        /// The book can't be read back.
        case bookDamaged = "book-damaged"
        /// The book was written by a newer version.
        case bookTooNew = "book-too-new"
    }

    /// What is wrong.
    public let code: Code
    /// Words for the operator.
    public let detail: String

    /// Joins a code and words.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
