// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore

/// Ends the answer to a call whose caller has gone.
///
/// The library tells a handler by a handle that the call is over, and leaves the rest to it. A stream that waits for the
/// next update would wait on for nobody, and hold what belongs to it; so its task is cancelled here, for every service.
struct HangUpInterceptor: ServerInterceptor {
    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
            StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        var response = try await next(request, context)
        guard case .success(var contents) = response.accepted else { return response }
        let produce = contents.producer
        let cancellation = context.cancellation
        contents.producer = { writer in
            try await withThrowingTaskGroup(of: Metadata?.self) { group in
                group.addTask { try await produce(writer) }
                group.addTask {
                    try await cancellation.cancelled
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let trailing = first else {
                    throw RPCError(code: .cancelled, message: "the caller has gone")
                }
                return trailing
            }
        }
        response.accepted = .success(contents)
        return response
    }
}
