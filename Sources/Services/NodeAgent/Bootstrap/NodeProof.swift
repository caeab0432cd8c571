// SPDX-License-Identifier: Apache-2.0

/// Proves to the issuer which node this is. Facts (SPIFFE) 12.
public protocol NodeProof: Sendable {
    /// What is sent first.
    /// - Throws: whatever keeps it from knowing; ``AgentPhase/StopReason`` where it never will, which ends the agent.
    func data() async throws -> NodeAttestationData
    /// The answer to one challenge of the issuer.
    /// - Throws: where it can't be answered; the attestation ends.
    func answer(_ challenge: [UInt8]) async throws -> [UInt8]
    /// The attestation is over, however it ended: what was opened for it is closed.
    func finish() async
}

extension NodeProof {
    /// Most proofs open nothing.
    public func finish() async {}
}

/// Proves it by a token that an operator got from the issuer and that works once.
public struct JoinTokenProof: NodeProof {
    /// The token is for one use: it is never logged.
    private let token: String

    /// Proves it by this token.
    public init(token: String) { self.token = token }

    /// The token's text.
    public func data() -> NodeAttestationData { NodeAttestationData(type: "join_token", payload: Array(token.utf8)) }

    /// A token is never challenged.
    public func answer(_ challenge: [UInt8]) throws -> [UInt8] {
        throw IssuerClientError(.malformedAnswer, "a challenge to a join token")
    }
}
