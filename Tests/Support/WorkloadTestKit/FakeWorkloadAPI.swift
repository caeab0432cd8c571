// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import JOSE
internal import ListenerTestKit
public import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf
internal import Synchronization

/// A Workload API that says what a test tells it, over a real Unix socket.
///
/// ```swift
/// let directory = try TestDirectory()
/// let api = FakeWorkloadAPI(path: "\(directory.path)/api.sock")
/// let domain = try TestTrustDomain("example.org")
/// api.publish([try domain.svid("/web")], bundle: try domain.bundle())
/// try await api.serving {
///     // The code under test, with the endpoint "unix://" + api.path; publish() again to rotate, refuse() to take away.
/// }
/// ```
public final class FakeWorkloadAPI: Sendable {
    /// How a call ends that gets no answer.
    public enum Refusal: Sendable {
        /// As for a call without the security header.
        case invalidArgument
        /// As for a process without an identity.
        case permissionDenied
        /// As of an agent that is not ready.
        case unavailable
        /// As of an agent that does not know the call.
        case unimplemented

        fileprivate var error: RPCError {
            switch self {
            case .invalidArgument: RPCError(code: .invalidArgument, message: "told to")
            case .permissionDenied: RPCError(code: .permissionDenied, message: "no identity issued")
            case .unavailable: RPCError(code: .unavailable, message: "told to")
            case .unimplemented: RPCError(code: .unimplemented, message: "told to")
            }
        }
    }

    fileprivate struct State {
        var answer: Answer = .refusal(.permissionDenied)
        var tokens: [(id: String, token: String, hint: String)] = []
        var readers: [Int: AsyncStream<Answer>.Continuation] = [:]
        var next = 0
        var opened = 0
        var calls: [String] = []
    }

    fileprivate enum Answer: Sendable {
        case state(Workload_X509SVIDResponse, x509: [String: Data], jwt: [String: Data])
        case refusal(Refusal)
    }

    /// The path of its socket.
    public let path: String
    fileprivate let state = Mutex(State())

    /// Makes one that refuses everybody until it is told what to say.
    public init(path: String) { self.path = path }

    /// How many streams were opened.
    public var opened: Int { state.withLock { $0.opened } }
    /// The unary calls in order.
    public var calls: [String] { state.withLock { $0.calls } }

    /// What everybody is told from now on.
    /// - Parameters:
    ///   - svids: the identities, the default one first.
    ///   - bundle: of the own trust domain.
    ///   - federated: those of others.
    public func publish(_ svids: [X509SVID], bundle: TrustBundle, federated: [TrustBundle] = []) {
        publish(svids, bundle: bundle, federated: federated, claimedID: nil, extra: [])
    }

    /// What an endpoint in error may say, too: another ID than that of the certificate, or bytes behind the chain.
    package func publish(
        _ svids: [X509SVID], bundle: TrustBundle, federated: [TrustBundle] = [], claimedID: String? = nil,
        extra: [UInt8]
    ) {
        var message = Workload_X509SVIDResponse()
        for svid in svids {
            var element = Workload_X509SVID()
            element.spiffeID = claimedID ?? svid.id.description
            element.x509Svid = Data(CertificateEncoding.concatenatedDER(svid.chain) + extra)
            element.x509SvidKey = Data(svid.privateKey.pkcs8)
            element.bundle = Data(Self.der(bundle))
            element.hint = svid.hint
            message.svids.append(element)
        }
        for other in federated { message.federatedBundles[other.trustDomain.id.description] = Data(Self.der(other)) }
        var x509: [String: Data] = [:]
        var jwt: [String: Data] = [:]
        for one in [bundle] + federated {
            x509[one.trustDomain.id.description] = Data(Self.der(one))
            jwt[one.trustDomain.id.description] = Data(one.jwtBundle.keySet)
        }
        tell(.state(message, x509: x509, jwt: jwt))
    }

    /// The tokens that are handed out from now on.
    /// - Parameter tokens: what the answer says of each: the SPIFFE ID, the token and a hint, which may be empty.
    public func hand(_ tokens: [(id: String, token: String, hint: String)]) {
        state.withLock { $0.tokens = tokens }
    }

    /// Ends all streams, and those to come, in this way.
    public func refuse(_ refusal: Refusal) { tell(.refusal(refusal)) }

