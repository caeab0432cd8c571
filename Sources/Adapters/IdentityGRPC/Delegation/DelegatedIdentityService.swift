// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import GRPCCore
internal import JOSE
internal import KelmarkBytes
internal import NodeAgent
internal import SPIFFE
package import SPIREAPI
internal import SwiftProtobuf

/// SPIRE's Delegated Identity API, for the admin socket: a delegate asks for what other workloads are and trust. Whether
/// it still is a delegate is asked before each answer of a stream. The bundles are all that the agent has, and a workload
/// without an identity is an empty answer, as with SPIRE. Facts (SPIFFE) 21.
package struct DelegatedIdentityService<Answers: WorkloadAnswers>:
    Spire_Api_Agent_Delegatedidentity_V1_DelegatedIdentity.SimpleServiceProtocol
{
    private let answers: Answers

    package init(_ answers: Answers) { self.answers = answers }

    package func subscribeToX509SVIDs(
        request: Spire_Api_Agent_Delegatedidentity_V1_SubscribeToX509SVIDsRequest,
        response: RPCWriter<Spire_Api_Agent_Delegatedidentity_V1_SubscribeToX509SVIDsResponse>, context: ServerContext
    ) async throws {
        let delegate = try context.workload
        try await answers.authorizeDelegate(delegate)
        let workload = try WorkloadReference(selectors: request.selectors, pid: request.pid)
        for try await update in try await answers.x509Updates(for: workload) {
            try await answers.authorizeDelegate(delegate)
            try await response.write(
                .with { message in
                    message.x509Svids = update.svids.map { svid in
                        .with {
                            $0.x509Svid = .init(svid)
                            $0.x509SvidKey = Data(svid.key.pkcs8)
                        }
                    }
                    // As the keys of the bundles are spelled.
                    message.federatesWith = update.federatedBundles.map(\.trustDomain.id.description)
                })
        }
    }

    package func subscribeToX509Bundles(
        request: Spire_Api_Agent_Delegatedidentity_V1_SubscribeToX509BundlesRequest,
        response: RPCWriter<Spire_Api_Agent_Delegatedidentity_V1_SubscribeToX509BundlesResponse>,
        context: ServerContext
    ) async throws {
        let delegate = try context.workload
        try await answers.authorizeDelegate(delegate)
        for try await update in await answers.allX509Bundles() {
            try await answers.authorizeDelegate(delegate)
            try await response.write(.with { $0.caCertificates = Data.byTrustDomain(update.bundles) })
        }
    }

    package func fetchJWTSVIDs(
        request: Spire_Api_Agent_Delegatedidentity_V1_FetchJWTSVIDsRequest, context: ServerContext
    ) async throws -> Spire_Api_Agent_Delegatedidentity_V1_FetchJWTSVIDsResponse {
        try await answers.authorizeDelegate(try context.workload)
        let workload = try WorkloadReference(selectors: request.selectors, pid: request.pid)
        let tokens = try await answers.jwtSVIDs(for: workload, audience: request.audience, id: nil)
        return .with { $0.svids = tokens.map(Spire_Api_Types_JWTSVID.init) }
    }

    package func subscribeToJWTBundles(
        request: Spire_Api_Agent_Delegatedidentity_V1_SubscribeToJWTBundlesRequest,
        response: RPCWriter<Spire_Api_Agent_Delegatedidentity_V1_SubscribeToJWTBundlesResponse>,
        context: ServerContext
    ) async throws {
        let delegate = try context.workload
        try await answers.authorizeDelegate(delegate)
        for try await update in await answers.allJWTBundles() {
            try await answers.authorizeDelegate(delegate)
            try await response.write(
                .with { message in
                    for set in update.bundles {
                        message.bundles[set.trustDomain.id.description] = Data(set.document)
                    }
                })
        }
    }
}

extension WorkloadReference {
    /// Whom a delegate means: either by selectors or by process.
    /// - Throws: ``WorkloadDenial`` for both, neither, or a selector that is none.
    init(selectors: [Spire_Api_Types_Selector], pid: Int32) throws(WorkloadDenial) {
        guard selectors.isEmpty != (pid == 0) else {
            throw .invalidArgument("must provide either selectors or a pid, but not both")
        }
        guard selectors.isEmpty else {
            do {
                self = .selectors(try Set(selectors))
            } catch {
                throw .invalidArgument("invalid selector: \(error.rawValue)")
            }
            return
        }
        guard pid > 0 else { throw .invalidArgument("invalid pid") }
        self = .process(pid)
    }
}
