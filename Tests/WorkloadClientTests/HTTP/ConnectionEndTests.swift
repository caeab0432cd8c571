// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import WorkloadClientHTTP

/// When a connection that is old enough is closed.
struct ConnectionEndTests {
    private let channel: EmbeddedChannel
    private let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
    private let response = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Connection": "keep-alive"])

    init() throws {
        channel = EmbeddedChannel(handler: ConnectionEnd())
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
    }

    @Test func atOnceWhenNothingIsAsked() {
        ConnectionEnd.begin(on: channel)
        #expect(!channel.isActive)
    }

    @Test func afterTheAnswerWhichIsSaidToBeTheLast() throws {
        try channel.writeOutbound(HTTPClientRequestPart.head(request))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
        ConnectionEnd.begin(on: channel)
        #expect(channel.isActive)
        try channel.writeInbound(HTTPClientResponsePart.head(response))
        guard case .head(let head) = try channel.readInbound(as: HTTPClientResponsePart.self) else {
            Issue.record("no head")
            return
        }
        #expect(head.headers["Connection"] == ["close"])
        #expect(channel.isActive)
        try channel.writeInbound(HTTPClientResponsePart.end(nil))
        #expect(!channel.isActive)
    }

    @Test func notWhileTheQuestionGoesOn() throws {
        try channel.writeOutbound(HTTPClientRequestPart.head(request))
        try channel.writeInbound(HTTPClientResponsePart.head(response))
        try channel.writeInbound(HTTPClientResponsePart.end(nil))
        ConnectionEnd.begin(on: channel)
        #expect(channel.isActive)
        _ = try? channel.finish()
    }

    @Test func aYoungOneIsKept() throws {
        try channel.writeOutbound(HTTPClientRequestPart.head(request))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
        try channel.writeInbound(HTTPClientResponsePart.head(response))
        try channel.writeInbound(HTTPClientResponsePart.end(nil))
        #expect(channel.isActive)
        guard case .head(let head) = try channel.readInbound(as: HTTPClientResponsePart.self) else {
            Issue.record("no head")
            return
        }
        #expect(head.headers["Connection"] == ["keep-alive"])
        _ = try? channel.finish()
    }
}
