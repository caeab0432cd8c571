// SPDX-License-Identifier: Apache-2.0

/// Why an issuer did not do what the agent asked for.
public struct IssuerClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Nobody answers, or the issuer says that it can't now.
        case unavailable
        /// No answer in time.
        case deadline
        /// The issuer limits how often it may be asked, or the request is more than it takes at once.
        case resourceExhausted = "resource-exhausted"
        /// The certificate of whoever answers is no issuer's under the bundle that the agent has.
        case untrustedIssuer = "untrusted-issuer"
        /// The agent's SVID is past its end. Facts (SPIFFE) 12.2.
        case agentExpired = "agent-expired"
        /// The agent's SVID was replaced by a newer one.
        case agentNotActive = "agent-not-active"
        /// The issuer does not know the agent.
        case agentNotAttested = "agent-not-attested"
        /// An operator has banned the agent.
        case agentBanned = "agent-banned"
        /// The SVID can't be renewed, only attested again.
        case agentMustReattest = "agent-must-reattest"
        /// Refused for another reason, or without one.
        case denied
        /// What was asked for does not exist.
        case notFound = "not-found"
        /// The issuer can't read the request or an answer to a challenge.
        case invalidRequest = "invalid-request"
        /// The answer breaks the protocol.
        case malformedAnswer = "malformed-answer"
        /// The agent itself gave up the call.
        case cancelled
        /// Anything else.
        case failed
    }

    /// What is wrong.
    public let code: Code
    /// One clause for the operator, never shown to a workload.
    public let detail: String

    /// Joins a code and a clause.
    public init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Code and clause.
    public var description: String { detail.isEmpty ? code.rawValue : "\(code.rawValue): \(detail)" }

    /// What the agent has to do about its own identity, if anything.
    var demand: IdentityDemand? {
        switch code {
        case .agentExpired, .agentNotActive, .agentNotAttested, .agentMustReattest: .reattest
        case .agentBanned: .leave
        default: nil
        }
    }

    /// Whether the same call may succeed later although nothing else changes.
    var isPassing: Bool {
        switch code {
        // Whoever is not taken for the issuer has not spoken for it.
        case .unavailable, .deadline, .resourceExhausted, .failed, .malformedAnswer, .untrustedIssuer: true
        default: false
        }
    }
}

/// What an issuer's refusal asks of the agent.
enum IdentityDemand: Hashable, Sendable {
    /// To prove anew which node it is, or to stop where it can't.
    case reattest
    /// To forget its SVID and stop.
    case leave
}
