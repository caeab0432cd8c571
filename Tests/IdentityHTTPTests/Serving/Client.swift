// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle
import WorkloadTestKit

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Does something while a service runs.
func running<S: Service, R: Sendable>(_ service: S, _ body: () async throws -> R) async throws -> R {
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(services: [.init(service: service)], logger: quiet))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do {
            let result = try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
    }
}

/// What a server said.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let text: String
    /// The leaf that the server showed.
    var leaf: [UInt8] = []
}

/// One request, by TLS without any check where `isTLS`.
func ask(
    _ port: Int, _ path: String, method: HTTPMethod = .GET, headers: HTTPHeaders = [:], isTLS: Bool = true,
    maximum: TLSVersion? = nil
) async throws -> Answer {
    let shown = Current<[UInt8]>([])
    let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                if isTLS {
                    var configuration = TLSConfiguration.makeClientConfiguration()
                    configuration.certificateVerification = .noHostnameVerification
                    configuration.maximumTLSVersion = maximum
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(
                            context: NIOSSLContext(configuration: configuration), serverHostname: nil,
                            customVerificationCallback: { presented, promise in
                                shown.value = (try? presented.first?.toDERBytes()) ?? []
                                promise.succeed(.certificateVerified)
                            }))
                }
                try channel.pipeline.syncOperations.addHTTPClientHandlers()
                return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                    wrappingChannelSynchronously: channel)
            }
        }
    return try await connection.executeThenClose { inbound, outbound in
        var all = headers
        all.add(name: "Host", value: "localhost")
        all.add(name: "Connection", value: "close")
        try await outbound.write(contentsOf: [
            .head(HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: all)), .end(nil),
        ])
        var answer = Answer(status: 0, headers: [:], text: "")
        for try await part in inbound {
            switch part {
            case .head(let head):
                answer = Answer(status: Int(head.status.code), headers: head.headers, text: "", leaf: shown.value)
            case .body(let chunk):
                answer = Answer(
                    status: answer.status, headers: answer.headers,
                    text: answer.text + String(buffer: chunk), leaf: answer.leaf)
            case .end: return answer
            }
        }
        return answer
    }
}
