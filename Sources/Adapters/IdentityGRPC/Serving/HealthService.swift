// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
package import SPIREAPI
internal import SwiftProtobuf

/// `grpc.health.v1`: one status for the server as a whole, under the empty name. Facts (SPIFFE) 19.3.
package struct HealthService: Grpc_Health_V1_Health.SimpleServiceProtocol {
    private let isServing: @Sendable () async -> Bool
    private let interval: Duration
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - interval: how often those who watch are told at most.
    ///   - isServing: whether callers should come.
    package init(
        interval: Duration = .seconds(1), clock: any Clock<Duration> = .continuous,
        isServing: @escaping @Sendable () async -> Bool
    ) {
        self.interval = interval
        self.clock = clock
        self.isServing = isServing
    }

    private func status() async -> Grpc_Health_V1_HealthCheckResponse {
        let isServing = await isServing()
        return .with { $0.status = isServing ? .serving : .notServing }
    }

    package func check(
        request: Grpc_Health_V1_HealthCheckRequest, context: ServerContext
    ) async throws -> Grpc_Health_V1_HealthCheckResponse {
        guard request.service.isEmpty else { throw RPCError(code: .notFound, message: "unknown service") }
        return await status()
    }

    package func list(
        request: Grpc_Health_V1_HealthListRequest, context: ServerContext
    ) async throws -> Grpc_Health_V1_HealthListResponse {
        let status = await status()
        return .with { $0.statuses[""] = status }
    }

    package func watch(
        request: Grpc_Health_V1_HealthCheckRequest, response: RPCWriter<Grpc_Health_V1_HealthCheckResponse>,
        context: ServerContext
    ) async throws {
        // Who asks for a name that is not there is told so, and waits for it in vain: such is the protocol.
        guard request.service.isEmpty else {
            try await response.write(.with { $0.status = .serviceUnknown })
            while true { try await clock.sleep(for: .seconds(3600)) }
        }
        var last: Grpc_Health_V1_HealthCheckResponse?
        while true {
            let status = await status()
            if status != last { try await response.write(status) }
            last = status
            try await clock.sleep(for: interval)
        }
    }
}
