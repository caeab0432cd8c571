// SPDX-License-Identifier: Apache-2.0

internal import HTTPServing
package import Logging
internal import NodeAgent
internal import ServiceLifecycle
internal import Synchronization

/// The port at which a node answers the issuer's challenge (`http_challenge`), open from ``open()`` to ``close()``.
package final class ChallengeListener: ChallengePort, Service {
    /// One time of listening.
    private struct Session: Sendable {
        let server: HTTPServer
        /// Where it listens.
        let port = Promise<UInt16>()
        /// Finished when it is over.
        let end: AsyncStream<Never>.Continuation
        let untilEnd: AsyncStream<Never>
    }

    /// What is served.
    private struct Text: Sendable {
        let path: String
        let bytes: [UInt8]
    }

    private let host: String
    private let port: UInt16
    private let logger: Logger
    private let sessions: AsyncStream<Session>
    private let begin: AsyncStream<Session>.Continuation
    private let state = Mutex(State())

    private struct State {
        var session: Session?
        var text: Text?
        var isOver = false
    }

    /// - Parameters:
    ///   - host: where to listen.
    ///   - port: 0 takes a free one.
    package init(host: String, port: UInt16, logger: Logger) {
        self.host = host
        self.port = port
        self.logger = logger
        (sessions, begin) = AsyncStream<Session>.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Serves one session after the other until graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            for await session in self.sessions { await self.serve(session) }
        }
        let last = state.withLock { state in
            state.isOver = true
            return state.session
        }
        last?.port.fail(CancellationError())
        // A service that returns would end the others.
        try? await gracefulShutdown()
    }

    private func serve(_ session: Session) async {
        await withTaskGroup { group in
            group.addTask { [logger] in
                do {
                    try await session.server.run()
                } catch is CancellationError {
                    session.port.fail(CancellationError())
                } catch {
                    session.port.fail(error)
                    logger.error("The challenge can't be served", metadata: ["error": "\(error)"])
                }
            }
            group.addTask {
                // Comes to an end whatever becomes of the server.
                guard let port = try? await session.server.boundPort() else { return }
                session.port.succeed(UInt16(clamping: port))
                for await _ in session.untilEnd {}
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Begins to listen.
    /// - Throws: `ListenError`; `CancellationError` when the service has ended.
    package func open() async throws -> UInt16 {
        await close()
        var limits = ServerLimits()
        limits.connections = 32
        limits.connectionsPerSource = 8
        limits.headBytes = 8 << 10
        limits.bodyBytes = 1 << 10
        let server = HTTPServer(host: host, port: Int(port), limits: limits, logger: logger) { [weak self] request in
            self?.answer(request) ?? OutgoingResponse(status: 404)
        }
        let (untilEnd, end) = AsyncStream<Never>.makeStream()
        let session = Session(server: server, end: end, untilEnd: untilEnd)
        try state.withLock { state in
            guard !state.isOver else { throw CancellationError() }
            state.session = session
        }
        begin.yield(session)
        return try await session.port.value
    }

    /// Answers `GET` of one path with a text.
    package func serve(_ text: [UInt8], at path: String) async {
        state.withLock { $0.text = Text(path: path, bytes: text) }
    }

    /// Listens no more.
    package func close() async {
        let session = state.withLock { state in
            defer { (state.session, state.text) = (nil, nil) }
            return state.session
        }
        session?.end.finish()
    }

    private func answer(_ request: IncomingRequest) -> OutgoingResponse {
        guard request.method == "GET", let text = state.withLock({ $0.text }), text.path == request.path else {
            return OutgoingResponse(status: 404)
        }
        return OutgoingResponse(contentType: "text/plain; charset=utf-8", text.bytes)
    }
}
