// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import KERIHTTP
import KERINetwork
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// Counts its callers. `/wait` answers when ``gate`` is open, `/large` with much, `/flood` with events without end.
final class Desk: RequestHandler {
    /// Held by a stream; tells when it is dropped.
    private final class Place: Sendable {
        let gate: Gate
        private let left: @Sendable () -> Void

        init(_ gate: Gate, _ left: @escaping @Sendable () -> Void) {
            self.gate = gate
            self.left = left
        }

        deinit { left() }
    }

    let gate = Gate()
    let arrived = Gate()
    private let state = Mutex((answered: 0, left: 0))

    var answered: Int { state.withLock { $0.answered } }
    /// How many streams were given up.
    var left: Int { state.withLock { $0.left } }

    func respond(to request: ServiceRequest) async -> ServiceResponse {
        state.withLock { $0.answered += 1 }
        switch request.path {
        case "/wait":
            arrived.open()
            await gate.passed()
            return ServiceResponse(contentType: "text/plain", Array("waited".utf8))
        case "/some": return ServiceResponse(contentType: "text/plain", [UInt8](repeating: 65, count: 1 << 18))
        case "/large": return ServiceResponse(contentType: "text/plain", [UInt8](repeating: 65, count: 8 << 20))
        case "/flood", "/quiet":
            let data = String(repeating: "a", count: 65_536)
            let isQuiet = request.path == "/quiet"
            let place = Place(gate) { [self] in state.withLock { $0.left += 1 } }
            arrived.open()
            return ServiceResponse(
                headers: [("Content-Type", "text/event-stream")],
                body: .events(
                    AsyncStream {
                        if isQuiet { await place.gate.passed() }
                        return Task.isCancelled || isQuiet ? nil : ServerSentEvent(data: data)
                    }))
        default:
            return ServiceResponse(
                contentType: "text/plain", Array("\(request.method) \(request.path) \(request.body.count)".utf8))
        }
    }
}

extension ServiceResponse {
    init(headers: [(name: String, value: String)], body: Body) { self.init(status: 200, headers: headers, body: body) }
}

/// A service that runs while something is done with it.
func running<S: Service, R: Sendable>(
    _ service: S, _ port: () async throws -> Int, _ body: (UInt16, ServiceGroup) async throws -> R
) async throws -> R {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(services: [.init(service: service)], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do {
            let result = try await body(UInt16(try await port()), group)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
    }
}

/// A server for a desk.
func serving<R: Sendable>(
    _ limits: ServerLimits = ServerLimits(), _ body: (UInt16, Desk, ServiceGroup) async throws -> R
) async throws -> R {
    let desk = Desk()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let service = HTTPService(desk, port: 0, limits: limits, logger: logger)
    return try await running(service, service.boundPort) { try await body($0, desk, $1) }
}
