// SPDX-License-Identifier: Apache-2.0

import JOSE
import Logging
import SPIFFE
import Testing

@testable import IdentityGRPC
@testable import Issuer
@testable import NodeAgent

/// An issuer below another one that is served: what it may ask, and what it does not believe.
@Suite(.timeLimit(.minutes(2))) struct GRPCUpstreamIssuerTests {
    private let upper: ServedIssuer
    private let agent: ScriptedAnswers
    private let folder: SocketFolder

    init() async throws {
        upper = try await ServedIssuer(configure: { $0.allowsDownstream = true })
        agent = try ScriptedAnswers()
        folder = try SocketFolder()
    }

    /// Has the agent say that we are somebody.
    private func become(_ peer: TestPeer, under bundle: X509Bundle? = nil) throws {
        agent.publish(
            X509Update(
                svids: [
                    WorkloadSVID(
                        entryID: "below", id: peer.id, chain: try peer.chain.map { try X509Certificate(der: $0) },
                        key: try #require(SVIDKey(p256PKCS8: peer.key.pkcs8)), hint: "")
                ], bundle: bundle ?? upper.authorities.state.bundle.x509Bundle, federatedBundles: []))
    }

    @discardableResult private func asked<R: Sendable>(
        _ body: @escaping @Sendable (GRPCUpstreamIssuer) async throws -> R
    ) async throws -> R {
        var limits = ListenerLimits.local
        limits.grace = .zero
        let sockets = IdentityServer.workloads(
            at: .path(folder.socket, permissions: 0o777), answers: agent, limits: limits,
            logger: ScriptedAnswers.silent, isServing: { true })
        return try await upper.serve { [upper, folder] port in
            try await serving(sockets) {
                try await body(
                    GRPCUpstreamIssuer(
                        of: ServedIssuer.domain, at: IssuerAddress(host: "127.0.0.1", port: port),
                        agent: .unix(path: folder.socket), patience: .seconds(5), now: { upper.clock.now() }))
            }
        }
    }

    private func refused(
        _ message: String, _ body: @escaping @Sendable (GRPCUpstreamIssuer) async throws -> Void
    ) async throws {
        try await asked { upstream in
            await #expect(throws: IssuerError(.unavailable, message)) { try await body(upstream) }
        }
    }

    @Test func anIssuerBelowIsCertifiedAndSharesTheBundle() async throws {
        try become(try await upper.peer("/downstream", isDownstream: true))
        let csr = try TestRequest.der()
        let key = try PrivateKey(generating: .p256).publicKey
        let token = try TokenAuthority(keyID: "below", key: key)
        try await asked { [upper] upstream in
            let answer = try await upstream.certify(request: csr, for: ServedIssuer.domain, lifetime: 600)
            let root = try #require(answer.roots.first)
            #expect(answer.chain.count == 1)
            #expect(answer.chain.first?.hasSignature(by: root) == true)
            #expect(answer.chain.first?.notAfter == upper.clock.now().advanced(by: 600))
            try await upstream.publish(token)
            let bundle = try await upstream.bundle()
            #expect(bundle.jwtAuthorities.contains { $0.keyID == "below" })
            #expect(bundle.x509Authorities == upper.authorities.state.bundle.x509Authorities)
        }
        #expect(upper.log.accesses(of: "NewDownstreamX509CA").first?["authorized_as"] == "downstream")
    }

    @Test func aWhollyNestedIssuerServesSVIDs() async throws {
        try become(try await upper.peer("/downstream", isDownstream: true))
        let roots = upper.authorities.state.bundle.x509Bundle
        try await asked { [upper] upstream in
            let authorities = try await AuthorityService.open(
                configuration: IssuerConfiguration(trustDomain: ServedIssuer.domain),
                keys: VaultAuthorityKeys.inMemory(), store: MemoryAuthorityStore(), gate: OpenGate(),
                upstream: upstream, clock: upper.clock, logger: ScriptedAnswers.silent)
            let entry = try await authorities.prepare(.x509)
            #expect(entry.upstreamAuthorityID == upper.authorities.state.x509.active?.authorityID)
            #expect(authorities.state.bundle.x509Bundle == roots)
        }
    }

    @Test func whoIsNoDownstreamServerIsRefused() async throws {
        try become(try await upper.peer("/web"))
        let csr = try TestRequest.der()
        try await refused("upstream authority can't be asked") {
            _ = try await $0.certify(request: csr, for: ServedIssuer.domain, lifetime: 600)
        }
    }

    /// The agent names another authority than the one that the server hangs from.
    @Test func aServerThatIsNotTheDomainsIsNotAsked() async throws {
        let stranger = try Authority()
        try become(try await upper.peer("/downstream", isDownstream: true), under: stranger.bundle)
        try await refused("upstream authority is not trusted") { _ = try await $0.bundle() }
        #expect(upper.log.accesses(of: "GetBundle").isEmpty)
    }

    @Test func withoutAnIdentityNobodyIsAsked() async throws {
        agent.deny(.noIdentity)
        try await refused("the agent that vouches for this issuer can't be asked") { _ = try await $0.bundle() }
        let upstream = GRPCUpstreamIssuer(
            of: ServedIssuer.domain, at: IssuerAddress(host: "127.0.0.1", port: 1),
            agent: .unix(path: folder.socket), patience: .seconds(5), now: { upper.clock.now() })
        await #expect(
            throws: IssuerError(.unavailable, "the agent that vouches for this issuer can't be asked")
        ) { try await upstream.bundle() }
    }

    @Test func anIdentityOfAnotherDomainIsNone() async throws {
        let other = try Authority("other.test")
        let credentials = try other.credentials("/downstream")
        agent.publish(
            X509Update(
                svids: [
                    WorkloadSVID(
                        entryID: "x", id: try SPIFFEID("spiffe://other.test/downstream"), chain: credentials.chain,
                        key: try #require(SVIDKey(p256PKCS8: credentials.privateKey)), hint: "")
                ], bundle: other.bundle, federatedBundles: []))
        try await refused("the agent knows no identity of example.org for this issuer") { _ = try await $0.bundle() }
    }
}
