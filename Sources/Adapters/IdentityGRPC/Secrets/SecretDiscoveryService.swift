// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
internal import KelmarkConcurrency
package import Logging
internal import NodeAgent
package import SPIFFE
package import SPIREAPI

/// Envoy's secret discovery, version 3, on top of `WorkloadIdentities`. Facts (SPIFFE) 10.
package struct SecretDiscoveryService<Answers: WorkloadAnswers>:
    Envoy_Service_Secret_V3_SecretDiscoveryService.SimpleServiceProtocol
{
    package typealias Request = Envoy_Service_Discovery_V3_DiscoveryRequest
    package typealias Response = Envoy_Service_Discovery_V3_DiscoveryResponse

    private let answers: Answers
    private let names: SecretNames
    private let logger: Logger
    private let now: @Sendable () -> CertificateTime
    private let limit = ExplanationLimit()

    /// - Parameter now: by which lines of the log are counted.
    package init(
        _ answers: Answers, names: SecretNames = SecretNames(), logger: Logger,
        now: @escaping @Sendable () -> CertificateTime = { SystemAgentClock().now() }
    ) {
        self.answers = answers
        self.names = names
        self.logger = logger
        self.now = now
    }

    package func streamSecrets(
        request: RPCAsyncSequence<Request, any Error>, response: RPCWriter<Response>, context: ServerContext
    ) async throws {
        let peer = try context.workload
        let updates = try await answers.x509Updates(for: .peer(peer))
        let session = SecretSession(
            SecretStream(names: names), writer: response, logger: logger, now: now, limit: limit, peer: peer)
        try await withThrowingTaskGroup { group in
            group.addTask {
                for try await one in request { try await session.receive(one) }
            }
            group.addTask {
                for try await state in updates { try await session.update(state) }
            }
            // Either the client is through, or the workload has nothing any more.
            try await group.next()
            group.cancelAll()
        }
    }

    package func fetchSecrets(request: Request, context: ServerContext) async throws -> Response {
        var stream = SecretStream(names: names)
        _ = try stream.receive(request)
        for try await state in try await answers.x509Updates(for: .peer(try context.workload)) {
            stream.update(state)
            if let answer = try stream.next() { return answer }
        }
        throw WorkloadDenial.notServing
    }

    package func deltaSecrets(
        request: RPCAsyncSequence<Envoy_Service_Discovery_V3_DeltaDiscoveryRequest, any Error>,
        response: RPCWriter<Envoy_Service_Discovery_V3_DeltaDiscoveryResponse>, context: ServerContext
    ) async throws {
        throw RPCError(code: .unimplemented, message: "secrets are not served incrementally")
    }
}

/// Where requests and changes of one stream meet. Answers go out one after the other; whatever comes while one is being
/// written is answered together.
private actor SecretSession {
    private var stream: SecretStream
    private let writer: RPCWriter<SecretStream.Response>
    private let logger: Logger
    private let now: @Sendable () -> CertificateTime
    private let limit: ExplanationLimit
    private let peer: WorkloadPeer
    private var isWriting = false

    init(
        _ stream: sending SecretStream, writer: RPCWriter<SecretStream.Response>, logger: Logger,
        now: @escaping @Sendable () -> CertificateTime, limit: ExplanationLimit, peer: WorkloadPeer
    ) {
        self.stream = stream
        self.writer = writer
        self.logger = logger
        self.now = now
        self.limit = limit
        self.peer = peer
    }

    func receive(_ request: SecretStream.Request) async throws {
        if case .refused(let reason) = try stream.receive(request) {
            logger.ofCall.log(
                level: .warning, "a proxy refuses secrets", within: limit, at: now(), of: peer.uid
            ) {
                // The proxy's own words, of which nobody knows how many there are.
                [
                    "pid": "\(peer.pid)", "names": "\(request.resourceNames.prefix(8).map { $0.prefix(256) })",
                    "reason": "\(reason.prefix(512))",
                ]
            }
        }
        try await write()
    }

    func update(_ state: X509Update) async throws {
        stream.update(state)
        try await write()
    }

    private func write() async throws {
        guard !isWriting else { return }
        isWriting = true
        defer { isWriting = false }
        while let answer = try stream.next() { try await writer.write(answer) }
    }
}
