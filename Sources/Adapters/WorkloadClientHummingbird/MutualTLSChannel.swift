// SPDX-License-Identifier: Apache-2.0

public import HummingbirdCore
public import Logging
public import NIOCore
public import WorkloadClient

/// Connections of a Hummingbird server that speak mutual TLS before what `Base` speaks.
///
/// Whom a request comes from `MutualTLS.peerID(of:)` tells by the channel of the connection. Hummingbird's own contexts do
/// not keep that; one of the application's does:
///
/// ```swift
/// struct CallContext: RequestContext {
///     var coreContext: CoreRequestContextStorage
///     let channel: any Channel
///
///     init(source: ApplicationRequestContextSource) {
///         coreContext = CoreRequestContextStorage(source: source)
///         channel = source.channel
///     }
/// }
///
/// let router = Router(context: CallContext.self)
/// router.get("/") { _, context in
///     guard let caller = await MutualTLS.peerID(of: context.channel) else { throw HTTPError(.unauthorized) }
///     return "hello, \(caller)"
/// }
/// ```
public struct MutualTLSChannel<Base: ServerChildChannel>: ServerChildChannel {
    /// What a connection is to the server.
    public typealias Value = Base.Value

    private let tls: MutualTLS
    private let base: Base

    /// Joins what is spoken with who may speak it.
    /// - Parameters:
    ///   - base: what is spoken over TLS.
    ///   - tls: its `applicationProtocols` are those of `Base`.
    public init(_ base: Base, tls: MutualTLS) {
        self.base = base
        self.tls = tls
    }

    /// Adds TLS, then what `Base` adds.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        tls.accept(channel, then: { [base] in base.setup(channel: $0, logger: logger) })
    }

    /// Serves a connection.
    public func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

extension HTTPServerBuilder {
    /// A server whose clients must show an X.509-SVID that is allowed, and that shows its own, both by SPIFFE's rules.
    /// Facts (SPIFFE) 3.2.
    ///
    /// ```swift
    /// let app = Application(router: router, server: .mutualTLS(MutualTLS(source, authorizer: .member(of: domain))))
    /// ```
    /// - Parameters:
    ///   - tls: the identity, and who may call. It negotiates `http/1.1`, whatever else the value says. A connection that
    ///     reaches its `connectionAge` ends after the answer that is under way, or ten seconds later in the middle of it:
    ///     what takes longer needs a greater age.
    ///   - configuration: of the HTTP/1.1 that is spoken over it.
    public static func mutualTLS(
        _ tls: MutualTLS, configuration: HTTP1Channel.Configuration = HTTP1Channel.Configuration()
    ) -> HTTPServerBuilder {
        var tls = tls
        tls.applicationProtocols = ["http/1.1"]
        return HTTPServerBuilder { [tls] responder in
            MutualTLSChannel(HTTP1Channel(responder: responder, configuration: configuration), tls: tls)
        }
    }
}