    /// Serves while `body` runs.
    public func serving<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        let transport = TestListener.transport(at: path)
        let server = GRPCServer(transport: transport, services: [FakeService(api: self)])
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            _ = await transport.listeningAddress
            defer { group.cancelAll() }
            let result = try await body()
            return result
        }
    }

    private func tell(_ answer: Answer) {
        state.withLock { state in
            state.answer = answer
            for reader in state.readers.values { reader.yield(answer) }
        }
    }

    fileprivate func answers() -> AsyncStream<Answer> {
        let (stream, continuation) = AsyncStream.makeStream(of: Answer.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.next += 1
            state.opened += 1
            state.readers[state.next] = continuation
            continuation.yield(state.answer)
            return state.next
        }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.readers[number] = nil } }
        return stream
    }

    private static func der(_ bundle: TrustBundle) -> [UInt8] {
        CertificateEncoding.concatenatedDER(bundle.x509Authorities.map(\.certificate))
    }
}

private struct FakeService: Workload_SpiffeWorkloadAPI.ServiceProtocol {
    let api: FakeWorkloadAPI

    private func check(_ metadata: Metadata) throws {
        guard Array(metadata[stringValues: "workload.spiffe.io"]) == ["true"] else {
            throw RPCError(code: .invalidArgument, message: "security header missing from request")
        }
    }

    private func stream<Message: Sendable>(
        _ metadata: Metadata,
        _ make: @escaping @Sendable (Workload_X509SVIDResponse, [String: Data], [String: Data]) -> Message
    ) throws -> StreamingServerResponse<Message> {
        try check(metadata)
        return StreamingServerResponse { writer in
            for await answer in api.answers() {
                switch answer {
                case .state(let message, let x509, let jwt): try await writer.write(make(message, x509, jwt))
                case .refusal(let refusal): throw refusal.error
                }
            }
            return [:]
        }
    }

    func fetchX509SVID(
        request: ServerRequest<Workload_X509SVIDRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Workload_X509SVIDResponse> {
        try stream(request.metadata) { message, _, _ in message }
    }

    func fetchX509Bundles(
        request: ServerRequest<Workload_X509BundlesRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Workload_X509BundlesResponse> {
        try stream(request.metadata) { _, x509, _ in
            var message = Workload_X509BundlesResponse()
            message.bundles = x509
            return message
        }
    }

    func fetchJWTBundles(
        request: ServerRequest<Workload_JWTBundlesRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Workload_JWTBundlesResponse> {
        try stream(request.metadata) { _, _, jwt in
            var message = Workload_JWTBundlesResponse()
            message.bundles = jwt
            return message
        }
    }

    func fetchJWTSVID(
        request: ServerRequest<Workload_JWTSVIDRequest>, context: ServerContext
    ) async throws -> ServerResponse<Workload_JWTSVIDResponse> {
        try check(request.metadata)
        let (answer, tokens) = api.state.withLock { state in
            state.calls.append("jwt \(request.message.audience.joined(separator: ",")) \(request.message.spiffeID)")
            return (state.answer, state.tokens)
        }
        if case .refusal(let refusal) = answer { throw refusal.error }
        var message = Workload_JWTSVIDResponse()
        for (id, token, hint) in tokens {
            var element = Workload_JWTSVID()
            element.spiffeID = id
            element.svid = token
            element.hint = hint
            message.svids.append(element)
        }
        return ServerResponse(message: message)
    }

    func validateJWTSVID(
        request: ServerRequest<Workload_ValidateJWTSVIDRequest>, context: ServerContext
    ) async throws -> ServerResponse<Workload_ValidateJWTSVIDResponse> {
        try check(request.metadata)
        guard let token = try? UnverifiedJWTSVID(parsing: request.message.svid) else {
            throw RPCError(code: .invalidArgument, message: "not a token")
        }
        var message = Workload_ValidateJWTSVIDResponse()
        message.spiffeID = token.subject.description
        message.claims.fields["sub"] = .init(stringValue: token.subject.description)
        message.claims.fields["exp"] = .init(numberValue: 1_800_000_000)
        return ServerResponse(message: message)
    }

    func fetchWITSVID(
        request: ServerRequest<Workload_WITSVIDRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Workload_WITSVIDResponse> {
        throw RPCError(code: .unimplemented, message: "not offered")
    }

    func fetchWITBundles(
        request: ServerRequest<Workload_WITBundlesRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Workload_WITBundlesResponse> {
        throw RPCError(code: .unimplemented, message: "not offered")
    }
}
