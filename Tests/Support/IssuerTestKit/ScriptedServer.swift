// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import ListenerTestKit
package import SwiftProtobuf

/// One method of a server that answers what a test says.
package protocol ScriptedMethod: Sendable {
    func register<Transport: ServerTransport>(with router: inout RPCRouter<Transport>)
}

/// A method with one request; its answer may be a stream.
package struct ScriptedCall<Request: Message & Sendable, Response: Message & Sendable>: ScriptedMethod {
    let method: MethodDescriptor
    let answer: @Sendable (Request, Metadata) async throws -> [Response]

    /// A method with one answer.
    package init(
        _ method: MethodDescriptor, _ answer: @escaping @Sendable (Request) async throws -> Response
    ) {
        self.method = method
        self.answer = { request, _ in [try await answer(request)] }
    }

    /// A method that streams, and sees the metadata of the call.
    package init(
        streaming method: MethodDescriptor,
        _ answer: @escaping @Sendable (Request, Metadata) async throws -> [Response]
    ) {
        self.method = method
        self.answer = answer
    }

    package func register<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: method, deserializer: ProtobufDeserializer<Request>(), serializer: ProtobufSerializer<Response>()
        ) { [answer] request, _ in
            let request = try await ServerRequest(stream: request)
            let messages = try await answer(request.message, request.metadata)
            return StreamingServerResponse { writer in
                try await writer.write(contentsOf: messages)
                return [:]
            }
        }
    }
}

/// A server at a Unix socket that answers what a test says.
package enum ScriptedServer {
    private struct Service: RegistrableRPCService {
        let methods: [any ScriptedMethod]

        func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
            for method in methods { method.register(with: &router) }
        }
    }

    /// Serves while `body` runs.
    package static func serving<Result: Sendable>(
        _ methods: [any ScriptedMethod], at path: String, _ body: () async throws -> Result
    ) async throws -> Result {
        try await withGRPCServer(
            transport: TestListener.transport(at: path), services: [Service(methods: methods)]
        ) { server in
            _ = await server.transport.listeningAddress
            return try await body()
        }
    }
}
