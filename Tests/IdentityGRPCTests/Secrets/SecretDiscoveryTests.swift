// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LogTestKit
import NodeAgent
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC

@Suite(.timeLimit(.minutes(2))) struct SecretDiscoveryTests {
    typealias API = Envoy_Service_Secret_V3_SecretDiscoveryService
    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>
    typealias Request = Envoy_Service_Discovery_V3_DiscoveryRequest

    private let folder: SocketFolder
    private let answers: ScriptedAnswers

    init() throws {
        folder = try SocketFolder()
        answers = try ScriptedAnswers()
    }

    private func client<Result: Sendable>(
        _ body: @escaping @Sendable (API.Client<HTTP2ClientTransport.Posix>) async throws -> Result
    ) async throws -> Result {
        var limits = ListenerLimits.local
        limits.grace = .zero
        let server = IdentityServer.workloads(
            at: .path(folder.socket, permissions: 0o777), answers: answers, limits: limits,
            logger: ScriptedAnswers.silent, isServing: { true })
        return try await serving(server) { [path = folder.socket] in
            try await calling(path) { try await body(API.Client(wrapping: $0)) }
        }
    }

    @Test func secretsAreFetched() async throws {
        answers.publish(try answers.update("/web"))
        let answer = try await client { try await $0.fetchSecrets(.with { $0.resourceNames = ["default", "ROOTCA"] }) }
        #expect(answer.typeURL == SecretSet.typeURL)
        #expect(answer.resources.count == 2)
        #expect(!answer.versionInfo.isEmpty)
        #expect(!answer.nonce.isEmpty)
    }

    @Test func unknownNamesAreRefused() async throws {
        answers.publish(try answers.update("/web"))
        let error = try await client { client in
            await #expect(throws: RPCError.self) {
                _ = try await client.fetchSecrets(.with { $0.resourceNames = ["x"] })
            }
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func deltaIsNotServed() async throws {
        let error = try await client { client in
            await #expect(throws: RPCError.self) {
                try await client.deltaSecrets(requestProducer: { _ in }) { for try await _ in $0.messages {} }
            }
        }
        #expect(error?.code == .unimplemented)
    }

    @Test func aStreamFollowsRequestsAndChanges() async throws {
        answers.publish(try answers.update("/web"))
        let next = try answers.update("/web")
        let versions = try await client { [answers] client in
            let (requests, send) = AsyncStream<Request>.makeStream()
            return try await client.streamSecrets(
                requestProducer: { writer in
                    for await request in requests { try await writer.write(request) }
                },
                onResponse: { response in
                    defer { send.finish() }
                    send.yield(.with { $0.resourceNames = ["default"] })
                    var versions: [String] = []
                    for try await message in response.messages {
                        versions.append("\(message.versionInfo):\(message.resources.count)")
                        switch versions.count {
                        case 1:
                            // Taken, then other names.
                            let known = (message.versionInfo, message.nonce)
                            for names in [["default"], ["default", "ROOTCA"]] {
                                send.yield(
                                    .with {
                                        $0.resourceNames = names
                                        ($0.versionInfo, $0.responseNonce) = known
                                    })
                            }
                        case 2: answers.publish(next)
                        default: return versions
                        }
                    }
                    return versions
                })
        }
        #expect(versions == ["1:1", "2:2", "3:2"])
    }

    @Test func aProxyThatRefusesAllTheTimeDoesNotFillTheLog() async throws {
        answers.publish(try answers.update("/web"))
        let log = LineCollector()
        let server = IdentityServer(
            at: .path(folder.socket, permissions: 0o777),
            services: [SecretDiscoveryService(answers, logger: log.logger, now: { Authority.now })], limits: .local,
            logger: log.logger, identify: WorkloadCaller.identify)
        let answered = try await serving(server) { [path = folder.socket] in
            try await calling(path) { client in
                let (requests, send) = AsyncStream<Request>.makeStream()
                return try await API.Client(wrapping: client).streamSecrets(
                    requestProducer: { writer in for await request in requests { try await writer.write(request) } },
                    onResponse: { response in
                        defer { send.finish() }
                        send.yield(.with { $0.resourceNames = ["default"] })
                        var answered = 0
                        for try await message in response.messages {
                            answered += 1
                            if answered > 1 { break }
                            for _ in 0..<25 {
                                send.yield(
                                    .with {
                                        $0.resourceNames = ["default"]
                                        $0.responseNonce = message.nonce
                                        $0.errorDetail.message = "no"
                                    })
                            }
                            // Answered behind the refusals.
                            send.yield(
                                .with {
                                    $0.resourceNames = ["ROOTCA"]
                                    ($0.versionInfo, $0.responseNonce) = (message.versionInfo, message.nonce)
                                })
                        }
                        return answered
                    })
            }
        }
        #expect(answered == 2)
        #expect(log.lines.count { $0.message == "a proxy refuses secrets" } == 20)
    }

    @Test func aHugeRequestEndsAStreamThatWasAnswered() async throws {
        answers.publish(try answers.update("/web"))
        let error = try await client { client in
            let (requests, send) = AsyncStream<Request>.makeStream()
            return await failure {
                try await client.streamSecrets(
                    requestProducer: { writer in
                        for await request in requests { try await writer.write(request) }
                    },
                    onResponse: { response in
                        defer { send.finish() }
                        send.yield(.with { $0.resourceNames = ["default"] })
                        for try await _ in response.messages {
                            send.yield(.with { $0.resourceNames = [String(repeating: "x", count: 5 << 20)] })
                        }
                    })
            }
        }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func theStreamEndsWithTheLastEntry() async throws {
        answers.publish(try answers.update("/web"))
        let code = try await client { [answers] client in
            let (requests, send) = AsyncStream<Request>.makeStream()
            return try await client.streamSecrets(
                requestProducer: { writer in
                    for await request in requests { try await writer.write(request) }
                },
                onResponse: { response -> RPCError.Code? in
                    defer { send.finish() }
                    send.yield(.with { $0.resourceNames = ["default"] })
                    do {
                        for try await _ in response.messages { answers.deny(.noIdentity) }
                        return nil
                    } catch let error as RPCError {
                        return error.code
                    }
                })
        }
        #expect(code == .permissionDenied)
    }
}
