// SPDX-License-Identifier: Apache-2.0

public import HummingbirdCore
public import Logging
public import NIOCore
public import WorkloadClient

/// Connections of a Hummingbird server that speak mutual TLS before what `Base` speaks.
///
/// Whom a request comes from ``MutualTLS/peerID(of:)`` tells by the channel of its context.
public struct MutualTLSChannel<Base: ServerChildChannel>: ServerChildChannel {
    /// What a connection is to the server.
    public typealias Value = Base.Value

    private let tls: MutualTLS
    private let base: Base

    /// Joins what is spoken with who may speak it.
    public init(_ base: Base, tls: MutualTLS) {
        self.base = base
        self.tls = tls
    }

    /// Adds TLS, then what `Base` adds.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        tls.addServerHandler(to: channel).flatMap { [base] in base.setup(channel: channel, logger: logger) }
    }

    /// Serves a connection.
    public func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

extension HTTPServerBuilder {
    /// A server whose clients must show an X.509-SVID that is allowed, and that shows its own, both by SPIFFE's rules.
    ///
    /// ```swift
    /// let app = Application(router: router, server: .mutualTLS(MutualTLS(source, authorizer: .member(of: domain))))
    /// ```
    /// - Parameters:
    ///   - tls: the identity, and who may call.
    ///   - configuration: of the HTTP/1.1 that is spoken over it. Give it an idle time: open connections keep what they
    ///     were opened with.
    public static func mutualTLS(
        _ tls: MutualTLS, configuration: HTTP1Channel.Configuration = HTTP1Channel.Configuration()
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            MutualTLSChannel(HTTP1Channel(responder: responder, configuration: configuration), tls: tls)
        }
    }
}
