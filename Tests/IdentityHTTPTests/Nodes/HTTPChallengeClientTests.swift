// SPDX-License-Identifier: Apache-2.0

import HTTPServing
import Testing
import WorkloadTestKit

@testable import IdentityHTTP

/// Nodes that serve what they were asked to, and others.
@Suite(.timeLimit(.minutes(1))) struct HTTPChallengeClientTests {
    private func fetched(
        limit: Int = 45, limits: NodeRequestLimits = .init(), answer: @escaping HTTPServer.Answer
    ) async throws -> [UInt8] {
        let server = HTTPServer(port: 0, limits: .identity, logger: quiet, answer: answer)
        return try await running(server) {
            try await HTTPChallengeClient(limits: limits).fetch(
                host: "127.0.0.1", port: UInt16(try await server.boundPort()),
                path: "/.well-known/spiffe/nodeattestor/http_challenge/default/challenge", limit: limit)
        }
    }

    private func refused(
        _ code: NodeRequestError.Code, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> [UInt8]
    ) async {
        await #expect(sourceLocation: sourceLocation) { try await body() } throws: { error in
            (error as? NodeRequestError)?.code == code
        }
    }

    @Test func whatIsServedIsRead() async throws {
        let asked = Current<[String]>([])
        let body = try await fetched { request in
            asked.value.append("\(request.method) \(request.path)")
            return OutgoingResponse(contentType: "text/plain", Array("nonce".utf8))
        }
        #expect(body == Array("nonce".utf8))
        #expect(asked.value == ["GET /.well-known/spiffe/nodeattestor/http_challenge/default/challenge"])
    }

    @Test(arguments: [204, 301, 302, 404, 500]) func otherAnswersCountForNothing(_ status: Int) async {
        let asked = Current(0)
        await refused(.status) {
            try await fetched { _ in
                asked.value += 1
                return OutgoingResponse(status: status, headers: [("Location", "/other")])
            }
        }
        #expect(asked.value == 1)
    }

    @Test func moreThanANonceIsNotRead() async {
        await refused(.tooLarge) {
            try await fetched(limit: 10) { _ in OutgoingResponse(contentType: "text/plain", Array("eleven char".utf8)) }
        }
    }

    @Test func whoDoesNotEndIsLeft() async {
        var limits = NodeRequestLimits()
        limits.exchange = .milliseconds(300)
        let slow = AsyncStream<[UInt8]> {
            try? await Task.sleep(for: .milliseconds(20))
            return Task.isCancelled ? nil : [0x20]
        }
        let patience = limits
        await refused(.timedOut) {
            try await fetched(limit: 1000, limits: patience) { _ in OutgoingResponse(status: 200, body: .stream(slow)) }
        }
    }

    @Test func nobodyThere() async throws {
        let server = HTTPServer(port: 0, limits: .identity, logger: quiet) { _ in OutgoingResponse(status: 404) }
        let port = try await running(server) { try await server.boundPort() }
        await refused(.unreachable) {
            try await HTTPChallengeClient().fetch(host: "127.0.0.1", port: UInt16(port), path: "/", limit: 10)
        }
    }
}
