// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import GRPCNIOTransportHTTP2Posix
import IdentityGRPC
import Logging
import ServiceLifecycle
import Testing

/// A service that tells callers who they are. It has no package, like the Workload API.
struct Probe: RegistrableRPCService {
    static let whoAmI = MethodDescriptor(fullyQualifiedService: "Probe", method: "WhoAmI")
    static let hold = MethodDescriptor(fullyQualifiedService: "Probe", method: "Hold")

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(forMethod: Self.whoAmI, deserializer: RawBytes(), serializer: RawBytes()) {
            request, context in
            // A unary call: its message is read before it is answered.
            let request = try await ServerRequest(stream: request)
            let caller = (context.transportSpecific as? ProbeCaller)?.text ?? "nobody"
            let headers = request.metadata.map(\.key).filter { $0.hasPrefix("x-kelmark") }
            return StreamingServerResponse(
                single: ServerResponse(message: Array("\(caller) \(headers) \(request.message.count)".utf8)))
        }
        router.registerHandler(forMethod: Self.hold, deserializer: RawBytes(), serializer: RawBytes()) { _, _ in
            StreamingServerResponse { writer in
                try await writer.write(Array("held".utf8))
                try await Task.sleep(for: .seconds(3600))
                return [:]
            }
        }
    }
}

/// Who calls, as text.
struct ProbeCaller: ServerContext.TransportSpecific {
    let text: String
}

/// Messages as they are.
struct RawBytes: MessageSerializer, MessageDeserializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }

    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
        bytes.withUnsafeBytes { Array($0) }
    }
}

/// Runs a server, as a program does, for as long as `body` does; then stops it gracefully.
func serving<Result: Sendable>(
    _ server: IdentityServer, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let group = ServiceGroup(services: [server], logger: logger)
    return try await withThrowingTaskGroup(of: Result?.self) { tasks in
        tasks.addTask {
            try await group.run()
            return nil
        }
        tasks.addTask {
            do {
                try await server.ready()
                let result = try await body()
                await group.triggerGracefulShutdown()
                return result
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
        }
        var result: Result?
        for try await one in tasks where one != nil { result = one }
        return try #require(result)
    }
}

/// A client of a Unix socket.
func calling<Result: Sendable>(
    _ path: String, _ body: @Sendable (GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Result
) async throws -> Result {
    try await withGRPCClient(
        transport: .http2NIOPosix(target: .unixDomainSocket(path: path), transportSecurity: .plaintext),
        handleClient: body)
}

extension GRPCClient {
    /// One raw call.
    func whoAmI(
        _ message: [UInt8] = [], metadata: Metadata = [:], timeout: Duration = .seconds(20),
        waitsForConnection: Bool = false
    ) async throws -> String {
        var options = CallOptions.defaults
        options.timeout = timeout
        options.waitForReady = waitsForConnection
        return try await unary(
            request: ClientRequest(message: message, metadata: metadata), descriptor: Probe.whoAmI,
            serializer: RawBytes(), deserializer: RawBytes(), options: options
        ) { String(decoding: try $0.message, as: UTF8.self) }
    }

    /// Opens a call that the server never ends, and runs `body` while it is open.
    func holding<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await serverStreaming(
            request: ClientRequest(message: []), descriptor: Probe.hold, serializer: RawBytes(),
            deserializer: RawBytes(), options: .defaults
        ) { response in
            for try await _ in response.messages { return try await body() }
            throw CancellationError()
        }
    }
}
