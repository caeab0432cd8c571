// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import GRPCCore
package import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

/// A Workload API as a workload sees it, in the words of the API, for people who look. Programs use `WorkloadClient`.
///
/// Every call throws ``AdministrationError``. Facts (SPIFFE) 8.2.
package struct WorkloadCalls: Sendable {
    private let connection: LocalConnection

    /// An identity with its key.
    package struct X509Identity: Hashable, Sendable {
        package var id: String
        /// Leaf first, one certificate behind the other in DER.
        package var chain: [UInt8]
        /// PKCS#8.
        package var key: [UInt8]
        /// One certificate behind the other in DER.
        package var bundle: [UInt8]
        package var hint: String

        package init(id: String, chain: [UInt8], key: [UInt8], bundle: [UInt8], hint: String) {
            self.id = id
            self.chain = chain
            self.key = key
            self.bundle = bundle
            self.hint = hint
        }
    }

    /// Everything that a workload is by certificates; what is not in it is no more.
    package struct X509State: Hashable, Sendable {
        package var identities: [X509Identity]
        package var revocationLists: [[UInt8]]
        /// By the ID of the trust domain.
        package var federatedBundles: [String: [UInt8]]

        package init(
            identities: [X509Identity], revocationLists: [[UInt8]] = [], federatedBundles: [String: [UInt8]] = [:]
        ) {
            self.identities = identities
            self.revocationLists = revocationLists
            self.federatedBundles = federatedBundles
        }
    }

    /// A token of an identity.
    package struct Token: Hashable, Sendable {
        package var id: String
        package var token: String
        package var hint: String

        package init(id: String, token: String, hint: String) {
            self.id = id
            self.token = token
            self.hint = hint
        }
    }

    /// Runs `body` with a connection to the Workload API at an address.
    /// - Parameters:
    ///   - patience: how long each call may take; nil for no limit, as a stream wants it.
    package static func connected<Result: Sendable>(
        to address: EndpointAddress, patience: Duration?, _ body: (WorkloadCalls) async throws -> Result
    ) async throws -> Result {
        try await LocalConnection.open(address, patience: patience) {
            try await body(WorkloadCalls(connection: $0))
        }
    }

    /// Whether the agent says of itself that it serves.
    package func isHealthy() async throws -> Bool { try await connection.isHealthy() }

    private var api: Workload_SpiffeWorkloadAPI.Client<LocalConnection.Transport> { .init(wrapping: connection.client) }
    /// Without it, nothing is answered: it shows that the caller is no browser led astray.
    private var header: Metadata { ["workload.spiffe.io": "true"] }

    /// The first state.
    package func x509State() async throws -> X509State {
        try await connection.call {
            try await api.fetchX509SVID(.init(), metadata: header, options: connection.options) { response in
                for try await message in response.messages { return X509State(message) }
                throw RPCError(code: .unavailable, message: "the stream ended before its first message")
            }
        }
    }

    /// Every state, until `handle` wants no more or the stream ends.
    /// - Returns: whether `handle` ended it.
    package func watchX509(_ handle: @escaping @Sendable (X509State) async throws -> Bool) async throws -> Bool {
        try await connection.call {
            try await api.fetchX509SVID(.init(), metadata: header, options: connection.options) { response in
                for try await message in response.messages
                where try await !handle(X509State(message)) { return true }
                return false
            }
        }
    }

    /// Tokens for an audience.
    /// - Parameters:
    ///   - id: of one identity; empty for all.
    package func tokens(audience: [String], id: String) async throws -> [Token] {
        try await connection.call {
            try await api.fetchJWTSVID(
                .with {
                    $0.audience = audience
                    $0.spiffeID = id
                }, metadata: header, options: connection.options
            ).svids.map { Token(id: $0.spiffeID, token: $0.svid, hint: $0.hint) }
        }
    }

    /// The JWK Sets by which tokens are judged, by the ID of the trust domain.
    package func tokenBundles() async throws -> [String: [UInt8]] {
        try await connection.call {
            try await api.fetchJWTBundles(.init(), metadata: header, options: connection.options) { response in
                for try await message in response.messages { return message.bundles.mapValues { Array($0) } }
                throw RPCError(code: .unavailable, message: "the stream ended before its first message")
            }
        }
    }

    /// Has a token judged.
    /// - Returns: whose it is, and its claims as JSON.
    package func validate(_ token: String, audience: String) async throws -> (id: String, claims: [UInt8]) {
        try await connection.call {
            let answer = try await api.validateJWTSVID(
                .with {
                    $0.audience = audience
                    $0.svid = token
                }, metadata: header, options: connection.options)
            do {
                return (answer.spiffeID, try answer.claims.jsonUTF8Bytes())
            } catch {
                throw AdministrationError(.internalError, "the claims are no JSON")
            }
        }
    }
}

extension WorkloadCalls.X509State {
    init(_ message: Workload_X509SVIDResponse) {
        identities = message.svids.map {
            WorkloadCalls.X509Identity(
                id: $0.spiffeID, chain: Array($0.x509Svid), key: Array($0.x509SvidKey), bundle: Array($0.bundle),
                hint: $0.hint)
        }
        revocationLists = message.crl.map { Array($0) }
        federatedBundles = message.federatedBundles.mapValues { Array($0) }
    }
}
