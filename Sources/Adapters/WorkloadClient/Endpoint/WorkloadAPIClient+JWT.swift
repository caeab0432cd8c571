// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
public import KelmarkBytes
public import SPIFFE
internal import SPIREAPI

extension WorkloadAPIClient {
    /// A token for one audience, of the default identity unless another is named.
    ///
    /// One audience is the easy way: a token for several can be used by each of them at the others.
    /// - Throws: ``WorkloadAPIError``.
    public func fetchJWTSVID(
        audience: String, subject: SPIFFEID? = nil
    ) async throws(WorkloadAPIError) -> JWTSVIDDocument {
        let all = try await fetchJWTSVIDs(audiences: [audience], subject: subject)
        guard let first = all.first else { throw WorkloadAPIError(.malformed, "no token in the answer") }
        return first
    }

    /// Tokens for some audiences: of one identity if it is named, else of each; the default one first.
    /// - Throws: ``WorkloadAPIError``; `invalidArgument` without audience.
    public func fetchJWTSVIDs(
        audiences: [String], subject: SPIFFEID? = nil
    ) async throws(WorkloadAPIError) -> [JWTSVIDDocument] {
        guard !audiences.isEmpty, !audiences.contains("") else {
            throw WorkloadAPIError(.invalidArgument, "audience must be specified")
        }
        let limits = limits
        return try await connected { calls in
            var request = Workload_JWTSVIDRequest()
            request.audience = audiences
            request.spiffeID = subject?.description ?? ""
            let response = try await calls.fetchJWTSVID(request, metadata: Self.metadata, options: answerOptions)
            return try JWTSVIDDocument.all(in: response, subject: subject, limits: limits)
        }
    }

    /// The bundles of JWT authorities that this process may use, as of now.
    /// - Throws: ``WorkloadAPIError``.
    public func fetchJWTBundles() async throws(WorkloadAPIError) -> BundleMap {
        let limits = limits
        return try await connected { calls in
            try await calls.fetchJWTBundles(.init(), metadata: Self.metadata, options: answerOptions) { response in
                try WorkloadBundles.jwt(try await Self.first(of: response.messages).bundles, limits: limits)
            }
        }
    }

    /// Lets the endpoint judge a token for `audience`; a token that breaks a rule throws `invalidArgument`.
    ///
    /// ``JWTSource/validate(_:audience:)`` judges without a call.
    /// - Returns: Whom the token names, and its claims by name; numbers are what JSON numbers are.
    /// - Throws: ``WorkloadAPIError``.
    public func validateJWTSVID(
        _ token: String, audience: String
    ) async throws(WorkloadAPIError) -> (id: SPIFFEID, claims: OrderedMap) {
        try await connected { calls in
            var request = Workload_ValidateJWTSVIDRequest()
            request.audience = audience
            request.svid = token
            let response = try await calls.validateJWTSVID(request, metadata: Self.metadata, options: answerOptions)
            do {
                return (try SPIFFEID(response.spiffeID), try OrderedMap(response.claims, depth: 16))
            } catch {
                throw WorkloadAPIError(.malformed, "\(error)")
            }
        }
    }

    /// One stream of bundles of JWT authorities, until it ends.
    /// - Throws: ``WorkloadAPIError``: why it ended.
    func streamJWTBundles(
        _ receive: @Sendable @escaping (Result<BundleMap, WorkloadAPIError>) async -> Void
    ) async throws(WorkloadAPIError) {
        let limits = limits
        try await connected { calls in
            try await calls.fetchJWTBundles(.init(), metadata: Self.metadata, options: streamOptions) { response in
                for try await message in response.messages {
                    await receive(Self.read { try WorkloadBundles.jwt(message.bundles, limits: limits) })
                }
            }
        }
    }
}
