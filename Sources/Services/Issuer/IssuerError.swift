// SPDX-License-Identifier: Apache-2.0

/// Why the issuer did not do what a caller asked for.
///
/// `message` goes to the caller as it is; `detail` goes to the log and to nobody else. An adapter translates `code`
/// once into the status of its protocol. Two errors are equal when code and message are.
public struct IssuerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is. The raw values are stable; each names the gRPC status that SPIRE answers with.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The request itself is wrong; the same request will never do.
        case invalidArgument = "invalid-argument"
        /// What the request names is not there.
        case notFound = "not-found"
        /// What the request would make is there already.
        case alreadyExists = "already-exists"
        /// The caller may not do this; ``IssuerError/reason`` says why where a peer must know.
        case permissionDenied = "permission-denied"
        /// The request is right, the state of the issuer is not.
        case failedPrecondition = "failed-precondition"
        /// The caller asks too often or for too much.
        case resourceExhausted = "resource-exhausted"
        /// The caller's time was over before the work was done.
        case deadlineExceeded = "deadline-exceeded"
        /// Nothing can be said now; the same request may do later.
        case unavailable
        /// The issuer does not offer this.
        case unimplemented
        /// The issuer itself failed.
        case `internal`
    }

    /// Why an agent was turned away, in the words of SPIRE's status detail. Facts (SPIFFE) 12.2.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The agent's SVID has expired.
        case agentExpired = "agent-expired"
        /// The agent uses an SVID that is no longer its newest.
        case agentNotActive = "agent-not-active"
        /// Nobody attested the agent, or it was evicted.
        case agentNotAttested = "agent-not-attested"
        /// The agent is banned.
        case agentBanned = "agent-banned"
        /// The agent has to attest anew instead of renewing.
        case agentMustReattest = "agent-must-reattest"
    }

    /// What kind of refusal it is.
    public let code: Code
    /// One clause that the caller may read: no secrets, nothing about others.
    public let message: String
    /// Why an agent was turned away, where a peer acts upon it.
    public let reason: Reason?
    /// What the operator should know beside the message; identifiers only, no secrets.
    public let detail: String

    /// Joins the parts.
    public init(_ code: Code, _ message: String, reason: Reason? = nil, detail: String = "") {
        self.code = code
        self.message = message
        self.reason = reason
        self.detail = detail
    }

    /// A refusal whose cause an operator reads in the log.
    public init(_ code: Code, _ message: String, cause: any Error) {
        self.init(code, message, detail: String(describing: cause))
    }

    /// Code, message and detail, for logs.
    public var description: String {
        detail.isEmpty ? "\(code.rawValue): \(message)" : "\(code.rawValue): \(message): \(detail)"
    }

    /// Equal for a caller: `detail` does not count.
    public static func == (left: IssuerError, right: IssuerError) -> Bool {
        left.code == right.code && left.message == right.message && left.reason == right.reason
    }

    /// Hashes what ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(message)
        hasher.combine(reason)
    }
}
