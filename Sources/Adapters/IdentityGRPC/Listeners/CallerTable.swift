// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Synchronization

/// Who is at the other end of a connection.
protocol ConnectionCaller: Sendable {
    /// Who it is as of now; asked for each call, since a connection outlives what its peer once showed.
    /// - Throws: `RPCError` when the peer counts no more.
    func current() async throws -> any ServerContext.TransportSpecific
}

/// A caller who stays who he is.
struct FixedCaller: ConnectionCaller {
    let caller: any ServerContext.TransportSpecific

    func current() -> any ServerContext.TransportSpecific { caller }
}

/// The callers of all live connections of a listener, under names that are random and never leave the process.
///
/// gRPC hands a handler nothing of the connection but the metadata of the call, so the name travels in a header of our
/// own; ``CallerStamp`` removes what a client sent under it. Facts (SPIFFE) 22.2.
final class CallerTable: Sendable {
    /// The header that carries the name, from the connection to the interceptor.
    static let header = "x-kelmark-caller"

    private let callers = Mutex<[String: any ConnectionCaller]>([:])

    func add(_ caller: any ConnectionCaller) -> String {
        var generator = SystemRandomNumberGenerator()
        let name = String(generator.next(), radix: 16) + "-" + String(generator.next(), radix: 16)
        callers.withLock { $0[name] = caller }
        return name
    }

    func remove(_ name: String) { callers.withLock { $0[name] = nil } }

    subscript(_ name: String) -> (any ConnectionCaller)? { callers.withLock { $0[name] } }
}

/// Gives each call the caller of its connection as `ServerContext.transportSpecific`.
struct CallerInterceptor: ServerInterceptor {
    let callers: CallerTable

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
            StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        var request = request
        var context = context
        var names = request.metadata[stringValues: CallerTable.header].makeIterator()
        guard let name = names.next(), names.next() == nil, let caller = callers[name] else {
            // The connection went while the call was on its way.
            throw RPCError(code: .unavailable, message: "the connection is gone")
        }
        request.metadata.removeAllValues(forKey: CallerTable.header)
        context.transportSpecific = try await caller.current()
        return try await next(request, context)
    }
}
