// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import GRPCCore
internal import Issuer
internal import SPIFFE
internal import SPIREAPI
internal import X509

/// `spire.api.server.svid.v1.SVID`. Facts (SPIFFE) 15.3, 15.4.
struct SVIDAPI: Spire_Api_Server_Svid_V1_SVID.SimpleServiceProtocol {
    let issuing: IssuingService
    let entries: EntryService
    let limiter: RateLimiter

    func mintX509SVID(
        request: Spire_Api_Server_Svid_V1_MintX509SVIDRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Svid_V1_MintX509SVIDResponse {
        let call = try IssuerCall.of(context)
        guard !request.csr.isEmpty else { throw IssuerError(.invalidArgument, "missing CSR") }
        let csr = Array(request.csr)
        call.note(.csrDigest, AuditDigest.text(of: csr))
        call.note(.ttl, String(request.ttl))
        let svid = try await issuing.mintX509SVID(request: csr, ttl: Int64(request.ttl), for: call.requester)
        Self.fields(of: svid).forEach { call.note($0.key, $0.value) }
        var response = Spire_Api_Server_Svid_V1_MintX509SVIDResponse()
        response.svid = Spire_Api_Types_X509SVID(svid)
        return response
    }

    func mintJWTSVID(
        request: Spire_Api_Server_Svid_V1_MintJWTSVIDRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Svid_V1_MintJWTSVIDResponse {
        let call = try IssuerCall.of(context)
        call.note(.ttl, String(request.ttl))
        call.note(.audience, request.audience.joined(separator: ","))
        guard request.hasID else { throw IssuerError(.invalidArgument, "invalid SPIFFE ID: it is missing") }
        let id = try IDDraft(request.id).member()
        call.note(.spiffeID, id.description)
        let svid = try await issuing.mintJWTSVID(
            id: id, audiences: request.audience, ttl: Int64(request.ttl), for: call.requester)
        call.note(.expiresAt, String(svid.expiresAt.seconds))
        var response = Spire_Api_Server_Svid_V1_MintJWTSVIDResponse()
        response.svid = Spire_Api_Types_JWTSVID(svid)
        return response
    }

    func batchNewX509SVID(
        request: Spire_Api_Server_Svid_V1_BatchNewX509SVIDRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Svid_V1_BatchNewX509SVIDResponse {
        let call = try IssuerCall.of(context)
        let params = request.params
        guard !params.isEmpty else { throw IssuerError(.invalidArgument, "missing parameters") }
        try await limiter.take(params.count, from: .x509Signing, for: call.caller, deadline: call.deadline)
        let known = try await entries.authorizedEntries(Set(params.map(\.entryID)), of: call.agent)
        // Only what is complete is signed; the results stay in the order of the request.
        let refusals = params.map { Self.refusal(of: $0) }
        let orders = zip(params, refusals).filter { $0.1 == nil }.map { params, _ in
            X509SVIDRequest(entry: known[params.entryID], request: Array(params.csr))
        }
        var signed = try await issuing.newX509SVIDs(orders, for: call.requester)[...]
        var response = Spire_Api_Server_Svid_V1_BatchNewX509SVIDResponse()
        for (params, refusal) in zip(params, refusals) {
            let result: Result<IssuedX509SVID, IssuerError> =
                refusal.map { .failure($0) } ?? signed.popFirst()
                ?? .failure(IssuerError(.internal, "SVID was not signed"))
            var fields: [AuditField: String] = [
                .entryID: params.entryID, .csrDigest: AuditDigest.text(of: Array(params.csr)),
            ]
            var wire = Spire_Api_Server_Svid_V1_BatchNewX509SVIDResponse.Result()
            switch result {
            case .success(let svid):
                wire.status = Spire_Api_Types_Status(nil)
                wire.svid = Spire_Api_Types_X509SVID(svid, hint: known[params.entryID]?.hint ?? "")
                fields.merge(Self.fields(of: svid)) { $1 }
                if let revision = known[params.entryID]?.revision { fields[.revision] = String(revision) }
                call.note(fields)
            case .failure(let refusal):
                wire.status = Spire_Api_Types_Status(refusal)
                call.note(fields, refusal: refusal)
            }
            response.results.append(wire)
        }
        return response
    }

    func newJWTSVID(
        request: Spire_Api_Server_Svid_V1_NewJWTSVIDRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Svid_V1_NewJWTSVIDResponse {
        let call = try IssuerCall.of(context)
        call.note(.entryID, request.entryID)
        call.note(.audience, request.audience.joined(separator: ","))
        guard !request.audience.isEmpty else {
            throw IssuerError(.invalidArgument, "at least one audience is required")
        }
        try await limiter.take(from: .jwtSigning, for: call.caller, deadline: call.deadline)
        let entry = try await entries.authorizedEntry(request.entryID, of: call.agent)
        call.note(.spiffeID, entry.spiffeID.description)
        call.note(.revision, String(entry.revision))
        let svid = try await issuing.newJWTSVID(entry: entry, audiences: request.audience, for: call.requester)
        call.note(.expiresAt, String(svid.expiresAt.seconds))
        var response = Spire_Api_Server_Svid_V1_NewJWTSVIDResponse()
        response.svid = Spire_Api_Types_JWTSVID(svid, hint: entry.hint)
        return response
    }

    func newDownstreamX509CA(
        request: Spire_Api_Server_Svid_V1_NewDownstreamX509CARequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Svid_V1_NewDownstreamX509CAResponse {
        let call = try IssuerCall.of(context)
        guard !request.csr.isEmpty else { throw IssuerError(.invalidArgument, "missing CSR") }
        let csr = Array(request.csr)
        call.note(.csrDigest, AuditDigest.text(of: csr))
        try await limiter.take(from: .x509Signing, for: call.caller, deadline: call.deadline)
        let authority = try await issuing.newDownstreamAuthority(
            request: csr, ttl: Int64(request.preferredTtl), for: call.requester)
        if let certificate = authority.chain.first {
            call.note(.expiresAt, String(certificate.notAfter.seconds))
        }
        var response = Spire_Api_Server_Svid_V1_NewDownstreamX509CAResponse()
        response.caCertChain = authority.chain.map { Data($0.der) }
        response.x509Authorities = authority.roots.map { Data($0.der) }
        return response
    }

    // MARK: WIT-SVIDs

    func mintWITSVID(
        request: Spire_Api_Server_Svid_V1_MintWITSVIDRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Svid_V1_MintWITSVIDResponse {
        throw IssuerError.withoutWIT
    }

    func batchNewWITSVID(
        request: Spire_Api_Server_Svid_V1_BatchNewWITSVIDRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Svid_V1_BatchNewWITSVIDResponse {
        throw IssuerError.withoutWIT
    }

    // MARK: Parts

    private static func refusal(of params: Spire_Api_Server_Svid_V1_NewX509SVIDParams) -> IssuerError? {
        if params.entryID.isEmpty { return IssuerError(.invalidArgument, "missing entry ID") }
        if params.csr.isEmpty { return IssuerError(.invalidArgument, "missing CSR") }
        return nil
    }

    private static func fields(of svid: IssuedX509SVID) -> [AuditField: String] {
        [
            .spiffeID: svid.id.description, .expiresAt: String(svid.leaf.notAfter.seconds),
            .serialNumber: SerialNumber.decimal(Array(svid.leaf.certificate.serialNumber.bytes)),
        ]
    }
}

extension IssuerError {
    /// WIT-SVIDs are not issued; SPIRE answers the same where they are off. Facts (SPIFFE) 13.4.
    static let withoutWIT = IssuerError(.unimplemented, "WIT-SVIDs are not supported")
}
