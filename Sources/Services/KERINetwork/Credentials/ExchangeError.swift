// SPDX-License-Identifier: Apache-2.0

public import ACDC

/// Why something about an exchange of a credential was not done. Unless the code says otherwise, nothing has changed.
public struct ExchangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// No message of an exchange has this digest.
        case unknown = "exchange-unknown"
        /// The message can't be answered like that, or not by us.
        case notExpected = "exchange-not-expected"
        /// A message, or our own, breaks a rule; ``ExchangeError/refusal`` says which.
        case refused = "exchange-refused"
        /// The credential is not here, or was not accepted.
        case notHeld = "exchange-not-held"
        /// The credential is revoked.
        case revoked = "exchange-revoked"
        /// Nobody says for whom the message is.
        case noRecipient = "exchange-no-recipient"
        /// The message is kept and could not be handed over; it is sent again by a resume.
        case notSent = "exchange-not-sent"
        /// The book can't be read back.
        case bookDamaged = "exchange-book-damaged"
        /// The book was written by a newer version.
        case bookTooNew = "exchange-book-too-new"
    }

    /// What is wrong.
    public let code: Code
    /// Words for the operator; identifiers only.
    public let detail: String
    /// The rule that was broken, where one was.
    public let refusal: ExchangeRefusal?

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
        refusal = nil
    }

    init(_ refusal: ExchangeRefusal, _ detail: String) {
        code = .refused
        self.detail = detail
        self.refusal = refusal
    }

    /// Code and detail.
    public var description: String { "\((refusal?.rawValue ?? code.rawValue)): \(detail)" }
}
