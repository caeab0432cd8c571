// SPDX-License-Identifier: Apache-2.0

/// A message of an agent that wants to be attested.
public enum AttestationMessage: Hashable, Sendable {
    /// The first: how it wants to be attested, what it says for it, and the PKCS#10 request for its SVID.
    case parameters(type: String, payload: [UInt8], request: [UInt8])
    /// Each later one: its answer to a challenge.
    case response([UInt8])
}

/// An answer to an agent that wants to be attested.
public enum AttestationReply: Hashable, Sendable {
    /// A question; the conversation goes on.
    case challenge([UInt8])
    /// The end: the agent's SVID, and whether it may attest again.
    case result(AgentSVID, canReattest: Bool)
}

/// One conversation of attestation, in the order that the protocol demands. Facts (SPIFFE) 12.1.
///
/// One agent on one stream: nobody else uses it, and it is over after a result or a refusal.
public struct AttestationSession: ~Copyable, Sendable {
    private enum State {
        case new
        case challenged(any AttestationChallenge, type: String, request: [UInt8], rounds: Int)
        case finished
    }

    private var state = State.new
    private let service: AgentService
    private let caller: Caller
    private let callID: String?
    private let deadline: Duration?

    /// Whoever attests has no ID yet.
    private var requester: Requester {
        if case .remote(let address, _) = caller { return Requester(name: "node at \(address)", callID: callID) }
        return Requester(name: "local node", callID: callID)
    }

    init(_ service: AgentService, caller: Caller, callID: String?, deadline: Duration?) {
        self.service = service
        self.caller = caller
        self.callID = callID
        self.deadline = deadline
    }

    /// Whether nothing may be sent any more.
    public var isFinished: Bool {
        if case .finished = state { true } else { false }
    }

    /// Takes a message of the agent.
    /// - Throws: ``IssuerError``; the conversation is over then.
    public mutating func receive(_ message: AttestationMessage) async throws(IssuerError) -> AttestationReply {
        let state = self.state
        // Whatever is thrown below, nothing can be said after it.
        self.state = .finished
        switch (state, message) {
        case (.new, .parameters(let type, let payload, let request)):
            let step = try await service.begin(
                type: type, payload: payload, request: request, caller: caller, deadline: deadline)
            return try await proceed(step, type: type, request: request, rounds: 1)
        case (.new, .response):
            throw IssuerError(.invalidArgument, "send params first")
        case (.challenged(let challenge, let type, let request, let rounds), .response(let response)):
            guard response.count <= AttestationLimits.messageBytes else {
                throw IssuerError(.invalidArgument, "challenge response is too large")
            }
            guard rounds < AttestationLimits.rounds else {
                throw IssuerError(.failedPrecondition, "attestation takes too many rounds")
            }
            let step = try await challenge.answered(response)
            return try await proceed(step, type: type, request: request, rounds: rounds + 1)
        case (.challenged, .parameters):
            throw IssuerError(.invalidArgument, "expected a challenge response")
        case (.finished, _):
            throw IssuerError(.failedPrecondition, "attestation is over")
        }
    }

    private mutating func proceed(
        _ step: AttestationStep, type: String, request: [UInt8], rounds: Int
    ) async throws(IssuerError) -> AttestationReply {
        switch step {
        case .challenge(let bytes, let challenge):
            state = .challenged(challenge, type: type, request: request, rounds: rounds)
            return .challenge(bytes)
        case .attested(let node):
            let svid = try await service.enroll(node, type: type, request: request, for: requester)
            return .result(svid, canReattest: node.canReattest)
        }
    }
}
