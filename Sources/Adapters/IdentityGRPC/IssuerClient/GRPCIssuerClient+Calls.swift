// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import GRPCCore
internal import Logging
package import NodeAgent
package import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

extension GRPCIssuerClient: IssuerClient {
    package func attest(
        _ data: NodeAttestationData, request: [UInt8],
        answer: @Sendable ([UInt8]) async throws(IssuerClientError) -> [UInt8]
    ) async throws(IssuerClientError) -> IssuedAgentSVID {
        // The call goes its way in a task of its own; challenges come from it, and answers go to it.
        let (challenges, challenge) = AsyncStream<[UInt8]>.makeStream()
        let (answers, reply) = AsyncStream<[UInt8]>.makeStream()
        do {
            return try await withThrowingTaskGroup(of: IssuedAgentSVID.self) { group in
                group.addTask {
                    defer { challenge.finish() }
                    return try await self.attest(data, request: request, answers: answers) { challenge.yield($0) }
                }
                defer { group.cancelAll() }
                for await one in challenges { reply.yield(try await answer(one)) }
                guard let issued = try await group.next() else { throw CancellationError() }
                return issued
            }
        } catch let error as IssuerClientError {
            throw error
        } catch {
            throw IssuerClientError(.cancelled)
        }
    }

    private func attest(
        _ data: NodeAttestationData, request: [UInt8], answers: AsyncStream<[UInt8]>,
        onChallenge: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(IssuerClientError) -> IssuedAgentSVID {
        typealias Message = Spire_Api_Server_Agent_V1_AttestAgentRequest
        return try await call { client, options in
            try await Spire_Api_Server_Agent_V1_Agent.Client(wrapping: client).attestAgent(
                options: options,
                requestProducer: { writer in
                    try await writer.write(
                        .with {
                            $0.params.data.type = data.type
                            $0.params.data.payload = Data(data.payload)
                            $0.params.params.csr = Data(request)
                        })
                    for await bytes in answers { try await writer.write(.with { $0.challengeResponse = Data(bytes) }) }
                },
                onResponse: { response in
                    for try await message in response.messages {
                        switch message.step {
                        case .challenge(let challenge): onChallenge(Array(challenge))
                        case .result(let result):
                            return IssuedAgentSVID(
                                chain: result.svid.certChain.map { Array($0) }, isReattestable: result.reattestable)
                        case nil: throw IssuerClientError(.malformedAnswer, "attestation without a step")
                        }
                    }
                    throw IssuerClientError(.malformedAnswer, "attestation without a result")
                })
        }
    }

    package func renew(request: [UInt8]) async throws(IssuerClientError) -> [[UInt8]] {
        try await call { client, options in
            let message = Spire_Api_Server_Agent_V1_RenewAgentRequest.with { $0.params.csr = Data(request) }
            let answer = try await Spire_Api_Server_Agent_V1_Agent.Client(wrapping: client)
                .renewAgent(message, options: options)
            return answer.svid.certChain.map { Array($0) }
        }
    }

    package func syncEntries(known: [EntryRevision]) async throws(IssuerClientError) -> EntryChanges {
        let (requests, send) = AsyncStream<EntrySyncExchange.Request>.makeStream()
        return try await call { [logger] client, options in
            try await Spire_Api_Server_Entry_V1_Entry.Client(wrapping: client).syncAuthorizedEntries(
                options: options,
                requestProducer: { writer in
                    try await writer.write(EntrySyncExchange.opening)
                    for await request in requests { try await writer.write(request) }
                },
                onResponse: { response in
                    defer { send.finish() }
                    var exchange = EntrySyncExchange(known: known)
                    for try await message in response.messages {
                        switch try exchange.receive(message) {
                        case .wait: continue
                        case .ask(let request): send.yield(request)
                        case .finish(let changes):
                            for (id, fault) in exchange.unreadable {
                                logger.warning(
                                    "an entry can't be read", metadata: ["entry": "\(id)", "error": "\(fault)"])
                            }
                            return changes
                        }
                    }
                    throw IssuerClientError(.malformedAnswer, "entries end before the last")
                })
        }
    }

    package func newX509SVIDs(_ requests: [X509SVIDRequest]) async throws(IssuerClientError) -> [X509SVIDAnswer] {
        try await call { client, options in
            let message = Spire_Api_Server_Svid_V1_BatchNewX509SVIDRequest.with {
                $0.params = requests.map { request in
                    .with {
                        $0.entryID = request.entryID
                        $0.csr = Data(request.request)
                    }
                }
            }
            let answer = try await Spire_Api_Server_Svid_V1_SVID.Client(wrapping: client)
                .batchNewX509SVID(message, options: options)
            guard answer.results.count == requests.count else {
                throw IssuerClientError(.malformedAnswer, "not one result for each request")
            }
            // A batch that went well may hold items that did not. Facts (SPIFFE) 24.30.
            return answer.results.map { result in
                result.status.code == 0
                    ? .issued(result.svid.certChain.map { Array($0) }) : .refused(IssuerClientError(result.status))
            }
        }
    }

    package func newJWTSVID(
        entryID: String, audience: [String]
    ) async throws(IssuerClientError) -> IssuedJWTSVID {
        try await call { client, options in
            let message = Spire_Api_Server_Svid_V1_NewJWTSVIDRequest.with {
                $0.entryID = entryID
                $0.audience = audience
            }
            let svid = try await Spire_Api_Server_Svid_V1_SVID.Client(wrapping: client)
                .newJWTSVID(message, options: options).svid
            guard !svid.token.isEmpty, let issuedAt = CertificateTime(seconds: svid.issuedAt),
                let expiresAt = CertificateTime(seconds: svid.expiresAt), issuedAt < expiresAt
            else { throw IssuerClientError(.malformedAnswer, "token without times") }
            return IssuedJWTSVID(token: svid.token, issuedAt: issuedAt, expiresAt: expiresAt)
        }
    }

    package func bundle() async throws(IssuerClientError) -> TrustBundle {
        let ask: @Sendable (IssuerConnection.Client, CallOptions) async throws -> TrustBundle = {
            [trustDomain] client, options in
            let message = try await Spire_Api_Server_Bundle_V1_Bundle.Client(wrapping: client)
                .getBundle(Spire_Api_Server_Bundle_V1_GetBundleRequest(), options: options)
            return try Self.bundle(message, of: trustDomain)
        }
        do throws(IssuerClientError) {
            return try await call(ask)
        } catch {
            // Whose own authority was revoked is let in no more, and has to hear just that. Anybody may ask for the bundle.
            guard error.code == .denied || error.code == .unavailable || error.code == .deadline else { throw error }
            guard let bundle = try? await callAsStranger(ask) else { throw error }
            return bundle
        }
    }

    package func federatedBundle(of trustDomain: TrustDomain) async throws(IssuerClientError) -> TrustBundle? {
        do throws(IssuerClientError) {
            return try await call { client, options in
                let message = Spire_Api_Server_Bundle_V1_GetFederatedBundleRequest.with {
                    $0.trustDomain = trustDomain.name
                }
                let answer = try await Spire_Api_Server_Bundle_V1_Bundle.Client(wrapping: client)
                    .getFederatedBundle(message, options: options)
                return try Self.bundle(answer, of: trustDomain)
            }
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    package func postStatus(agentVersion: String) async throws(IssuerClientError) {
        try await call { client, options in
            let message = Spire_Api_Server_Agent_V1_PostStatusRequest.with { $0.agentVersion = agentVersion }
            _ = try await Spire_Api_Server_Agent_V1_Agent.Client(wrapping: client)
                .postStatus(message, options: options)
        }
    }

    private static func bundle(
        _ message: Spire_Api_Types_Bundle, of trustDomain: TrustDomain
    ) throws(IssuerClientError) -> TrustBundle {
        let bundle: TrustBundle
        do throws(MessageFault) {
            bundle = try TrustBundle(message)
        } catch {
            throw IssuerClientError(.malformedAnswer, "bundle: \(error)")
        }
        guard bundle.trustDomain == trustDomain else {
            throw IssuerClientError(.malformedAnswer, "bundle of \(bundle.trustDomain)")
        }
        return bundle
    }
}
