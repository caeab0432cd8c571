// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import GRPCCore
package import Issuer
internal import JOSE
internal import NodeAgent
package import SPIFFE
internal import SPIREAPI
internal import SwiftProtobuf

/// An issuer above ours over SPIRE's API: ours, or a SPIRE server. Facts (SPIFFE) 16.3.
///
/// This process is a workload there: who it is, and whom it takes for the issuer, an agent of the domain tells it anew for
/// each call. Its entry has to say that it is a downstream server.
package struct GRPCUpstreamIssuer: UpstreamIssuer {
    private let trustDomain: TrustDomain
    private let address: IssuerAddress
    private let agent: EndpointAddress
    private let patience: Duration
    private let now: @Sendable () -> CertificateTime

    /// - Parameters:
    ///   - agent: where the Workload API of an agent of the same trust domain is.
    ///   - patience: how long one call may take.
    package init(
        of trustDomain: TrustDomain, at address: IssuerAddress, agent: EndpointAddress,
        patience: Duration = .seconds(15), now: @escaping @Sendable () -> CertificateTime
    ) {
        self.trustDomain = trustDomain
        self.address = address
        self.agent = agent
        self.patience = patience
        self.now = now
    }

    // MARK: Calls

    package func certify(
        request: [UInt8], for trustDomain: TrustDomain, lifetime: Int64
    ) async throws -> UpstreamCertificate {
        let answer = try await call { client, options in
            try await Spire_Api_Server_Svid_V1_SVID.Client(wrapping: client).newDownstreamX509CA(
                .with {
                    $0.csr = Data(request)
                    $0.preferredTtl = Int32(clamping: lifetime)
                }, options: options)
        }
        do {
            return UpstreamCertificate(
                chain: try answer.caCertChain.map { try X509Certificate(der: Array($0)) },
                roots: try answer.x509Authorities.map { try X509Certificate(der: Array($0)) })
        } catch {
            throw IssuerError(.unavailable, "upstream authority answered with no certificates", cause: error)
        }
    }

    package func bundle() async throws -> TrustBundle {
        let message = try await call { client, options in
            try await Spire_Api_Server_Bundle_V1_Bundle.Client(wrapping: client)
                .getBundle(Spire_Api_Server_Bundle_V1_GetBundleRequest(), options: options)
        }
        do {
            return try TrustBundle(message)
        } catch {
            throw IssuerError(.unavailable, "upstream authority answered with no bundle", cause: error)
        }
    }

    package func publish(_ key: TokenAuthority) async throws {
        _ = try await call { client, options in
            try await Spire_Api_Server_Bundle_V1_Bundle.Client(wrapping: client).publishJWTAuthority(
                .with { $0.jwtAuthority = Spire_Api_Types_JWTKey(key) }, options: options)
        }
    }

    // MARK: Connections

    /// Makes one call over a connection of its own.
    private func call<Answer: Sendable>(
        _ body: @escaping @Sendable (IssuerConnection.Client, CallOptions) async throws -> Answer
    ) async throws -> Answer {
        let connection = try await connection()
        var options = CallOptions.defaults
        options.timeout = patience
        options.maxResponseMessageBytes = 64 << 20
        do {
            return try await withThrowingTaskGroup(of: Void.self) { [options] group in
                group.addTask { try await connection.client.runConnections() }
                defer { group.cancelAll() }
                let answer = try await body(connection.client, options)
                connection.client.beginGracefulShutdown()
                return answer
            }
        } catch let error as RPCError {
            if let distrust = connection.distrust {
                throw IssuerError(.unavailable, "upstream authority is not trusted", detail: distrust.description)
            }
            throw IssuerError(.unavailable, "upstream authority can't be asked", cause: error)
        }
    }

    /// A connection as whom the agent says that we are.
    private func connection() async throws -> IssuerConnection {
        let state: WorkloadCalls.X509State
        do {
            state = try await WorkloadCalls.connected(to: agent, patience: patience) { try await $0.x509State() }
        } catch {
            throw IssuerError(.unavailable, "the agent that vouches for this issuer can't be asked", cause: error)
        }
        do {
            for identity in state.identities {
                let svid = try X509SVID(concatenatedDER: identity.chain, pkcs8: identity.key)
                guard svid.id.trustDomain == trustDomain else { continue }
                let roots = try CertificateEncoding.certificates(inConcatenatedDER: identity.bundle, most: 1000)
                let bundle = X509Bundle(
                    trustDomain: trustDomain, authorities: try roots.map { try X509Certificate(der: $0) })
                return try IssuerConnection(
                    to: address, trustDomain: trustDomain, trust: .bundle(bundle),
                    identity: TLSCredentials(chain: svid.chain, privateKey: svid.privateKey.pkcs8), now: now)
            }
        } catch {
            throw IssuerError(.unavailable, "the agent's answer can't be used", cause: error)
        }
        throw IssuerError(.unavailable, "the agent knows no identity of \(trustDomain) for this issuer")
    }
}
