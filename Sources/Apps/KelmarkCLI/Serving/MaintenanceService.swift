// SPDX-License-Identifier: Apache-2.0

internal import ServiceLifecycle

/// Work that goes on beside a server until the process is told to stop.
struct MaintenanceService: Service {
    private let work: @Sendable () async -> Void

    init(_ work: @escaping @Sendable () async -> Void) { self.work = work }

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
        // A service that returns would end the others.
        try? await gracefulShutdown()
    }
}
