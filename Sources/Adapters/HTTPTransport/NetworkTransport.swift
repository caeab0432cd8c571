// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
public import KERINetwork
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Reaches peers by HTTP/1.1 and TCP. Redirects are not followed: a peer that moved says so in a signed reply.
public struct NetworkTransport: PeerTransport {
    private let client: HTTPClient
    private let limits: ClientLimits

    /// Makes a transport; ``shutdown()`` ends it.
    public init(limits: ClientLimits = ClientLimits()) {
        self.limits = limits
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = TimeAmount(limits.connect)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = limits.connectionsPerPeer
        // Services decide how often somebody who is away is tried again; here a refusal is an answer.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes all connections.
    public func shutdown() async { try? await client.shutdown() }

    /// Sends a request and reads the whole answer.
    public func send(
        _ request: PeerRequest, timeout: Duration, limit: Int
    ) async throws(TransportError) -> PeerResponse {
        do {
            let response = try await client.execute(Self.outgoing(request), timeout: TimeAmount(timeout))
            let headers = response.headers.map { (name: $0.name.lowercased(), value: $0.value) }
            let body = try await response.body.collect(upTo: limit)
            return PeerResponse(
                status: Int(response.status.code), headers: headers, body: Array(body.readableBytesView))
        } catch { throw Self.translated(error, request.url) }
    }

    /// Sends a request and hands out the events of the answer.
    public func events(
        _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
    ) async throws(TransportError) {
        do {
            // A deadline would cover the whole stream; what is watched below is how long nothing came.
            let response = try await client.execute(Self.outgoing(request), deadline: .distantFuture)
            guard (200..<300).contains(response.status.code),
                response.headers.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream") == true
            else {
                throw TransportError(
                    .malformed, "\(request.url) answers \(response.status.code) and no stream of events")
            }
            let activity = Activity()
            try await withThrowingTaskGroup { group in
                group.addTask {
                    var parser = EventStreamParser(limits: limits)
                    for try await chunk in response.body {
                        activity.note()
                        for event in try parser.parse(chunk.readableBytesView) where await !receive(event) { return }
                    }
                }
                group.addTask {
                    while true {
                        let rest = idle - (ContinuousClock.now - activity.last)
                        guard rest > .zero else { return }
                        try await Task.sleep(for: rest)
                    }
                }
                // Whichever ends first ends both.
                try await group.next()
                group.cancelAll()
            }
        } catch let error as TransportError {
            throw error
        } catch { throw Self.translated(error, request.url) }
    }

    /// Writes a stream to a `tcp` peer and reads what comes back.
    public func converse(
        _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
    ) async throws(TransportError) -> [UInt8] {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(limits.connect))
                .connect(host: url.host, port: Int(url.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            IdleStateHandler(readTimeout: TimeAmount(idle)))
                        try channel.pipeline.syncOperations.addHandler(IdleCloser())
                        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(bytes: stream))
                var answer: [UInt8] = []
                for try await chunk in inbound {
                    answer.append(contentsOf: chunk.readableBytesView)
                    guard answer.count <= limit else {
                        throw TransportError(.tooLarge, "\(url) sends more than \(limit) bytes")
                    }
                    if isEnough(answer) { break }
                }
                return answer
            }
        } catch let error as TransportError {
            throw error
        } catch { throw Self.translated(error, url) }
    }

    private static func outgoing(_ request: PeerRequest) throws(TransportError) -> HTTPClientRequest {
        guard request.url.scheme != .tcp else {
            throw TransportError(.malformed, "\(request.url) does not speak HTTP")
        }
        let host = request.url.host.contains(":") ? "[\(request.url.host)]" : request.url.host
        var outgoing = HTTPClientRequest(
            url: "\(request.url.scheme.rawValue)://\(host):\(request.url.port)\(request.target)")
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty || request.method != .get { outgoing.body = .bytes(request.body) }
        return outgoing
    }

    private static func translated(_ error: any Error, _ url: PeerURL) -> TransportError {
        switch error {
        case is CancellationError: TransportError(.cancelled, "\(url)")
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            TransportError(.timedOut, "\(url) takes too long")
        case let error as HTTPClientError where error == .connectTimeout:
            TransportError(.unreachable, "\(url) does not answer")
        case let error as HTTPClientError where error == .cancelled: TransportError(.cancelled, "\(url)")
        case is NIOTooManyBytesError: TransportError(.tooLarge, "\(url) answers more than is read")
        case is HTTPParserError: TransportError(.malformed, "\(url) does not speak HTTP")
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            TransportError(.unreachable, "\(url) broke off")
        default: TransportError(.unreachable, "\(url): \(error)")
        }
    }
}

/// When something came last.
private final class Activity: Sendable {
    private let moment = Mutex(ContinuousClock.now)

    var last: ContinuousClock.Instant { moment.withLock { $0 } }
    func note() { moment.withLock { $0 = .now } }
}

/// Closes a connection on which nothing has come for too long.
private final class IdleCloser: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
