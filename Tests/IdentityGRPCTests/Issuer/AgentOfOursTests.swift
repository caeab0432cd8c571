// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import ServiceLifecycle
import Testing

@testable import IdentityGRPC
@testable import Issuer
@testable import NodeAgent

/// The client of our node agent against the services of our issuer.
@Suite(.timeLimit(.minutes(2))) struct AgentOfOursTests {
    @Test func anAgentLivesByItsIssuer() async throws {
        let issuer = try await ServedIssuer()
        _ = try await issuer.facades.agents.createJoinToken(ttl: 60, value: "t")
        let trust = issuer.facades.bundles.bundle.x509Bundle
        try await issuer.serve { port in
            let client = GRPCIssuerClient(
                of: ServedIssuer.domain, at: IssuerAddress(host: "127.0.0.1", port: port),
                now: { issuer.clock.now() }, logger: ScriptedAnswers.silent)
            try await withThrowingTaskGroup { group in
                let services = ServiceGroup(services: [client], logger: ScriptedAnswers.silent)
                group.addTask { try await services.run() }
                defer { group.cancelAll() }
                await client.use(IssuerCredentials(trust: .bundle(trust), identity: nil))
                let key = try PrivateKey(generating: .p256)
                let joined = try await client.attest(
                    NodeAttestationData(type: "join_token", payload: Array("t".utf8)),
                    request: try TestRequest.der(key)
                ) { (_) throws(IssuerClientError) in throw IssuerClientError(.cancelled) }
                #expect(!joined.isReattestable)
                let identity = try AgentIdentity(
                    chain: joined.chain, key: try #require(SVIDKey(p256PKCS8: key.pkcs8)), isReattestable: false,
                    under: trust, at: issuer.clock.now())
                await client.use(IssuerCredentials(trust: .bundle(trust), identity: identity))

                // More entries than go at once.
                let made = try await issuer.facades.entries.create(
                    (0..<501).map { .sample("/w\($0)", parent: identity.id.path) })
                let synced = try await client.syncEntries(known: [])
                #expect(synced.updated.count == 501)
                let id = try #require(made.first?.value?.id)
                _ = try await issuer.facades.entries.delete([id])
                let next = try await client.syncEntries(known: synced.updated.map { EntryRevision(of: $0) })
                #expect(next.updated.isEmpty)
                #expect(next.removed == [id])

                let other = try #require(made.last?.value)
                let answers = try await client.newX509SVIDs([
                    .init(entryID: other.id, request: try TestRequest.der()),
                    .init(entryID: id, request: try TestRequest.der()),
                ])
                #expect(answers.count == 2)
                let token = try await client.newJWTSVID(entryID: other.id, audience: ["a"])
                #expect(token.expiresAt.seconds == issuer.clock.now().seconds + 300)
                #expect(try await client.bundle() == issuer.facades.bundles.bundle)
                #expect(try await client.federatedBundle(of: TrustDomain("other.test")) == nil)
                try await client.postStatus(agentVersion: "1")

                try await issuer.facades.agents.ban(IDDraft(identity.id))
                let error = await #expect(throws: IssuerClientError.self) {
                    _ = try await client.syncEntries(known: [])
                }
                #expect(error?.code == .agentBanned)
            }
        }
    }
}
