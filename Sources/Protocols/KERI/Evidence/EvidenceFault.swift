// SPDX-License-Identifier: Apache-2.0

/// Why something is no evidence of duplicity.
public struct EvidenceFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Larger than evidence may be.
        case tooLarge = "too-large"
        /// Not a stream of KERI messages.
        case unreadable
        /// The stream does not begin with a statement of duplicity, or does not hold the events that it names.
        case notEvidence = "not-evidence"
        /// A message that proves nothing here.
        case foreignMessage = "foreign-message"
        /// The log up to the place is missing, cut off, or refused.
        case incompleteLog = "incomplete-log"
        /// The two events do not continue the same event, so they may belong to different histories of the log.
        case notOnePlace = "not-one-place"
        /// One event may take the place of the other by the rules of recovery.
        case recovery
        /// Two delegated rotations: the delegator's log decides between them, nobody was duplicitous yet.
        case delegatorDecides = "delegator-decides"
        /// An event is not signed as its place demands.
        case unsigned
        /// An event that no verifier would accept, whoever signed it.
        case refusedEvent = "refused-event"
        /// The accused witness did not sign a receipt of both events.
        case noReceipt = "no-receipt"
    }

    /// What is wrong.
    public let code: Code
    /// One clause for the operator.
    public let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
