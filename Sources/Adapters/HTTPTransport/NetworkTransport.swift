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

    /// Sends a request and reads the whole answer; `timeout` covers both.
    public func send(
        _ request: PeerRequest, timeout: Duration, limit: Int
    ) async throws(TransportError) -> PeerResponse {
        do {
            let outgoing = try Self.outgoing(request)
            return try await withThrowingTaskGroup { group in
                group.addTask {
                    let response = try await client.execute(outgoing, deadline: .distantFuture)
                    let headers = response.headers.map { (name: $0.name.lowercased(), value: $0.value) }
                    let body = try await response.body.collect(upTo: limit)
                    return PeerResponse(
                        status: Int(response.status.code), headers: headers, body: Array(body.readableBytesView))
                }
                // The client's own deadline ends with the head of the answer; bodies can trickle as well.
                group.addTask {
                    try await Task.sleep(for: timeout)
                    throw TransportError(.timedOut, "\(request.url) takes too long")
                }
                defer { group.cancelAll() }
                guard let response = try await group.next() else { throw CancellationError() }
                return response
            }
        } catch let error as TransportError {
            throw error
        } catch { throw Self.translated(error, request.url) }
    }

    /// Sends a request and hands out the events of the answer.
    public func events(
        _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
    ) async throws(TransportError) {
        do {
            let outgoing = try Self.outgoing(request)
            let activity = Activity()
            try await withThrowingTaskGroup { group in
                group.addTask {
                    // A deadline would cover the whole stream; what is watched is how long nothing came.
                    let response = try await client.execute(outgoing, deadline: .distantFuture)
                    guard (200..<300).contains(response.status.code),
                        response.headers.first(name: "content-type")?.lowercased().hasPrefix("text/event-stream")
                            == true
                    else {
                        throw TransportError(
                            .malformed, "\(request.url) answers \(response.status.code) and no stream of events")
                    }
                    activity.note()
                    var parser = EventStreamParser(lineBytes: limits.eventLineBytes, eventBytes: limits.eventBytes)
                    for try await chunk in response.body {
                        activity.note()
                        for event in try parser.parse(chunk.readableBytesView) {
                            guard await receive(event) else { return }
                            // What the receiver took its time for is not the peer's silence.
                            activity.note()
                        }
                    }
                }
                group.addTask {
                    while true {
                        let rest = idle - (ContinuousClock.now - activity.last)
                        guard rest > .zero else { break }
                        try await Task.sleep(for: rest)
                    }
                    guard activity.isAnswered else {
                        throw TransportError(.timedOut, "\(request.url) takes too long")
                    }
                }
                // Whichever ends first ends both.
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch let error as TransportError {
            throw error
        } catch { throw Self.translated(error, request.url) }
    }

    /// Writes a stream to a `tcp` peer and reads what comes back.
    public func converse(
        _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
    ) async throws(TransportError) -> [UInt8] {
        guard url.scheme == .tcp, !url.isLinkLocal else {
            throw TransportError(.malformed, "\(url) is no address of a stream")
        }
        do {
            let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(limits.connect))
                .connect(host: url.host, port: Int(url.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            IdleStateHandler(readTimeout: TimeAmount(idle)))
                        try channel.pipeline.syncOperations.addHandler(IdleCloser())
                        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            let channel = connection.channel
            let end = ContinuousClock.now + limits.conversation
            let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(limits.conversation)) {
                channel.close(promise: nil)
            }
            defer { deadline.cancel() }
            return try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(bytes: stream))
                var answer: [UInt8] = []
                for try await chunk in inbound {
                    answer.append(contentsOf: chunk.readableBytesView)
                    guard answer.count <= limit else {
                        throw TransportError(.tooLarge, "\(url) sends more than \(limit) bytes")
                    }
                    if isEnough(answer) { return answer }
                }
                // The bytes end as well when we leave.
                try Task.checkCancellation()
                guard ContinuousClock.now < end else {
                    throw TransportError(.timedOut, "\(url) does not come to an end")
                }
                return answer
            }
        } catch let error as TransportError {
            throw error
        } catch { throw Self.translated(error, url) }
    }

    private static func outgoing(_ request: PeerRequest) throws(TransportError) -> HTTPClientRequest {
        guard request.url.scheme != .tcp, !request.url.isLinkLocal else {
            throw TransportError(.malformed, "\(request.url) is no address of a peer over HTTP")
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
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            TransportError(.unreachable, "\(url) broke off")
        case let error as HTTPParserError where error == .invalidEOFState:
            TransportError(.unreachable, "\(url) broke off")
        case is HTTPParserError: TransportError(.malformed, "\(url) does not speak HTTP")
        case let error as HTTPClientError where error == .tlsHandshakeTimeout:
            TransportError(.insecure, "\(url) does not finish the handshake")
        default: TransportError(.unreachable, "\(url): \(error)")
        }
    }
}

/// When something came last, and whether anything came at all.
private final class Activity: Sendable {
    private let state = Mutex((last: ContinuousClock.now, isAnswered: false))

    var last: ContinuousClock.Instant { state.withLock { $0.last } }
    var isAnswered: Bool { state.withLock { $0.isAnswered } }
    func note() { state.withLock { $0 = (.now, true) } }
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
