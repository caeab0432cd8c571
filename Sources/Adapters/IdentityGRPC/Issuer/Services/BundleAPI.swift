// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIFFE
internal import SPIREAPI

/// `spire.api.server.bundle.v1.Bundle`. Facts (SPIFFE) 15.4.
struct BundleAPI: Spire_Api_Server_Bundle_V1_Bundle.SimpleServiceProtocol {
    let bundles: BundleService
    let federation: FederationService
    let limiter: RateLimiter

    // MARK: The own bundle

    func getBundle(
        request: Spire_Api_Server_Bundle_V1_GetBundleRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Bundle {
        Spire_Api_Types_Bundle(bundles.bundle, mask: request.hasOutputMask ? request.outputMask : nil)
    }

    func appendBundle(
        request: Spire_Api_Server_Bundle_V1_AppendBundleRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Bundle {
        let call = try IssuerCall.of(context)
        call.note(.trustDomain, bundles.bundle.trustDomain.name)
        guard request.witAuthorities.isEmpty else { throw IssuerError.withoutWIT }
        guard !request.x509Authorities.isEmpty || !request.jwtAuthorities.isEmpty else {
            throw IssuerError(.invalidArgument, "no authorities to append")
        }
        let certificates = try request.x509Authorities.map { (wire) throws(IssuerError) in try X509Certificate(wire) }
        let keys = try request.jwtAuthorities.map { (wire) throws(IssuerError) in try TokenAuthority(wire) }
        call.note(
            .authorityID,
            (certificates.map { DomainBundle.authorityID(of: $0) } + keys.map(\.keyID)).joined(separator: ","))
        let bundle = try await bundles.append(x509Authorities: certificates, jwtAuthorities: keys)
        return Spire_Api_Types_Bundle(bundle, mask: request.hasOutputMask ? request.outputMask : nil)
    }

    func publishJWTAuthority(
        request: Spire_Api_Server_Bundle_V1_PublishJWTAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Bundle_V1_PublishJWTAuthorityResponse {
        let call = try IssuerCall.of(context)
        try await limiter.take(from: .keyPublishing, for: call.caller, deadline: call.deadline)
        guard request.hasJwtAuthority else { throw IssuerError(.invalidArgument, "missing JWT authority") }
        let authority = try TokenAuthority(request.jwtAuthority)
        call.note(.authorityID, authority.keyID)
        let keys = try await bundles.publish(jwtAuthority: authority)
        var response = Spire_Api_Server_Bundle_V1_PublishJWTAuthorityResponse()
        response.jwtAuthorities = keys.map { Spire_Api_Types_JWTKey($0) }
        return response
    }

    func publishWITAuthority(
        request: Spire_Api_Server_Bundle_V1_PublishWITAuthorityRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Bundle_V1_PublishWITAuthorityResponse {
        throw IssuerError.withoutWIT
    }

    // MARK: Bundles of foreign trust domains

    func countBundles(
        request: Spire_Api_Server_Bundle_V1_CountBundlesRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Bundle_V1_CountBundlesResponse {
        var response = Spire_Api_Server_Bundle_V1_CountBundlesResponse()
        // The own bundle counts, as with SPIRE.
        response.count = Int32(clamping: try await federation.bundleCount() + 1)
        return response
    }

    func listFederatedBundles(
        request: Spire_Api_Server_Bundle_V1_ListFederatedBundlesRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Bundle_V1_ListFederatedBundlesResponse {
        let mask = request.hasOutputMask ? request.outputMask : nil
        let page = try await federation.bundles(pageSize: Int(request.pageSize), pageToken: request.pageToken)
        var response = Spire_Api_Server_Bundle_V1_ListFederatedBundlesResponse()
        response.bundles = page.elements.map { Spire_Api_Types_Bundle($0, mask: mask) }
        response.nextPageToken = page.nextToken
        return response
    }

    func getFederatedBundle(
        request: Spire_Api_Server_Bundle_V1_GetFederatedBundleRequest, context: ServerContext
    ) async throws -> Spire_Api_Types_Bundle {
        try IssuerCall.of(context).note(.trustDomain, request.trustDomain)
        let bundle = try await federation.bundle(of: request.trustDomain)
        return Spire_Api_Types_Bundle(bundle, mask: request.hasOutputMask ? request.outputMask : nil)
    }

    func batchCreateFederatedBundle(
        request: Spire_Api_Server_Bundle_V1_BatchCreateFederatedBundleRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Bundle_V1_BatchCreateFederatedBundleResponse {
        try IssuerCall.check(itemCount: request.bundle.count)
        let results = try await federation.createBundles(request.bundle.map { BundleDraft($0) })
        var response = Spire_Api_Server_Bundle_V1_BatchCreateFederatedBundleResponse()
        response.results = try answer(
            request.bundle, results, request.hasOutputMask ? request.outputMask : nil, context)
        return response
    }

    func batchUpdateFederatedBundle(
        request: Spire_Api_Server_Bundle_V1_BatchUpdateFederatedBundleRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Bundle_V1_BatchUpdateFederatedBundleResponse {
        try IssuerCall.check(itemCount: request.bundle.count)
        let results = try await federation.updateBundles(
            request.bundle.map { BundleDraft($0) }, mask: request.hasInputMask ? BundleMask(request.inputMask) : nil)
        var response = Spire_Api_Server_Bundle_V1_BatchUpdateFederatedBundleResponse()
        response.results = try answer(
            request.bundle, results, request.hasOutputMask ? request.outputMask : nil, context)
        return response
    }

    func batchSetFederatedBundle(
        request: Spire_Api_Server_Bundle_V1_BatchSetFederatedBundleRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Bundle_V1_BatchSetFederatedBundleResponse {
        try IssuerCall.check(itemCount: request.bundle.count)
        let results = try await federation.setBundles(request.bundle.map { BundleDraft($0) })
        var response = Spire_Api_Server_Bundle_V1_BatchSetFederatedBundleResponse()
        response.results = try answer(
            request.bundle, results, request.hasOutputMask ? request.outputMask : nil, context)
        return response
    }

    func batchDeleteFederatedBundle(
        request: Spire_Api_Server_Bundle_V1_BatchDeleteFederatedBundleRequest, context: ServerContext
    ) async throws -> Spire_Api_Server_Bundle_V1_BatchDeleteFederatedBundleResponse {
        let call = try IssuerCall.of(context)
        let mode: BundleDeletion
        switch request.mode {
        case .restrict: mode = .restrict
        case .delete: mode = .deleteEntries
        case .dissociate: mode = .dissociate
        case .UNRECOGNIZED(let number):
            throw IssuerError(.invalidArgument, "unhandled delete mode \"\(number)\"")
        }
        call.note(.deletionMode, "\(request.mode)")
        try IssuerCall.check(itemCount: request.trustDomains.count)
        let results = try await federation.deleteBundles(of: request.trustDomains, mode: mode)
        var response = Spire_Api_Server_Bundle_V1_BatchDeleteFederatedBundleResponse()
        for (name, result) in zip(request.trustDomains, results) {
            var wire = Spire_Api_Server_Bundle_V1_BatchDeleteFederatedBundleResponse.Result()
            wire.status = Spire_Api_Types_Status(result.refusal)
            wire.trustDomain = name
            response.results.append(wire)
            call.note([.trustDomain: name], refusal: result.refusal)
        }
        return response
    }

    private func answer<Wire: WireBundleResult>(
        _ asked: [Spire_Api_Types_Bundle], _ results: [ItemResult<TrustBundle>],
        _ mask: Spire_Api_Types_BundleMask?,
        _ context: ServerContext
    ) throws(IssuerError) -> [Wire] {
        let call = try IssuerCall.of(context)
        return zip(asked, results).map { asked, result in
            var wire = Wire()
            wire.status = Spire_Api_Types_Status(result.refusal)
            if let bundle = result.value { wire.bundle = Spire_Api_Types_Bundle(bundle, mask: mask) }
            call.note([.trustDomain: asked.trustDomain], refusal: result.refusal)
            return wire
        }
    }
}

/// The results of three calls: messages with the same members.
protocol WireBundleResult {
    init()
    var status: Spire_Api_Types_Status { get set }
    var bundle: Spire_Api_Types_Bundle { get set }
}

extension Spire_Api_Server_Bundle_V1_BatchCreateFederatedBundleResponse.Result: WireBundleResult {}
extension Spire_Api_Server_Bundle_V1_BatchUpdateFederatedBundleResponse.Result: WireBundleResult {}
extension Spire_Api_Server_Bundle_V1_BatchSetFederatedBundleResponse.Result: WireBundleResult {}
