// SPDX-License-Identifier: Apache-2.0

/// Why a controller did not do what it was asked to. Unless the code says otherwise, nothing has changed.
public struct ControllerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// No AID of the wallet has this name.
        case unknown
        /// The keys of the AID are not in this wallet.
        case notOurs = "not-ours"
        /// Another AID of the wallet has this name.
        case nameTaken = "name-taken"
        /// The name can't be used.
        case nameMalformed = "name-malformed"
        /// An earlier event of the AID is still waiting.
        case eventWaiting = "event-waiting"
        /// The AID can have no further events.
        case ended
        /// The vault lacks a key that must sign.
        case keyMissing = "key-missing"
        /// The chosen keys can't satisfy a threshold.
        case keysInsufficient = "keys-insufficient"
        /// There is no key with this number.
        case keyIndex = "key-index"
        /// Witnesses or their number do not fit.
        case witness
        /// Nobody delegated the AID, or not who was named.
        case notDelegated = "not-delegated"
        /// No event waits for this approval.
        case nothingToApprove = "nothing-to-approve"
        /// Several events of the delegate wait, and none was named.
        case severalToApprove = "several-to-approve"
        /// The log has no such position, or none that can be recovered.
        case position
        /// The AID takes establishment events only.
        case establishmentOnly = "establishment-only"
        /// A threshold needs more keys than there are.
        case thresholdTooHigh = "threshold-too-high"
        /// What the book of the wallet holds can't be read back.
        case bookDamaged = "book-damaged"
        /// The book of the wallet was written by a newer version.
        case bookTooNew = "book-too-new"
    }

    /// What is wrong.
    public let code: Code
    /// One clause for the operator; identifiers only, no secrets.
    public let detail: String

    /// Joins a code and a clause.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
