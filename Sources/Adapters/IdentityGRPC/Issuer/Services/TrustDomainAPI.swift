// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

/// `spire.api.server.trustdomain.v1.TrustDomain`. Facts (SPIFFE) 7, 17.
struct TrustDomainAPI: Spire_Api_Server_Trustdomain_V1_TrustDomain.SimpleServiceProtocol {
    let federation: FederationService
    let refresh: @Sendable (TrustDomain) async throws -> Void

    func listFederationRelationships(
        request: Spire_Api_Server_Trustdomain_V1_ListFederationRelationshipsRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Trustdomain_V1_ListFederationRelationshipsResponse {
        let mask = request.hasOutputMask ? RelationshipMask(request.outputMask) : .all
        let page = try await federation.relationships(
            pageSize: Int(request.pageSize), pageToken: request.pageToken)
        var response = Spire_Api_Server_Trustdomain_V1_ListFederationRelationshipsResponse()
        for relationship in page.elements {
            response.federationRelationships.append(try await shown(relationship, mask))
        }
        response.nextPageToken = page.nextToken
        return response
    }

    func getFederationRelationship(
        request: Spire_Api_Server_Trustdomain_V1_GetFederationRelationshipRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_FederationRelationship {
        try IssuerCall.of(context).note(.trustDomain, request.trustDomain)
        let mask = request.hasOutputMask ? RelationshipMask(request.outputMask) : .all
        let (relationship, bundle) = try await federation.relationship(with: request.trustDomain)
        return Spire_Api_Types_FederationRelationship(relationship, bundle: bundle, mask)
    }

    func batchCreateFederationRelationship(
        request: Spire_Api_Server_Trustdomain_V1_BatchCreateFederationRelationshipRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Trustdomain_V1_BatchCreateFederationRelationshipResponse {
        try IssuerCall.check(itemCount: request.federationRelationships.count)
        let drafts = request.federationRelationships.map { RelationshipDraft($0) }
        let results = try await federation.createRelationships(drafts)
        var response = Spire_Api_Server_Trustdomain_V1_BatchCreateFederationRelationshipResponse()
        response.results = try await answer(
            drafts, results, request.hasOutputMask ? RelationshipMask(request.outputMask) : .all, context)
        return response
    }

    func batchUpdateFederationRelationship(
        request: Spire_Api_Server_Trustdomain_V1_BatchUpdateFederationRelationshipRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Trustdomain_V1_BatchUpdateFederationRelationshipResponse {
        try IssuerCall.check(itemCount: request.federationRelationships.count)
        let drafts = request.federationRelationships.map { RelationshipDraft($0) }
        let results = try await federation.updateRelationships(
            drafts, mask: request.hasInputMask ? RelationshipMask(request.inputMask) : nil)
        var response = Spire_Api_Server_Trustdomain_V1_BatchUpdateFederationRelationshipResponse()
        response.results = try await answer(
            drafts, results, request.hasOutputMask ? RelationshipMask(request.outputMask) : .all, context)
        return response
    }

    func batchDeleteFederationRelationship(
        request: Spire_Api_Server_Trustdomain_V1_BatchDeleteFederationRelationshipRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Trustdomain_V1_BatchDeleteFederationRelationshipResponse {
        let call = try IssuerCall.of(context)
        try IssuerCall.check(itemCount: request.trustDomains.count)
        let results = try await federation.deleteRelationships(with: request.trustDomains)
        var response = Spire_Api_Server_Trustdomain_V1_BatchDeleteFederationRelationshipResponse()
        for (name, result) in zip(request.trustDomains, results) {
            var wire = Spire_Api_Server_Trustdomain_V1_BatchDeleteFederationRelationshipResponse.Result()
            wire.status = Spire_Api_Types_Status(result.refusal)
            wire.trustDomain = name
            response.results.append(wire)
            call.note([.trustDomain: name], refusal: result.refusal)
        }
        return response
    }

    func refreshBundle(
        request: Spire_Api_Server_Trustdomain_V1_RefreshBundleRequest, context: ServerContext
    ) async throws -> Google_Protobuf_Empty {
        try IssuerCall.of(context).note(.trustDomain, request.trustDomain)
        let (relationship, _) = try await federation.relationship(with: request.trustDomain)
        try await refresh(relationship.trustDomain)
        return Google_Protobuf_Empty()
    }

    private func shown(
        _ relationship: FederationRelationship, _ mask: RelationshipMask
    ) async throws(IssuerError) -> Spire_Api_Types_FederationRelationship {
        var bundle: TrustBundle?
        if mask.contains(.bundle) {
            do throws(IssuerError) {
                bundle = try await federation.bundle(of: relationship.trustDomain.name)
            } catch  where error.code == .notFound {
                // Nothing was fetched yet.
            }
        }
        return Spire_Api_Types_FederationRelationship(relationship, bundle: bundle, mask)
    }

    private func answer<Wire: WireRelationshipResult>(
        _ asked: [RelationshipDraft], _ results: [ItemResult<FederationRelationship>], _ mask: RelationshipMask,
        _ context: ServerContext
    ) async throws(IssuerError) -> [Wire] {
        let call = try IssuerCall.of(context)
        var wires: [Wire] = []
        for (asked, result) in zip(asked, results) {
            var wire = Wire()
            wire.status = Spire_Api_Types_Status(result.refusal)
            if let relationship = result.value {
                wire.federationRelationship = try await shown(relationship, mask)
            }
            call.note(asked.auditFields, refusal: result.refusal)
            wires.append(wire)
        }
        return wires
    }
}

/// The results of two calls: messages with the same members.
protocol WireRelationshipResult {
    init()
    var status: Spire_Api_Types_Status { get set }
    var federationRelationship: Spire_Api_Types_FederationRelationship { get set }
}

extension Spire_Api_Server_Trustdomain_V1_BatchCreateFederationRelationshipResponse.Result: WireRelationshipResult {}
extension Spire_Api_Server_Trustdomain_V1_BatchUpdateFederationRelationshipResponse.Result: WireRelationshipResult {}
