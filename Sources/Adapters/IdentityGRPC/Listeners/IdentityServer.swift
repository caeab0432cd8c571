// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import HTTPServing
package import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// A gRPC server at one listener, whose services find the caller of each call in `ServerContext.transportSpecific`.
package final class IdentityServer: Service {
    /// Where a local server listens.
    package enum LocalPlace: Sendable {
        /// A socket file of its own; permissions as of `chmod`.
        case path(String, permissions: UInt32)
        /// A listening socket that was handed over, by systemd for instance. Taken over.
        case descriptor(Int32)
    }

    private enum Place: Sendable {
        case local(LocalPlace)
        case port(host: String, Int)
        case handedOver(Int32)
    }

    private let place: Place
    private let entry: any ConnectionEntry
    private let services: [any RegistrableRPCService]
    private let interceptors: [ConditionalInterceptor<any ServerInterceptor>]
    private let limits: ListenerLimits
    private let meter: CallMeter?
    private let logger: Logger
    private let listening = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Int.self)

    private init(
        _ place: Place, _ entry: any ConnectionEntry, services: [any RegistrableRPCService],
        interceptors: [ConditionalInterceptor<any ServerInterceptor>], limits: ListenerLimits, meter: CallMeter?,
        logger: Logger
    ) {
        self.place = place
        self.entry = entry
        self.services = services
        self.interceptors = interceptors
        self.limits = limits.fitting(openFiles: OpenFiles.most)
        self.meter = meter
        self.logger = logger
    }

    deinit { listening.fail(CancellationError()) }

    /// A server for processes of this machine.
    /// - Parameters:
    ///   - meter: counts its calls; nil for nobody.
    ///   - identify: makes the caller out of what the kernel says, once for each connection; one for which it throws is
    ///     closed.
    package convenience init(
        at place: LocalPlace, services: [any RegistrableRPCService],
        interceptors: [ConditionalInterceptor<any ServerInterceptor>] = [], limits: ListenerLimits = .local,
        meter: CallMeter? = nil, logger: Logger,
        identify: @escaping @Sendable (PeerCredentials) throws -> any ServerContext.TransportSpecific
    ) {
        self.init(
            .local(place), LocalEntry(identify: identify), services: services, interceptors: interceptors,
            limits: limits, meter: meter, logger: logger)
    }

    /// A server for the network, over TLS.
    /// - Parameters:
    ///   - port: 0 takes a free one, which ``ready()`` tells.
    ///   - descriptor: a listening socket that was handed over, which is taken in place of host and port.
    ///   - credentials: what the server shows; asked for each connection.
    ///   - trust: by what client certificates are judged, at the handshake and again for each call.
    ///   - meter: counts its calls; nil for nobody.
    ///   - identify: makes the caller out of what the connection says.
    package convenience init(
        host: String, port: Int, descriptor: Int32? = nil, credentials: @escaping @Sendable () throws -> TLSCredentials,
        trust: PeerTrust,
        services: [any RegistrableRPCService], interceptors: [ConditionalInterceptor<any ServerInterceptor>] = [],
        limits: ListenerLimits = .remote, meter: CallMeter? = nil, logger: Logger,
        identify: @escaping @Sendable (RemotePeer) -> any ServerContext.TransportSpecific
    ) {
        self.init(
            descriptor.map { Place.handedOver($0) } ?? Place.port(host: host, port),
            TLSEntry(credentials: credentials, trust: trust, identify: identify, log: DoorLog(logger)),
            services: services,
            interceptors: interceptors, limits: limits, meter: meter, logger: logger)
    }

    /// Returns as soon as the server listens: its port, 0 for a Unix socket.
    /// - Throws: why it doesn't.
    @discardableResult package func ready() async throws -> Int { try await listening.futureResult.get() }

    /// Serves until graceful shutdown, which lets calls go on for ``ListenerLimits/grace``.
    /// - Throws: ``ListenerError`` when the place can't be listened at.
    package func run() async throws {
        do {
            switch place {
            case .local(.path(let path, let permissions)):
                let file = try UnixSocketFile(listeningAt: path, permissions: permissions)
                defer { file.remove() }
                try await serve(at: .descriptor(file.descriptor), named: path)
            case .local(.descriptor(let descriptor)):
                try HandedOverSocket.adopt(descriptor, .local)
                try await serve(at: .descriptor(descriptor), named: "descriptor \(descriptor)")
            case .handedOver(let descriptor):
                try HandedOverSocket.adopt(descriptor, .network)
                try await serve(at: .descriptor(descriptor), named: "descriptor \(descriptor)")
            case .port(let host, let port):
                try await serve(at: .port(host: host, port), named: "\(host):\(port)")
            }
        } catch {
            listening.fail(error)
            throw error
        }
    }

    private func serve(at place: SocketListener.Place, named name: String) async throws {
        let connections = ConnectionRegistry(limit: limits.connections)
        let callers = CallerTable()
        meter?.follow { connections.count }
        let metering: [ConditionalInterceptor<any ServerInterceptor>] =
            meter.map { [.apply(CallMeterInterceptor(meter: $0), to: .all)] } ?? []
        let listener = SocketListener(
            place: place, entry: entry, limits: limits, connections: connections, callers: callers,
            onListening: { [listening, logger] port in
                logger.info("listening", metadata: ["address": "\(name)", "port": "\(port)"])
                listening.succeed(port)
            })
        let server = GRPCServer(
            transport: HTTP2ServerTransport.Custom(listenerFactory: listener, config: listener.configuration),
            services: services,
            interceptorPipeline: metering + [
                .apply(CallerInterceptor(callers: callers), to: .all), .apply(HangUpInterceptor(), to: .all),
            ] + interceptors)
        do {
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup { group in
                    let (shutdown, begin) = AsyncStream<Never>.makeStream()
                    group.addTask {
                        try await withGracefulShutdownHandler {
                            try await server.serve()
                        } onGracefulShutdown: {
                            begin.finish()
                        }
                    }
                    group.addTask { [limits] in
                        for await _ in shutdown {}
                        try await Task.sleep(for: limits.grace)
                        connections.closeAll()
                    }
                    try await group.next()
                    group.cancelAll()
                }
            } onGracefulShutdown: {
                connections.drain()
                server.beginGracefulShutdown()
            }
        } catch let error as RuntimeError where error.code == .transportError {
            guard let cause = error.cause else { throw error }
            throw ListenerError(.system, name, detail: "\(cause)")
        }
        logger.info("stopped", metadata: ["address": "\(name)"])
    }
}
