// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// One way for a node to prove what it is, from the issuer's side. Facts (SPIFFE) 12.
public protocol NodeAttestor: Sendable {
    /// The name that agents ask for it by, `x509pop` for instance.
    var type: String { get }
    /// Judges what an agent says first.
    /// - Parameter address: the IP address that the agent calls from; nil where there is none.
    /// - Throws: `invalidArgument` for what can't be read, `permissionDenied` for what proves nothing.
    func attest(_ payload: [UInt8], from address: String?) async throws(IssuerError) -> AttestationStep
}

/// What comes after a message of an agent that is being attested.
public enum AttestationStep: Sendable {
    /// The agent must answer these bytes; the answer goes to the waiting challenge.
    case challenge([UInt8], any AttestationChallenge)
    /// The agent proved it.
    case attested(AttestedNode)
}

/// A question that waits for its answer: a value, so that nothing but the answer decides.
public protocol AttestationChallenge: Sendable {
    /// Judges the answer. Asked once.
    /// - Throws: `invalidArgument` for what can't be read, `permissionDenied` for a wrong answer.
    func answered(_ response: [UInt8]) async throws(IssuerError) -> AttestationStep
}

/// What an attestation found.
public struct AttestedNode: Hashable, Sendable {
    /// Who the agent is; its path lies under `/spire/agent/`.
    public let id: SPIFFEID
    /// What was found of the node.
    public let selectors: Set<Selector>
    /// Whether the same node may attest again. Where it may not, the first who does is believed, and nobody after it.
    public let canReattest: Bool

    /// Collects the findings.
    public init(id: SPIFFEID, selectors: Set<Selector>, canReattest: Bool) {
        self.id = id
        self.selectors = selectors
        self.canReattest = canReattest
    }
}

/// Bounds that all attestors share.
enum AttestationLimits {
    /// Most bytes of a payload or an answer.
    static let messageBytes = 256 << 10
    /// Bytes of a nonce.
    static let nonceBytes = 32
    /// Most rounds of one attestation.
    static let rounds = 8
}
