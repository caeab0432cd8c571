// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LogTestKit
import Logging
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Synchronization
import Testing

@testable import IdentityGRPC
@testable import NodeAgent

/// What callers of an agent are told, and what the log says of it.
@Suite(.timeLimit(.minutes(2))) struct RefusalTests {
    typealias Delegated = Spire_Api_Agent_Delegatedidentity_V1_DelegatedIdentity

    private static let header: Metadata = [WorkloadHeaderRule.header: "true"]

    private let folder: SocketFolder
    private let answers: ScriptedAnswers
    private let log = LineCollector()

    init() throws {
        folder = try SocketFolder()
        answers = try ScriptedAnswers()
    }

    private var limits: ListenerLimits {
        var limits = ListenerLimits.local
        limits.grace = .zero
        return limits
    }

    private func workloads<R: Sendable>(_ body: @escaping @Sendable (TestClient) async throws -> R) async throws -> R {
        let server = IdentityServer.workloads(
            at: .path(folder.socket, permissions: 0o777), answers: answers, limits: limits, logger: log.logger,
            isServing: { true })
        return try await serving(server) { [path = folder.socket] in try await calling(path, body) }
    }

    private func delegates<R: Sendable>(_ body: @escaping @Sendable (TestClient) async throws -> R) async throws -> R {
        let server = IdentityServer.administration(
            at: .path(folder.socket, permissions: 0o770), answers: answers, limits: limits, logger: log.logger,
            isServing: { true })
        return try await serving(server) { [path = folder.socket] in try await calling(path, body) }
    }

    private var refusals: [LineCollector.Line] { log.lines.filter { $0.message == "call refused" } }

    /// Exactly one line for one refusal.
    private func expectLine(
        _ method: String, _ code: String, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let lines = refusals.filter { $0.fields["method"] == method && $0.fields["status_message"] == message }
        #expect(lines.count == 1, sourceLocation: sourceLocation)
        let line = try #require(lines.first, sourceLocation: sourceLocation).fields
        #expect(line["status_code"] == code, sourceLocation: sourceLocation)
        #expect(line["request_id"]?.count == 36, sourceLocation: sourceLocation)
        #expect(line["pid"] == "\(getpid())", sourceLocation: sourceLocation)
        #expect(line["uid"] == "\(geteuid())", sourceLocation: sourceLocation)
    }

    // MARK: The public socket

    @Test func whatTheWorkloadAPIRefusesIsWrittenDown() async throws {
        answers.publish(try answers.update("/web"))
        let secret = "eyJhbGciOiJub25lIn0.e30."
        try await workloads { client in
            let api = Workload_SpiffeWorkloadAPI.Client(wrapping: client)
            _ = await failure { _ = try await api.fetchJWTSVID(.with { $0.audience = ["a"] }) }
            _ = await failure { _ = try await api.fetchJWTSVID(.init(), metadata: Self.header) }
            _ = await failure {
                _ = try await api.validateJWTSVID(
                    .with {
                        $0.audience = "a"
                        $0.svid = secret
                    }, metadata: Self.header)
            }
            _ = try await api.fetchJWTSVID(.with { $0.audience = ["a"] }, metadata: Self.header)
        }
        try expectLine("/SpiffeWorkloadAPI/FetchJWTSVID", "InvalidArgument", "security header missing from request")
        try expectLine("/SpiffeWorkloadAPI/FetchJWTSVID", "InvalidArgument", "audience must be specified")
        try expectLine("/SpiffeWorkloadAPI/ValidateJWTSVID", "InvalidArgument", "token signature is invalid")
        #expect(refusals.count == 3)
        #expect(Set(refusals.map { $0.fields["request_id"] }).count == 3)
        #expect(log.lines.allSatisfy { line in line.fields.values.allSatisfy { !$0.contains(secret) } })
    }

    @Test func aStreamThatEndsIsWrittenDown() async throws {
        answers.publish(try answers.update("/web"))
        let error = try await workloads { [answers] client in
            await failure {
                try await Workload_SpiffeWorkloadAPI.Client(wrapping: client).fetchX509SVID(
                    .init(), metadata: Self.header
                ) { response in
                    for try await _ in response.messages { answers.deny(.noIdentity) }
                }
            }
        }
        #expect(error?.code == .permissionDenied)
        try expectLine("/SpiffeWorkloadAPI/FetchX509SVID", "PermissionDenied", "no identity issued")
    }

    @Test func whoGoesIsNotRefused() async throws {
        answers.publish(try answers.update("/web"))
        try await workloads { [answers] client in
            try await Workload_SpiffeWorkloadAPI.Client(wrapping: client).fetchX509SVID(.init(), metadata: Self.header)
            {
                for try await _ in $0.messages { return }
            }
            for await _ in answers.departures { return }
        }
        #expect(refusals.isEmpty)
    }

    /// Each with a message that is none, as many methods as there are ways to read one.
    static let unreadable = [
        "/SpiffeWorkloadAPI/FetchX509SVID", "/SpiffeWorkloadAPI/FetchJWTSVID", "/SpiffeWorkloadAPI/ValidateJWTSVID",
        "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets",
        "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets", "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ]

    @Test func nobodyIsToldInWhatAMessageIsKept() async throws {
        answers.publish(try answers.update("/web"))
        try await workloads { client in
            for method in Self.unreadable {
                let error = await failure { try await client.send([0xff, 0xff], to: method, Self.header) }
                #expect(error?.code == .invalidArgument, "\(method)")
                #expect(error?.message == "malformed request", "\(method)")
            }
        }
        for method in Self.unreadable { try expectLine(method, "InvalidArgument", "malformed request") }
        // The operator reads what it was.
        #expect(refusals.allSatisfy { $0.fields["error"]?.contains("deserialize") == true })
    }

    @Test func unknownSecretsAreWrittenDown() async throws {
        answers.publish(try answers.update("/web"))
        let long = String(repeating: "x", count: 100_000)
        try await workloads { client in
            let api = Envoy_Service_Secret_V3_SecretDiscoveryService.Client(wrapping: client)
            let error = await failure { _ = try await api.fetchSecrets(.with { $0.resourceNames = ["nothing"] }) }
            #expect(error?.message == #"workload is not authorized for the requested identities ["nothing"]"#)
            // Nobody's words break the connection.
            let cut = await failure { _ = try await api.fetchSecrets(.with { $0.resourceNames = [long] }) }
            #expect(cut?.code == .invalidArgument)
            #expect(cut?.message.utf8.count == CallRefusal.longestMessage)
        }
        try expectLine(
            "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets", "InvalidArgument",
            #"workload is not authorized for the requested identities ["nothing"]"#)
        #expect(refusals.count == 2)
    }

    @Test func whyACallerIsNotKnownIsWrittenDown() async throws {
        let server = IdentityServer(
            at: .path(folder.socket, permissions: 0o777), services: [WorkloadAPIService(answers)],
            interceptors: [
                .apply(RefusalInterceptor(logger: log.logger, caller: WorkloadCaller.logged), to: .all)
            ], limits: limits, logger: log.logger,
            // As of a process in another pid namespace.
            identify: { WorkloadCaller.identify(PeerCredentials(pid: 0, uid: $0.uid, gid: $0.gid)) })
        let error = try await serving(server) { [path = folder.socket] in
            try await calling(path) { client in
                await failure {
                    try await client.send([], to: "/SpiffeWorkloadAPI/FetchX509SVID", Self.header)
                }
            }
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message == "workload attestation failed")
        let line = try #require(refusals.first)
        #expect(line.level == .warning)
        #expect(line.fields["caller_fault"] == PeerFault.noProcess.description)
        #expect(line.fields["uid"] == "\(geteuid())")
    }

    // MARK: The admin socket

    @Test func whatDelegatesAreRefusedIsWrittenDown() async throws {
        let method = "/spire.api.agent.delegatedidentity.v1.DelegatedIdentity/SubscribeToX509SVIDs"
        try await delegates { [answers] client in
            let api = Delegated.Client(wrapping: client)
            _ = await failure { try await api.subscribeToX509SVIDs(.init()) { for try await _ in $0.messages {} } }
            _ = await failure {
                try await api.subscribeToX509SVIDs(.with { $0.selectors = [.init()] }) {
                    for try await _ in $0.messages {}
                }
            }
            let error = await failure { try await client.send([0xff], to: method) }
            #expect(error?.message == "malformed request")
            answers.denyDelegates(.notADelegate)
            _ = await failure {
                try await api.subscribeToX509SVIDs(.with { $0.pid = 7 }) { for try await _ in $0.messages {} }
            }
        }
        try expectLine(method, "InvalidArgument", "must provide either selectors or a pid, but not both")
        try expectLine(method, "InvalidArgument", "malformed request")
        try expectLine(method, "PermissionDenied", "caller not configured as an authorized delegate")
        #expect(refusals.count == 4)
    }

    // MARK: Errors of our own

    private struct Leak: Error, CustomStringConvertible { let description = "secret of the inside" }

    @Test func whatWasNotForeseenIsToldInOneWordOnly() throws {
        let unforeseen: [any Error] = [
            Leak(), RPCError(code: .unknown, message: "", cause: Leak()),
            RPCError(code: .internalError, message: "secret of the inside"),
        ]
        for error in unforeseen {
            let refusal = CallRefusal(error)
            #expect(refusal.code == .internalError)
            #expect(refusal.message == "internal error")
            #expect(refusal.detail.contains("secret of the inside"))
        }
        #expect(CallRefusal(RPCError(WorkloadDenial.noIdentity)).message == "no identity issued")
        #expect(CallRefusal(RPCError(WorkloadDenial.noIdentity)).detail.isEmpty)
        #expect(CallRefusal(CancellationError()).code == .cancelled)
    }

    // MARK: How many lines

    @Test func whoIsRefusedAllTheTimeDoesNotFillTheLog() async throws {
        let now = Mutex(Authority.now)
        let server = IdentityServer(
            at: .path(folder.socket, permissions: 0o777), services: [HealthService { true }],
            interceptors: [
                .apply(
                    RefusalInterceptor(
                        logger: log.logger, now: { now.withLock { $0 } }, caller: WorkloadCaller.logged), to: .all)
            ], limits: limits, logger: log.logger, identify: WorkloadCaller.identify)
        try await serving(server) { [path = folder.socket, log] in
            try await calling(path) { client in
                let api = Grpc_Health_V1_Health.Client(wrapping: client)
                for _ in 0..<25 { _ = await failure { _ = try await api.check(.with { $0.service = "x" }) } }
                #expect(log.lines.count { $0.message == "call refused" } == 20)
                now.withLock { $0 = Authority.now.advanced(by: 1) }
                let error = await failure { _ = try await api.check(.with { $0.service = "x" }) }
                #expect(error?.message == "unknown service")
            }
        }
        #expect(refusals.last?.fields["left_out"] == "5")
    }

    @Test func whoIsRefusedAllTheTimeHidesNobody() async throws {
        let now = Authority.now
        let uid = Mutex<UInt32?>(1000)
        let interceptor = RefusalInterceptor(logger: log.logger, now: { now }) { _ in
            uid.withLock { LoggedCaller(uid: $0, fields: ["uid": "\($0.map(String.init) ?? "")"]) }
        }
        for _ in 0..<25 { await #expect(throws: RPCError.self) { try await refusedCall(interceptor) } }
        uid.withLock { $0 = 1001 }
        await #expect(throws: RPCError.self) { try await refusedCall(interceptor) }
        #expect(refusals.map { $0.fields["uid"] } == Array(repeating: "1000", count: 20) + ["1001"])
        #expect(refusals.last?.fields["left_out"] == "5")
    }

    /// A call that is refused behind the interceptor.
    private func refusedCall(_ interceptor: RefusalInterceptor) async throws {
        try await withServerContextRPCCancellationHandle { handle in
            let context = ServerContext(
                descriptor: Grpc_Health_V1_Health.Method.Check.descriptor, remotePeer: "", localPeer: "",
                cancellation: handle)
            let messages = RPCAsyncSequence<Int, any Error>(
                wrapping: AsyncThrowingStream<Int, any Error> { $0.finish() })
            _ = try await interceptor.intercept(
                request: StreamingServerRequest(metadata: [:], messages: messages), context: context
            ) { _, _ -> StreamingServerResponse<Int> in throw WorkloadDenial.invalidArgument("no") }
        }
    }

    @Test func whoHasGoneLeavesNoLine() async throws {
        let interceptor = RefusalInterceptor(logger: log.logger, caller: WorkloadCaller.logged)
        await #expect(throws: RPCError.self) { try await refusedCall(interceptor) }
        #expect(refusals.count == 1)
        let gone = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await refusedCall(interceptor)
        }
        await #expect(throws: RPCError.self) { try await gone.value }
        #expect(refusals.count == 1)
    }

    @Test func whatIsAskedForACallHasItsName() async throws {
        let seen = Mutex<[String?]>([])
        let interceptor = RefusalInterceptor(logger: log.logger, caller: WorkloadCaller.logged)
        let server = IdentityServer(
            at: .path(folder.socket, permissions: 0o777),
            services: [
                HealthService {
                    seen.withLock { $0.append(CallID.current) }
                    return true
                }
            ], interceptors: [.apply(interceptor, to: .all)], limits: limits, logger: log.logger,
            identify: WorkloadCaller.identify)
        try await serving(server) { [path = folder.socket] in
            try await calling(path) { client in
                let api = Grpc_Health_V1_Health.Client(wrapping: client)
                _ = try await api.check(.init())
                // The answers of a stream, too.
                try await api.watch(.init()) { for try await _ in $0.messages { return } }
            }
        }
        let names = seen.withLock { $0 }.prefix(2).compactMap { $0 }
        #expect(Set(names).count == 2)
    }
}

extension TestClient {
    /// A call with a message that need not be one.
    fileprivate func send(_ message: [UInt8], to path: String, _ metadata: Metadata = [:]) async throws {
        let parts = path.split(separator: "/").map(String.init)
        var options = CallOptions.defaults
        options.timeout = .seconds(20)
        try await serverStreaming(
            request: ClientRequest(message: message, metadata: metadata),
            descriptor: MethodDescriptor(fullyQualifiedService: parts[0], method: parts[1]), serializer: RawBytes(),
            deserializer: RawBytes(), options: options
        ) { for try await _ in $0.messages {} }
    }
}
