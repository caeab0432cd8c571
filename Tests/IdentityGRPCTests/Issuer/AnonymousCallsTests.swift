// SPDX-License-Identifier: Apache-2.0

import GRPCCore
import LogTestKit
import SPIFFE
import SPIREAPI
import Testing

@testable import IdentityGRPC
@testable import Issuer

@Suite struct AnonymousCallsTests {
    private func stranger(_ address: String) -> Caller { .remote(address: address, identity: nil) }

    @Test func aNetworkHasSoManySeats() throws {
        let calls = AnonymousCalls(perNetwork: 2, most: 100)
        var seats = [try calls.seat(for: stranger("2001:db8::1")), try calls.seat(for: stranger("2001:db8::2"))]
        let full = IssuerError(.resourceExhausted, "too many calls without an SVID at a time")
        #expect(throws: full) { try calls.seat(for: stranger("2001:db8::3")) }
        seats.append(try calls.seat(for: stranger("192.0.2.1")))
        #expect(calls.count == 3)
        seats.removeFirst()
        #expect(try calls.seat(for: stranger("2001:db8::3")) != nil)
        seats = []
        #expect(calls.count == 0)
    }

    @Test func thereAreSoManySeatsForAll() throws {
        let calls = AnonymousCalls(perNetwork: 2, most: 3)
        let seats = try (1...3).map { try calls.seat(for: stranger("192.0.2.\($0)")) }
        #expect(throws: IssuerError.self) { try calls.seat(for: stranger("192.0.2.4")) }
        withExtendedLifetime(seats) {}
    }

    @Test func strangersLeaveHalfOfTheConnections() throws {
        let calls = AnonymousCalls(connections: 5)
        let seats = try (1...2).map { try calls.seat(for: stranger("192.0.2.\($0)")) }
        #expect(throws: IssuerError.self) { try calls.seat(for: stranger("192.0.2.3")) }
        withExtendedLifetime(seats) {}
        #expect(try AnonymousCalls(connections: 1).seat(for: stranger("192.0.2.1")) != nil)
    }

    @Test func whoIsKnownNeedsNone() throws {
        let calls = AnonymousCalls(perNetwork: 0, most: 0)
        let agent = CallerIdentity(
            id: ServedIssuer.id("/spire/agent/one"), serialNumber: "1", notAfter: .latest)
        for caller in [
            Caller.local(LocalPeer(pid: 1, uid: 0, gid: 0)), .remote(address: "192.0.2.1", identity: agent), .unknown,
        ] { #expect(try calls.seat(for: caller) == nil) }
    }

    /// A call keeps its seat until its answer is over, not only until it was let in.
    @Test func aSeatIsHeldForAsLongAsTheCall() async throws {
        let issuer = try await ServedIssuer()
        let calls = AnonymousCalls(perNetwork: 1, most: 100)
        let interceptor = IssuerCallInterceptor(
            authorization: issuer.facades.authorization,
            log: AccessLog(logger: issuer.log.logger, trail: issuer.facades.audit, clock: issuer.clock),
            anonymous: calls)
        func call() async throws -> StreamingServerResponse<Int> {
            try await withServerContextRPCCancellationHandle { handle in
                var context = ServerContext(
                    descriptor: Spire_Api_Server_Agent_V1_Agent.Method.AttestAgent.descriptor, remotePeer: "",
                    localPeer: "", cancellation: handle)
                context.transportSpecific = IssuerPeer(caller: .remote(address: "192.0.2.1", identity: nil))
                let messages = RPCAsyncSequence<Int, any Error>(
                    wrapping: AsyncThrowingStream<Int, any Error> { $0.finish() })
                return try await interceptor.intercept(
                    request: StreamingServerRequest(metadata: [:], messages: messages), context: context
                ) { _, _ in StreamingServerResponse(metadata: [:]) { _ in [:] } }
            }
        }
        do {
            let first = try await call()
            #expect(calls.count == 1)
            #expect(await failure { _ = try await call() }?.code == .resourceExhausted)
            withExtendedLifetime(first) {}
        }
        #expect(calls.count == 0)
        _ = try await call()
        #expect(issuer.log.accesses(of: "AttestAgent").contains { $0["status_code"] == "ResourceExhausted" })
    }
}
