// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIREAPI

/// `spire.api.server.localauthority.v1.LocalAuthority`. Facts (SPIFFE) 13.4.
struct LocalAuthorityAPI: Spire_Api_Server_Localauthority_V1_LocalAuthority.SimpleServiceProtocol {
    let authorities: AuthorityService

    // MARK: X.509

    func getX509AuthorityState(
        request: Spire_Api_Server_Localauthority_V1_GetX509AuthorityStateRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_GetX509AuthorityStateResponse {
        let state = authorities.state.x509
        var response = Spire_Api_Server_Localauthority_V1_GetX509AuthorityStateResponse()
        if let active = state.active { response.active = Spire_Api_Server_Localauthority_V1_AuthorityState(active) }
        if let prepared = state.prepared {
            response.prepared = Spire_Api_Server_Localauthority_V1_AuthorityState(prepared)
        }
        if let old = state.old { response.old = Spire_Api_Server_Localauthority_V1_AuthorityState(old) }
        return response
    }

    func prepareX509Authority(
        request: Spire_Api_Server_Localauthority_V1_PrepareX509AuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_PrepareX509AuthorityResponse {
        let call = try IssuerCall.of(context)
        let entry = try await authorities.prepare(.x509, by: call.requester)
        call.note(.authorityID, entry.authorityID)
        var response = Spire_Api_Server_Localauthority_V1_PrepareX509AuthorityResponse()
        response.preparedAuthority = Spire_Api_Server_Localauthority_V1_AuthorityState(entry)
        return response
    }

    func activateX509Authority(
        request: Spire_Api_Server_Localauthority_V1_ActivateX509AuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_ActivateX509AuthorityResponse {
        let call = try noted(request.authorityID, context)
        var response = Spire_Api_Server_Localauthority_V1_ActivateX509AuthorityResponse()
        response.activatedAuthority = Spire_Api_Server_Localauthority_V1_AuthorityState(
            try await authorities.activate(.x509, request.authorityID, by: call.requester))
        return response
    }

    func taintX509Authority(
        request: Spire_Api_Server_Localauthority_V1_TaintX509AuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_TaintX509AuthorityResponse {
        let call = try noted(request.authorityID, context)
        var response = Spire_Api_Server_Localauthority_V1_TaintX509AuthorityResponse()
        response.taintedAuthority = Spire_Api_Server_Localauthority_V1_AuthorityState(
            try await authorities.taint(.x509, request.authorityID, by: call.requester))
        return response
    }

    func revokeX509Authority(
        request: Spire_Api_Server_Localauthority_V1_RevokeX509AuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_RevokeX509AuthorityResponse {
        let call = try noted(request.authorityID, context)
        var response = Spire_Api_Server_Localauthority_V1_RevokeX509AuthorityResponse()
        response.revokedAuthority = Spire_Api_Server_Localauthority_V1_AuthorityState(
            try await authorities.revoke(.x509, request.authorityID, by: call.requester))
        return response
    }

    // MARK: JWT

    func getJWTAuthorityState(
        request: Spire_Api_Server_Localauthority_V1_GetJWTAuthorityStateRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_GetJWTAuthorityStateResponse {
        let state = authorities.state.jwt
        var response = Spire_Api_Server_Localauthority_V1_GetJWTAuthorityStateResponse()
        if let active = state.active { response.active = Spire_Api_Server_Localauthority_V1_AuthorityState(active) }
        if let prepared = state.prepared {
            response.prepared = Spire_Api_Server_Localauthority_V1_AuthorityState(prepared)
        }
        if let old = state.old { response.old = Spire_Api_Server_Localauthority_V1_AuthorityState(old) }
        return response
    }

    func prepareJWTAuthority(
        request: Spire_Api_Server_Localauthority_V1_PrepareJWTAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_PrepareJWTAuthorityResponse {
        let call = try IssuerCall.of(context)
        let entry = try await authorities.prepare(.jwt, by: call.requester)
        call.note(.authorityID, entry.authorityID)
        var response = Spire_Api_Server_Localauthority_V1_PrepareJWTAuthorityResponse()
        response.preparedAuthority = Spire_Api_Server_Localauthority_V1_AuthorityState(entry)
        return response
    }

    func activateJWTAuthority(
        request: Spire_Api_Server_Localauthority_V1_ActivateJWTAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_ActivateJWTAuthorityResponse {
        let call = try noted(request.authorityID, context)
        var response = Spire_Api_Server_Localauthority_V1_ActivateJWTAuthorityResponse()
        response.activatedAuthority = Spire_Api_Server_Localauthority_V1_AuthorityState(
            try await authorities.activate(.jwt, request.authorityID, by: call.requester))
        return response
    }

    func taintJWTAuthority(
        request: Spire_Api_Server_Localauthority_V1_TaintJWTAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_TaintJWTAuthorityResponse {
        let call = try noted(request.authorityID, context)
        var response = Spire_Api_Server_Localauthority_V1_TaintJWTAuthorityResponse()
        response.taintedAuthority = Spire_Api_Server_Localauthority_V1_AuthorityState(
            try await authorities.taint(.jwt, request.authorityID, by: call.requester))
        return response
    }

    func revokeJWTAuthority(
        request: Spire_Api_Server_Localauthority_V1_RevokeJWTAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_RevokeJWTAuthorityResponse {
        let call = try noted(request.authorityID, context)
        var response = Spire_Api_Server_Localauthority_V1_RevokeJWTAuthorityResponse()
        response.revokedAuthority = Spire_Api_Server_Localauthority_V1_AuthorityState(
            try await authorities.revoke(.jwt, request.authorityID, by: call.requester))
        return response
    }

    // MARK: Authorities above the own ones

    func taintX509UpstreamAuthority(
        request: Spire_Api_Server_Localauthority_V1_TaintX509UpstreamAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_TaintX509UpstreamAuthorityResponse {
        let call = try noted(request.subjectKeyID, context)
        try await authorities.taintUpstream(request.subjectKeyID, by: call.requester)
        var response = Spire_Api_Server_Localauthority_V1_TaintX509UpstreamAuthorityResponse()
        response.upstreamAuthoritySubjectKeyID = request.subjectKeyID
        return response
    }

    func revokeX509UpstreamAuthority(
        request: Spire_Api_Server_Localauthority_V1_RevokeX509UpstreamAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_RevokeX509UpstreamAuthorityResponse {
        let call = try noted(request.subjectKeyID, context)
        try await authorities.revokeUpstream(request.subjectKeyID, by: call.requester)
        var response = Spire_Api_Server_Localauthority_V1_RevokeX509UpstreamAuthorityResponse()
        response.upstreamAuthoritySubjectKeyID = request.subjectKeyID
        return response
    }

    private func noted(_ authorityID: String, _ context: ServerContext) throws(IssuerError) -> IssuerCall {
        let call = try IssuerCall.of(context)
        call.note(.authorityID, authorityID)
        return call
    }
}

// MARK: - WIT

extension LocalAuthorityAPI {
    func getWITAuthorityState(
        request: Spire_Api_Server_Localauthority_V1_GetWITAuthorityStateRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_GetWITAuthorityStateResponse {
        throw IssuerError.withoutWIT
    }

    func prepareWITAuthority(
        request: Spire_Api_Server_Localauthority_V1_PrepareWITAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_PrepareWITAuthorityResponse {
        throw IssuerError.withoutWIT
    }

    func activateWITAuthority(
        request: Spire_Api_Server_Localauthority_V1_ActivateWITAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_ActivateWITAuthorityResponse {
        throw IssuerError.withoutWIT
    }

    func taintWITAuthority(
        request: Spire_Api_Server_Localauthority_V1_TaintWITAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_TaintWITAuthorityResponse {
        throw IssuerError.withoutWIT
    }

    func revokeWITAuthority(
        request: Spire_Api_Server_Localauthority_V1_RevokeWITAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Localauthority_V1_RevokeWITAuthorityResponse {
        throw IssuerError.withoutWIT
    }
}
