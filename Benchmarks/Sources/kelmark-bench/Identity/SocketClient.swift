// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// One connection to a Unix socket of an agent or an issuer, over which messages go as bytes.
struct SocketClient: Sendable {
    /// What is called.
    enum Method: Sendable {
        case health, fetchX509SVID, fetchJWTSVID, createEntries

        fileprivate var descriptor: MethodDescriptor {
            switch self {
            case .health: MethodDescriptor(fullyQualifiedService: "grpc.health.v1.Health", method: "Check")
            case .fetchX509SVID: MethodDescriptor(fullyQualifiedService: "SpiffeWorkloadAPI", method: "FetchX509SVID")
            case .fetchJWTSVID: MethodDescriptor(fullyQualifiedService: "SpiffeWorkloadAPI", method: "FetchJWTSVID")
            case .createEntries:
                MethodDescriptor(fullyQualifiedService: "spire.api.server.entry.v1.Entry", method: "BatchCreateEntry")
            }
        }
    }

    private let client: GRPCClient<HTTP2ClientTransport.Posix>

    /// Does something with a connection.
    static func connected<Result: Sendable>(
        to path: String, _ body: @Sendable (SocketClient) async throws -> Result
    ) async throws -> Result {
        var config = HTTP2ClientTransport.Posix.Config.defaults
        config.http2.authority = "localhost"
        let transport = try HTTP2ClientTransport.Posix(
            target: .unixDomainSocket(path: path), transportSecurity: .plaintext, config: config)
        return try await withGRPCClient(transport: transport) { try await body(SocketClient(client: $0)) }
    }

    /// The answer to a call; of a stream the first.
    func answer(_ method: Method, _ message: [UInt8] = []) async throws -> [UInt8] {
        let request = ClientRequest(message: message, metadata: ["workload.spiffe.io": "true"])
        guard case .fetchX509SVID = method else {
            return try await client.unary(
                request: request, descriptor: method.descriptor, serializer: Bytes(), deserializer: Bytes(),
                options: Self.options
            ) { response in try response.message }
        }
        return try await client.serverStreaming(
            request: request, descriptor: method.descriptor, serializer: Bytes(), deserializer: Bytes(),
            options: Self.options
        ) { response -> [UInt8] in
            for try await message in response.messages { return message }
            throw FixtureError()
        }
    }

    private static var options: CallOptions {
        var options = CallOptions.defaults
        options.timeout = .seconds(300)
        options.maxResponseMessageBytes = 64 << 20
        return options
    }

    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }

        func deserialize<Buffer: GRPCContiguousBytes>(_ buffer: Buffer) throws -> [UInt8] {
            buffer.withUnsafeBytes { Array($0) }
        }
    }
}
