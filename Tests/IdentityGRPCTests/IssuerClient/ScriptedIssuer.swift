// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import GRPCProtobuf
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Synchronization

@testable import IdentityGRPC

/// An issuer whose answers a test gives. It registers only the calls that agents make.
final class ScriptedIssuer: RegistrableRPCService {
    struct Script {
        var bundle = Spire_Api_Types_Bundle()
        var denial: (any RPCErrorConvertible & Sendable)?
        var results: [Spire_Api_Server_Svid_V1_BatchNewX509SVIDResponse.Result] = []
        var pages: [Spire_Api_Server_Entry_V1_SyncAuthorizedEntriesResponse] = []
        var neverAnswers = false
        /// How many calls are refused as calls are on a connection that ends.
        var refusals = 0
    }

    let script = Mutex(Script())
    let callers = Mutex<[String]>([])

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        typealias Agent = Spire_Api_Server_Agent_V1_Agent.Method
        typealias Bundle = Spire_Api_Server_Bundle_V1_Bundle.Method
        typealias SVID = Spire_Api_Server_Svid_V1_SVID.Method
        typealias Entry = Spire_Api_Server_Entry_V1_Entry.Method
        unary(Bundle.GetBundle.descriptor, &router) {
            (_: Bundle.GetBundle.Input) -> Bundle.GetBundle.Output in self.script.withLock { $0.bundle }
        }
        unary(Bundle.GetFederatedBundle.descriptor, &router) {
            (request: Bundle.GetFederatedBundle.Input) -> Bundle.GetFederatedBundle.Output in
            throw RPCError(code: .notFound, message: "bundle not found")
        }
        unary(Agent.PostStatus.descriptor, &router) {
            (_: Agent.PostStatus.Input) -> Agent.PostStatus.Output in .init()
        }
        unary(SVID.BatchNewX509SVID.descriptor, &router) {
            (_: SVID.BatchNewX509SVID.Input) -> SVID.BatchNewX509SVID.Output in
            .with { $0.results = self.script.withLock { $0.results } }
        }
        unary(SVID.NewJWTSVID.descriptor, &router) {
            (request: SVID.NewJWTSVID.Input) -> SVID.NewJWTSVID.Output in
            .with {
                $0.svid.token = "token for \(request.audience.joined(separator: " "))"
                $0.svid.issuedAt = request.entryID == "timeless" ? 0 : 100
                $0.svid.expiresAt = request.entryID == "timeless" ? 0 : 200
            }
        }
        unary(Agent.RenewAgent.descriptor, &router) {
            (request: Agent.RenewAgent.Input) -> Agent.RenewAgent.Output in
            .with { $0.svid.certChain = [request.params.csr, Data([9])] }
        }
        // Asks for two numbers, and wants them doubled.
        router.registerHandler(
            forMethod: Agent.AttestAgent.descriptor, deserializer: ProtobufDeserializer<Agent.AttestAgent.Input>(),
            serializer: ProtobufSerializer<Agent.AttestAgent.Output>()
        ) { request, _ in
            StreamingServerResponse { writer in
                var messages = request.messages.makeAsyncIterator()
                guard case .params(let params)? = try await messages.next()?.step else {
                    throw RPCError(code: .invalidArgument, message: "missing params")
                }
                for number: UInt8 in [3, 4] {
                    try await writer.write(.with { $0.challenge = Data([number]) })
                    guard case .challengeResponse(let answer)? = try await messages.next()?.step,
                        answer == Data([number * 2])
                    else { throw RPCError(code: .permissionDenied, message: "wrong answer") }
                }
                try await writer.write(
                    .with {
                        $0.result.svid.certChain = [params.params.csr, params.data.payload]
                        $0.result.reattestable = params.data.type == "x509pop"
                    })
                return [:]
            }
        }
        router.registerHandler(
            forMethod: Entry.SyncAuthorizedEntries.descriptor,
            deserializer: ProtobufDeserializer<Entry.SyncAuthorizedEntries.Input>(),
            serializer: ProtobufSerializer<Entry.SyncAuthorizedEntries.Output>()
        ) { request, _ in
            StreamingServerResponse { writer in
                var messages = request.messages.makeAsyncIterator()
                for page in self.script.withLock({ $0.pages }) {
                    _ = try await messages.next()
                    try await writer.write(page)
                }
                return [:]
            }
        }
    }

    private func unary<Input: Message, Output: Message, Transport: ServerTransport>(
        _ method: MethodDescriptor, _ router: inout RPCRouter<Transport>,
        _ answer: @escaping @Sendable (Input) throws -> Output
    ) {
        router.registerHandler(
            forMethod: method, deserializer: ProtobufDeserializer<Input>(), serializer: ProtobufSerializer<Output>()
        ) { request, context in
            let message = try await ServerRequest(stream: request).message
            self.callers.withLock { $0.append((context.transportSpecific as? ProbeCaller)?.text ?? "nobody") }
            if self.script.withLock({ $0.neverAnswers }) { try await Task.sleep(for: .seconds(3600)) }
            let isRefused = self.script.withLock { script in
                script.refusals -= 1
                return script.refusals >= 0
            }
            if isRefused { throw RPCError(code: .unavailable, message: "refused stream") }
            if let denial = self.script.withLock({ $0.denial }) { throw RPCError(denial) }
            return StreamingServerResponse(single: ServerResponse(message: try answer(message)))
        }
    }
}
