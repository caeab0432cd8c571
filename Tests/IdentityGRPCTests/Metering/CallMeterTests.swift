// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import Glibc
import Logging
import NodeAgent
import Synchronization
import Testing

@testable import IdentityGRPC

/// A clock that a test sets.
private final class HandClock: Sendable {
    private let time = Mutex(ContinuousClock.now)

    var now: ContinuousClock.Instant { time.withLock { $0 } }

    func advance(by duration: Duration) { time.withLock { $0 += duration } }
}

@Suite(.timeLimit(.minutes(2))) struct CallMeterTests {
    private let folder: SocketFolder
    private let clock = HandClock()
    private let meter: CallMeter

    init() throws {
        folder = try SocketFolder()
        meter = CallMeter(listener: "test", now: { [clock] in clock.now })
    }

    private func server(
        interceptors: [ConditionalInterceptor<any ServerInterceptor>] = []
    ) -> IdentityServer {
        var limits = ListenerLimits.local
        limits.grace = .zero
        return IdentityServer(
            at: .path(folder.socket, permissions: 0o600), services: [Probe()], interceptors: interceptors,
            limits: limits, meter: meter, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            identify: { peer in
                if let descriptor = peer.processDescriptor { close(descriptor) }
                return ProbeCaller(text: "somebody")
            })
    }

    @Test func callsAreCountedByMethodAndStatus() async throws {
        try await serving(server()) { [path = folder.socket, meter] in
            try await calling(path) { client in
                for _ in 0..<3 { _ = try await client.whoAmI() }
            }
            let outcome = CallMeter.Outcome(service: "Probe", method: "WhoAmI", status: "OK")
            #expect(meter.ended[outcome]?.counts.reduce(0, +) == 3)
            #expect(meter.ended.count == 1)
            #expect(meter.active == ["Probe": 0])
        }
    }

    /// What another interceptor refuses is counted too.
    @Test func refusalsAreCounted() async throws {
        let refusing = server(interceptors: [.apply(RefusingInterceptor(), to: .all)])
        try await serving(refusing) { [path = folder.socket, meter] in
            await #expect(throws: RPCError.self) { try await calling(path) { try await $0.whoAmI() } }
            let outcome = CallMeter.Outcome(service: "Probe", method: "WhoAmI", status: "PERMISSION_DENIED")
            #expect(meter.ended[outcome]?.counts.reduce(0, +) == 1)
        }
    }

    /// A stream goes on as long as its caller is there, and so does its connection.
    @Test func streamsAreActiveUntilTheyEnd() async throws {
        try await serving(server()) { [path = folder.socket, meter] in
            try await calling(path) { client in
                try await client.holding {
                    #expect(meter.active == ["Probe": 1])
                    #expect(meter.connections == 1)
                    #expect(meter.ended.isEmpty)
                }
            }
        }
        // The server has stopped, so everything is over.
        #expect(meter.active == ["Probe": 0])
        #expect(meter.connections == 0)
        #expect(meter.ended.values.map { $0.counts.reduce(0, +) } == [1])
        #expect(meter.ended.keys.first?.status == "CANCELLED")
    }

    @Test(arguments: [
        (Duration.zero, 0), (.milliseconds(1), 0), (.microseconds(1001), 1), (.seconds(30), 13),
        (.seconds(31), 14), (.seconds(86_400), 14),
    ])
    func timesFallIntoTheirBuckets(duration: Duration, bucket: Int) {
        let method = MethodDescriptor(fullyQualifiedService: "s", method: "m")
        let start = meter.began(method)
        clock.advance(by: duration)
        meter.ended(method, since: start, "OK")
        let times = meter.ended.values.first
        #expect(times?.counts.firstIndex(of: 1) == bucket)
        #expect(times?.counts.reduce(0, +) == 1)
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
        #expect(times?.sum == seconds)
    }

    @Test func errorsHaveTheStatusThatTheLibraryMakesOfThem() {
        struct Unheard: Error {}
        #expect(CallMeterInterceptor.status(of: RPCError(code: .notFound, message: "")) == "NOT_FOUND")
        #expect(CallMeterInterceptor.status(of: WorkloadDenial.attestationFailed) != "UNKNOWN")
        #expect(CallMeterInterceptor.status(of: CancellationError()) == "CANCELLED")
        #expect(CallMeterInterceptor.status(of: Unheard()) == "UNKNOWN")
    }
}

private struct RefusingInterceptor: ServerInterceptor {
    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next:
            @concurrent @Sendable (StreamingServerRequest<Input>, ServerContext) async throws ->
            StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        throw RPCError(code: .permissionDenied, message: "no")
    }
}
