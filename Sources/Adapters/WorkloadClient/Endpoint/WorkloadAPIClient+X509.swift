// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
public import SPIFFE
internal import SPIREAPI

extension WorkloadAPIClient {
    /// The identities of this process and the bundles that it may use, as of now.
    /// - Throws: ``WorkloadAPIError``.
    public func fetchX509Context() async throws(WorkloadAPIError) -> X509Context {
        let limits = limits
        return try await connected { calls in
            try await calls.fetchX509SVID(.init(), metadata: Self.metadata, options: answerOptions) { response in
                try X509Context(try await Self.first(of: response.messages), limits: limits)
            }
        }
    }

    /// The bundles of X.509 authorities that this process may use, as of now.
    /// - Throws: ``WorkloadAPIError``.
    public func fetchX509Bundles() async throws(WorkloadAPIError) -> BundleMap {
        let limits = limits
        return try await connected { calls in
            try await calls.fetchX509Bundles(.init(), metadata: Self.metadata, options: answerOptions) { response in
                try WorkloadBundles.x509(try await Self.first(of: response.messages).bundles, limits: limits)
            }
        }
    }

    /// One stream of identities, until it ends.
    /// - Throws: ``WorkloadAPIError``: why it ended.
    func streamX509Contexts(
        _ receive: @Sendable @escaping (Result<X509Context, WorkloadAPIError>) async -> Void
    ) async throws(WorkloadAPIError) {
        let limits = limits
        try await connected { calls in
            try await calls.fetchX509SVID(.init(), metadata: Self.metadata, options: streamOptions) { response in
                for try await message in response.messages {
                    await receive(Self.read { try X509Context(message, limits: limits) })
                }
            }
        }
    }

    /// One stream of bundles of X.509 authorities, until it ends.
    /// - Throws: ``WorkloadAPIError``: why it ended.
    func streamX509Bundles(
        _ receive: @Sendable @escaping (Result<BundleMap, WorkloadAPIError>) async -> Void
    ) async throws(WorkloadAPIError) {
        let limits = limits
        try await connected { calls in
            try await calls.fetchX509Bundles(.init(), metadata: Self.metadata, options: streamOptions) { response in
                for try await message in response.messages {
                    await receive(Self.read { try WorkloadBundles.x509(message.bundles, limits: limits) })
                }
            }
        }
    }

    static func first<Message: Sendable>(
        of messages: RPCAsyncSequence<Message, any Error>
    ) async throws -> Message {
        for try await message in messages { return message }
        throw WorkloadAPIError(.unavailable, "the endpoint ended the call without an answer")
    }

    static func read<Value>(_ body: () throws -> Value) -> Result<Value, WorkloadAPIError> {
        do { return .success(try body()) } catch { return .failure(WorkloadAPIError(error)) }
    }
}
