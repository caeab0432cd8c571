// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import GRPCCore
internal import NodeAgent
internal import SPIFFE
package import SPIREAPI
internal import SwiftProtobuf

/// The Workload API: what `WorkloadIdentities` says, in the messages of the standard. Needs ``WorkloadHeaderRule`` before
/// it. Facts (SPIFFE) 8.
package struct WorkloadAPIService<Answers: WorkloadAnswers>: Workload_SpiffeWorkloadAPI.SimpleServiceProtocol {
    private let answers: Answers

    package init(_ answers: Answers) { self.answers = answers }

    package func fetchX509SVID(
        request: Workload_X509SVIDRequest, response: RPCWriter<Workload_X509SVIDResponse>, context: ServerContext
    ) async throws {
        for try await update in try await answers.x509Updates(for: .peer(try context.workload)) {
            try await response.write(Workload_X509SVIDResponse(update))
        }
    }

    package func fetchX509Bundles(
        request: Workload_X509BundlesRequest, response: RPCWriter<Workload_X509BundlesResponse>,
        context: ServerContext
    ) async throws {
        for try await update in try await answers.x509BundleUpdates(for: .peer(try context.workload)) {
            try await response.write(.with { $0.bundles = Data.byTrustDomain(update.bundles) })
        }
    }

    package func fetchJWTSVID(
        request: Workload_JWTSVIDRequest, context: ServerContext
    ) async throws -> Workload_JWTSVIDResponse {
        let id = request.spiffeID.isEmpty ? nil : request.spiffeID
        let tokens = try await answers.jwtSVIDs(
            for: .peer(try context.workload), audience: request.audience, id: id)
        return .with { response in
            response.svids = tokens.map { token in
                .with {
                    $0.spiffeID = token.id.description
                    $0.svid = token.token
                    $0.hint = token.hint
                }
            }
        }
    }

    package func fetchJWTBundles(
        request: Workload_JWTBundlesRequest, response: RPCWriter<Workload_JWTBundlesResponse>,
        context: ServerContext
    ) async throws {
        for try await update in try await answers.jwtBundleUpdates(for: .peer(try context.workload)) {
            try await response.write(
                .with { message in
                    for set in update.bundles {
                        message.bundles[set.trustDomain.id.description] = Data(set.document)
                    }
                })
        }
    }

    package func validateJWTSVID(
        request: Workload_ValidateJWTSVIDRequest, context: ServerContext
    ) async throws -> Workload_ValidateJWTSVIDResponse {
        let token = try await answers.validate(
            token: request.svid, audience: request.audience, for: .peer(try context.workload))
        return .with {
            $0.spiffeID = token.id.description
            $0.claims = .init(token.claims)
        }
    }

    package func fetchWITSVID(
        request: Workload_WITSVIDRequest, response: RPCWriter<Workload_WITSVIDResponse>, context: ServerContext
    ) async throws { throw Self.noWIT }

    package func fetchWITBundles(
        request: Workload_WITBundlesRequest, response: RPCWriter<Workload_WITBundlesResponse>,
        context: ServerContext
    ) async throws { throw Self.noWIT }

    private static var noWIT: RPCError { RPCError(code: .unimplemented, message: "WIT-SVIDs are not served") }
}

extension Workload_X509SVIDResponse {
    /// The full state of a workload.
    init(_ update: X509Update) {
        self.init()
        let bundle = Data.joining(update.bundle.authorities)
        svids = update.svids.map { svid in
            .with {
                $0.spiffeID = svid.id.description
                $0.x509Svid = Data.joining(svid.chain)
                $0.x509SvidKey = Data(svid.key.pkcs8)
                $0.bundle = bundle
                $0.hint = svid.hint
            }
        }
        federatedBundles = Data.byTrustDomain(update.federatedBundles)
    }
}

extension Data {
    /// Certificates in DER, one behind the other.
    static func joining(_ certificates: [X509Certificate]) -> Data {
        Data(CertificateEncoding.concatenatedDER(certificates))
    }

    /// Authorities by the ID of their trust domain.
    static func byTrustDomain(_ bundles: [X509Bundle]) -> [String: Data] {
        var all: [String: Data] = [:]
        for bundle in bundles { all[bundle.trustDomain.id.description] = joining(bundle.authorities) }
        return all
    }
}
