// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Glibc
public import SPIFFE
internal import SPIREAPI

/// The Workload API of the node, call by call. Facts (SPIFFE) 8.
///
/// Applications that stay use ``X509Source`` and ``JWTSource``, which keep themselves up to date. Each call here has a
/// connection of its own, which ends with it: there is nothing to close, and nothing that goes on in the background.
public struct WorkloadAPIClient: Sendable {
    /// What a call may take.
    public struct Limits: Hashable, Sendable {
        /// How long one answer may take.
        public var answer = Duration.seconds(30)
        /// Most bytes of one message.
        public var messageBytes = 4 << 20
        /// Most identities in one message.
        public var identities = 1000
        /// Most authorities of one trust domain, and most trust domains.
        public var authorities = 1000

        /// The standard limits.
        public init() {}
    }

    /// Where the Workload API is.
    public let endpoint: EndpointAddress
    let limits: Limits

    /// A client of the Workload API at an address.
    public init(at endpoint: EndpointAddress, limits: Limits = Limits()) {
        self.endpoint = endpoint
        self.limits = limits
    }

    /// A client of the Workload API that `SPIFFE_ENDPOINT_SOCKET` names.
    /// - Throws: ``WorkloadAPIError`` of code `noEndpoint` when the variable is not set, or names no endpoint.
    public init(limits: Limits = Limits()) throws(WorkloadAPIError) {
        guard let text = getenv(EndpointAddress.environmentVariable).map({ String(cString: $0) }), !text.isEmpty else {
            throw WorkloadAPIError(.noEndpoint, "\(EndpointAddress.environmentVariable) is not set")
        }
        do {
            self.init(at: try EndpointAddress(text), limits: limits)
        } catch {
            throw WorkloadAPIError(.noEndpoint, "\(EndpointAddress.environmentVariable): \(error.rawValue)")
        }
    }

    typealias Calls = Workload_SpiffeWorkloadAPI.Client<HTTP2ClientTransport.Posix>

    /// Every call carries this; an endpoint refuses what can't set it, such as a browser that was tricked.
    static let metadata: Metadata = ["workload.spiffe.io": "true"]

    /// Does something with a connection of its own.
    func connected<Result: Sendable>(
        _ body: @Sendable @escaping (Calls) async throws -> Result
    ) async throws(WorkloadAPIError) -> Result {
        do {
            var config = HTTP2ClientTransport.Posix.Config.defaults
            config.http2.authority = "localhost"
            let transport = try HTTP2ClientTransport.Posix(
                target: target, transportSecurity: .plaintext, config: config)
            return try await withGRPCClient(transport: transport) { try await body(Calls(wrapping: $0)) }
        } catch {
            throw WorkloadAPIError(error)
        }
    }

    /// One answer within its time.
    var answerOptions: CallOptions {
        var options = streamOptions
        options.timeout = limits.answer
        return options
    }

    /// Answers without end.
    var streamOptions: CallOptions {
        var options = CallOptions.defaults
        options.maxResponseMessageBytes = limits.messageBytes
        options.waitForReady = false
        return options
    }

    private var target: any ResolvableTarget {
        switch endpoint {
        case .unix(let path): .unixDomainSocket(path: path)
        case .tcp(let host, let port):
            host.contains(":") ? .ipv6(address: host, port: Int(port)) : .ipv4(address: host, port: Int(port))
        }
    }
}
