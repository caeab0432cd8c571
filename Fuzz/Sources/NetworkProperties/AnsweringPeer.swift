// SPDX-License-Identifier: Apache-2.0

public import KERINetwork

/// A peer that answers every request with the same; an asker that goes on for ever is a finding.
public struct AnsweringPeer: PeerTransport {
    private let status: Int
    private let headers: [(name: String, value: String)]
    private let bodies: [[UInt8]]

    /// The answers come by the path: the first body for all but `did.json` and evidence, which get the last.
    public init(status: Int = 200, headers: [(name: String, value: String)], bodies: [[UInt8]]) {
        self.status = status
        self.headers = headers
        self.bodies = bodies
    }

    /// What was said before.
    public func send(
        _ request: PeerRequest, timeout: Duration, limit: Int
    ) async throws(TransportError) -> PeerResponse {
        let isOther = request.target.hasSuffix("did.json") || request.target.hasPrefix("/duplicity")
        let body = (isOther ? bodies.last : bodies.first) ?? []
        guard body.count <= limit else { throw TransportError(.tooLarge, "\(request.url)") }
        return PeerResponse(status: status, headers: headers, body: body)
    }

    /// The first body as a stream of events.
    public func events(
        _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
    ) async throws(TransportError) {
        var parser = EventStreamParser(lineBytes: 4096, eventBytes: 4096)
        for event in try parser.parse(bodies.first ?? []) where await !receive(event) { return }
    }

    /// The first body.
    public func converse(
        _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
    ) async throws(TransportError) -> [UInt8] { bodies.first ?? [] }
}
