// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

/// `spire.api.server.agent.v1.Agent`. Facts (SPIFFE) 12, 15.4.
struct AgentAPI: Spire_Api_Server_Agent_V1_Agent.SimpleServiceProtocol {
    /// How long an attestation may take: anybody may begin one.
    static let longestAttestation = Duration.seconds(60)

    let agents: AgentService
    let clock: any IssuerClock

    func countAgents(
        request: Spire_Api_Server_Agent_V1_CountAgentsRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Agent_V1_CountAgentsResponse {
        let filter = request.hasFilter ? try AgentFilter(request.filter) : AgentFilter()
        var response = Spire_Api_Server_Agent_V1_CountAgentsResponse()
        response.count = Int32(clamping: try await agents.count(filter))
        return response
    }

    func listAgents(
        request: Spire_Api_Server_Agent_V1_ListAgentsRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Agent_V1_ListAgentsResponse {
        let filter = request.hasFilter ? try AgentFilter(request.filter) : AgentFilter()
        let mask = request.hasOutputMask ? AgentMask(request.outputMask) : .all
        let page = try await agents.list(filter, pageSize: Int(request.pageSize), pageToken: request.pageToken)
        var response = Spire_Api_Server_Agent_V1_ListAgentsResponse()
        response.agents = page.elements.map { Spire_Api_Types_Agent($0, mask) }
        response.nextPageToken = page.nextToken
        return response
    }

    func getAgent(
        request: Spire_Api_Server_Agent_V1_GetAgentRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Agent {
        let id = request.hasID ? IDDraft(request.id) : nil
        try note(id, context)
        let agent = try await agents.agent(id)
        return Spire_Api_Types_Agent(agent, request.hasOutputMask ? AgentMask(request.outputMask) : .all)
    }

    func deleteAgent(
        request: Spire_Api_Server_Agent_V1_DeleteAgentRequest, context: ServerContext
    ) async throws -> Google_Protobuf_Empty {
        let id = request.hasID ? IDDraft(request.id) : nil
        try note(id, context)
        try await agents.delete(id)
        return Google_Protobuf_Empty()
    }

    func banAgent(
        request: Spire_Api_Server_Agent_V1_BanAgentRequest, context: ServerContext
    ) async throws -> Google_Protobuf_Empty {
        let id = request.hasID ? IDDraft(request.id) : nil
        try note(id, context)
        try await agents.ban(id)
        return Google_Protobuf_Empty()
    }

    func createJoinToken(
        request: Spire_Api_Server_Agent_V1_CreateJoinTokenRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_JoinToken {
        let call = try IssuerCall.of(context)
        let id = request.hasAgentID ? IDDraft(request.agentID) : nil
        // The token itself is a secret until it is used.
        call.note(.ttl, String(request.ttl))
        if let id { call.note(.spiffeID, id.description) }
        let token = try await agents.createJoinToken(ttl: request.ttl, value: request.token, agentID: id)
        var response = Spire_Api_Types_JoinToken()
        response.value = token.value
        response.expiresAt = token.expiresAt
        return response
    }

    // MARK: Calls of agents

    func attestAgent(
        request: RPCAsyncSequence<Spire_Api_Server_Agent_V1_AttestAgentRequest, any Error>,
        response: RPCWriter<Spire_Api_Server_Agent_V1_AttestAgentResponse>, context: ServerContext
    ) async throws {
        let call = try IssuerCall.of(context)
        try await clock.limited(Self.longestAttestation) {
            var session = agents.attestation(for: call.caller, callID: call.requestID, deadline: call.deadline)
            for try await message in request {
                let message = try AttestationMessage(message)
                if case .parameters(let type, _, let request) = message {
                    call.note(.attestationType, type)
                    call.note(.csrDigest, AuditDigest.text(of: request))
                }
                let reply = try await session.receive(message)
                if case .result(let svid, _) = reply {
                    Self.note(svid, call)
                    try await call.conclude()
                }
                try await response.write(Spire_Api_Server_Agent_V1_AttestAgentResponse(reply))
                if session.isFinished { return }
            }
            throw IssuerError(.invalidArgument, "attestation ended before its result")
        }
    }

    func renewAgent(
        request: Spire_Api_Server_Agent_V1_RenewAgentRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Agent_V1_RenewAgentResponse {
        let call = try IssuerCall.of(context)
        guard request.hasParams else { throw IssuerError(.invalidArgument, "params cannot be nil") }
        let request = Array(request.params.csr)
        call.note(.csrDigest, AuditDigest.text(of: request))
        let svid = try await agents.renew(
            call.caller, request: request, callID: call.requestID, deadline: call.deadline)
        Self.note(svid, call)
        var response = Spire_Api_Server_Agent_V1_RenewAgentResponse()
        response.svid = Spire_Api_Types_X509SVID(svid)
        return response
    }

    func postStatus(
        request: Spire_Api_Server_Agent_V1_PostStatusRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Agent_V1_PostStatusResponse {
        let call = try IssuerCall.of(context)
        call.note(.version, request.agentVersion)
        try await agents.postStatus(call.caller, version: request.agentVersion, deadline: call.deadline)
        return Spire_Api_Server_Agent_V1_PostStatusResponse()
    }

    private func note(_ id: IDDraft?, _ context: ServerContext) throws(IssuerError) {
        guard let id else { return }
        try IssuerCall.of(context).note(.agentID, id.description)
    }

    private static func note(_ svid: AgentSVID, _ call: IssuerCall) {
        call.note(.agentID, svid.id.description)
        call.note(.serialNumber, svid.serialNumber)
        call.note(.expiresAt, String(svid.expiresAt.seconds))
    }
}
