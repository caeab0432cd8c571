// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NodeAgent
import SPIFFE
import WorkloadTestKit

@testable import NodeLocal

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// An HTTP server at a Unix socket or a loopback port that answers what a test says.
struct ScriptedHTTP: Sendable {
    struct Request: Sendable {
        let method: String
        let target: String
        let headers: HTTPHeaders
    }

    enum Reply: Sendable {
        case answer(Int, [UInt8], HTTPHeaders = [:])
        /// A head, the beginning of a body, and nothing more.
        case trickle
        /// Nothing at all.
        case silence
    }

    enum Place: Sendable {
        case socket(String)
        case port
    }

    /// Serves while `body` runs, which is told the port, and gives the requests that came.
    static func serving<R: Sendable>(
        at place: Place, tls: (certificate: X509Certificate, pkcs8: [UInt8])? = nil,
        _ reply: @escaping @Sendable (Request) -> Reply, _ body: (Int) async throws -> R
    ) async throws -> (result: R, requests: [Request]) {
        let requests = Current<[Request]>([])
        let context = try tls.map { tls in
            try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: [.certificate(try NIOSSLCertificate(bytes: tls.certificate.der, format: .der))],
                    privateKey: .privateKey(try NIOSSLPrivateKey(bytes: tls.pkcs8, format: .der))))
        }
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Answerer(requests, reply))
                }
            }
        let server =
            switch place {
            case .socket(let path): try await bootstrap.bind(unixDomainSocketPath: path).get()
            case .port: try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        do {
            let result = try await body(server.localAddress?.port ?? 0)
            try await server.close()
            return (result, requests.value)
        } catch {
            try? await server.close()
            throw error
        }
    }
}

private final class Answerer: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let requests: Current<[ScriptedHTTP.Request]>
    private let reply: @Sendable (ScriptedHTTP.Request) -> ScriptedHTTP.Reply
    private var head: HTTPRequestHead?

    init(
        _ requests: Current<[ScriptedHTTP.Request]>,
        _ reply: @escaping @Sendable (ScriptedHTTP.Request) -> ScriptedHTTP.Reply
    ) {
        self.requests = requests
        self.reply = reply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            let request = ScriptedHTTP.Request(method: head.method.rawValue, target: head.uri, headers: head.headers)
            requests.value.append(request)
            switch reply(request) {
            case .silence: break
            case .trickle:
                write(context, 200, ["Content-Length": "100"], [1])
                context.flush()
            case .answer(let status, let body, var headers):
                if status != 304 { headers.replaceOrAdd(name: "Content-Length", value: "\(body.count)") }
                write(context, status, headers, body)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }

    private func write(_ context: ChannelHandlerContext, _ status: Int, _ headers: HTTPHeaders, _ body: [UInt8]) {
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
    }
}

/// A client of whoever is to be asked, closed behind a test.
@discardableResult
func asking<R: Sendable>(
    clock: any AgentClock = PatientClock(), _ body: (LocalHTTPClient) async throws -> R
) async throws -> R {
    let http = LocalHTTPClient(clock: clock)
    do {
        let result = try await body(http)
        await http.close()
        return result
    } catch {
        await http.close()
        throw error
    }
}
