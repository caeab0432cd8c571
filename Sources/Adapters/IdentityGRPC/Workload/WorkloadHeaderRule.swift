// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
internal import NodeAgent
internal import SPIREAPI

/// Refuses calls of the Workload API whose metadata has not exactly one `workload.spiffe.io` with the value `true`.
///
/// A page in a browser, or a proxy that can be made to send requests, can't add the header. Facts (SPIFFE) 8.1, 8.3.
package struct WorkloadHeaderRule: ServerInterceptor {
    /// The header.
    static let header = "workload.spiffe.io"

    package init() {}

    /// The rule for the Workload API, and for no other service of the same server.
    package static var forWorkloadAPI: ConditionalInterceptor<any ServerInterceptor> {
        .apply(WorkloadHeaderRule(), to: .services([Workload_SpiffeWorkloadAPI.descriptor]))
    }

    package func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
            StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        guard Array(request.metadata[stringValues: Self.header]) == ["true"] else {
            throw WorkloadDenial.invalidArgument("security header missing from request")
        }
        return try await next(request, context)
    }
}
