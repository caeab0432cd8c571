// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import GRPCProtobuf
import SPIFFE
import SPIREAPI
import ServiceLifecycle
import SwiftProtobuf
import Synchronization
import Testing

@testable import IdentityGRPC
@testable import NodeAgent

@Suite(.timeLimit(.minutes(2))) struct GRPCIssuerClientTests {
    private let authority: Authority
    private let issuer = ScriptedIssuer()

    init() throws {
        authority = try Authority()
        let bundle = try TrustBundle(
            trustDomain: authority.trustDomain, x509Authorities: [X509Authority(authority.certificate)], sequence: 7,
            refreshHint: 60)
        issuer.script.withLock { $0.bundle = Spire_Api_Types_Bundle(bundle) }
    }

    /// Runs issuer and client.
    private func client<Result: Sendable>(
        issuerPath: String = "/spire/server", patience: Duration = .seconds(20), trust: IssuerTrust? = nil,
        agents: (@Sendable () -> X509Bundle)? = nil,
        _ body: @escaping @Sendable (GRPCIssuerClient) async throws -> Result
    ) async throws -> Result {
        let own = try authority.credentials(issuerPath)
        var limits = ListenerLimits.remote
        limits.grace = .zero
        let bundle = authority.bundle
        let server = IdentityServer(
            host: "127.0.0.1", port: 0, credentials: { own },
            trust: PeerTrust(
                bundle: { $0 == bundle.trustDomain ? agents?() ?? bundle : nil }, now: { Authority.now }),
            services: [issuer], limits: limits, logger: ScriptedAnswers.silent
        ) { ProbeCaller(text: $0.svid?.id.path ?? "nobody") }
        return try await serving(server) { [authority] in
            let client = GRPCIssuerClient(
                of: authority.trustDomain, at: IssuerAddress(host: "127.0.0.1", port: try await server.ready()),
                patience: patience, now: { Authority.now }, logger: ScriptedAnswers.silent)
            return try await withThrowingTaskGroup { group in
                let services = ServiceGroup(services: [client], logger: ScriptedAnswers.silent)
                group.addTask { try await services.run() }
                defer { group.cancelAll() }
                await client.use(IssuerCredentials(trust: trust ?? .bundle(authority.bundle), identity: nil))
                return try await body(client)
            }
        }
    }

    private func identity() throws -> AgentIdentity {
        let credentials = try authority.credentials("/spire/agent/x")
        let key = try #require(SVIDKey(p256PKCS8: credentials.privateKey))
        return try AgentIdentity(
            chain: credentials.chain.map(\.der), key: key, isReattestable: false, under: authority.bundle,
            at: Authority.now)
    }

    @Test func attestationAnswersEveryChallenge() async throws {
        let issued = try await client { client in
            try await client.attest(NodeAttestationData(type: "x509pop", payload: [7]), request: [1, 2]) { [$0[0] * 2] }
        }
        #expect(issued == IssuedAgentSVID(chain: [[1, 2], [7]], isReattestable: true))
        #expect(issuer.callers.withLock { $0 }.isEmpty)
    }

    @Test func aWrongAnswerIsDenied() async throws {
        try await client { client in
            let error = await #expect(throws: IssuerClientError.self) {
                try await client.attest(NodeAttestationData(type: "x509pop", payload: []), request: []) { $0 }
            }
            #expect(error?.code == .denied)
        }
    }

    @Test func anAttestorThatGivesUpEndsTheCall() async throws {
        try await client { client in
            let error = await #expect(throws: IssuerClientError.self) {
                try await client.attest(NodeAttestationData(type: "x509pop", payload: []), request: []) {
                    _ throws(IssuerClientError) -> [UInt8] in throw IssuerClientError(.invalidRequest, "no key")
                }
            }
            #expect(error == IssuerClientError(.invalidRequest, "no key"))
        }
    }

    @Test func aCallThatWasRefusedWithItsConnectionIsMadeOnceMore() async throws {
        try await client { [issuer] client in
            issuer.script.withLock { $0.refusals = 1 }
            let svid = try await client.newJWTSVID(entryID: "web", audience: ["db"])
            #expect(svid.token == "token for db")
            #expect(issuer.callers.withLock { $0.count } == 2)
            issuer.script.withLock { $0.refusals = 2 }
            let error = await #expect(throws: IssuerClientError.self) { try await client.bundle() }
            #expect(error?.code == .unavailable)
            #expect(issuer.callers.withLock { $0.count } == 4)
        }
    }

    @Test func aRenewalIsNotRepeated() async throws {
        try await client { [issuer] client in
            issuer.script.withLock { $0.refusals = 1 }
            let error = await #expect(throws: IssuerClientError.self) { try await client.renew(request: [1]) }
            #expect(error?.code == .unavailable)
            #expect(issuer.callers.withLock { $0.count } == 1)
        }
    }

    @Test func theBundleIsRead() async throws {
        let bundle = try await client { try await $0.bundle() }
        #expect(bundle.x509Bundle == authority.bundle)
        #expect((bundle.sequence, bundle.refreshHint) == (7, 60))
    }

    @Test func aBundleOfAnotherDomainIsRefused() async throws {
        issuer.script.withLock { $0.bundle.trustDomain = "other.test" }
        try await client { client in
            let error = await #expect(throws: IssuerClientError.self) { try await client.bundle() }
            #expect(error?.code == .malformedAnswer)
        }
    }

    @Test func aMissingFederatedBundleIsNone() async throws {
        let bundle = try await client { try await $0.federatedBundle(of: try TrustDomain("partner.test")) }
        #expect(bundle == nil)
    }

    @Test func newCredentialsMakeNewConnections() async throws {
        let identity = try identity()
        let trust = IssuerTrust.bundle(authority.bundle)
        try await client { client in
            try await client.postStatus(agentVersion: "1")
            await client.use(IssuerCredentials(trust: trust, identity: identity))
            try await client.postStatus(agentVersion: "1")
        }
        #expect(issuer.callers.withLock { $0 } == ["nobody", "/spire/agent/x"])
    }

    /// Of an agent under an authority that was just revoked nothing is taken any more, but it must hear of it.
    @Test func theBundleIsToldToWhoeverIsTrustedNoMore() async throws {
        let identity = try identity()
        let trust = IssuerTrust.bundle(authority.bundle)
        let other = try Authority().bundle
        let agents = Mutex(authority.bundle)
        try await client(patience: .seconds(8), agents: { agents.withLock { $0 } }) { client in
            await client.use(IssuerCredentials(trust: trust, identity: identity))
            try await client.postStatus(agentVersion: "1")
            agents.withLock { $0 = other }
            // Over the connection that there is, and with one that can't be made.
            #expect(try await client.bundle().sequence == 7)
            await client.use(IssuerCredentials(trust: trust, identity: identity))
            #expect(try await client.bundle().sequence == 7)
            await #expect(throws: IssuerClientError.self) { try await client.postStatus(agentVersion: "1") }
        }
        #expect(issuer.callers.withLock { $0 } == ["/spire/agent/x", "nobody", "nobody"])
    }

    @Test func whoeverIsNoIssuerIsNotAskedAsAStranger() async throws {
        let identity = try identity()
        let other = try Authority()
        try await client(patience: .seconds(2)) { client in
            await client.use(IssuerCredentials(trust: .bundle(other.bundle), identity: identity))
            let error = await #expect(throws: IssuerClientError.self) { try await client.bundle() }
            #expect(error?.code == .untrustedIssuer)
        }
        #expect(issuer.callers.withLock { $0 }.isEmpty)
    }

    @Test func onlyTheIssuersOwnIDIsTaken() async throws {
        try await client(issuerPath: "/spire/agent/x", patience: .seconds(5)) { client in
            let error = await #expect(throws: IssuerClientError.self) { try await client.bundle() }
            #expect(error?.code == .untrustedIssuer)
        }
    }

    @Test func anIssuerUnderAnotherAuthorityIsNotTrusted() async throws {
        let other = try Authority()
        try await client(patience: .seconds(5), trust: .bundle(other.bundle)) { client in
            let error = await #expect(throws: IssuerClientError.self) { try await client.bundle() }
            #expect(error?.code == .untrustedIssuer)
        }
    }

    @Test func anybodyIsTakenWhereTheOperatorSaysSo() async throws {
        let bundle = try await client(issuerPath: "/whoever", trust: .anybody) { try await $0.bundle() }
        #expect(bundle.trustDomain == authority.trustDomain)
    }

    static let reasons: [(Spire_Api_Types_PermissionDeniedDetails.Reason, IssuerClientError.Code)] = [
        (.agentExpired, .agentExpired), (.agentNotActive, .agentNotActive), (.agentNotAttested, .agentNotAttested),
        (.agentBanned, .agentBanned), (.agentMustReattest, .agentMustReattest), (.unknown, .denied),
    ]

    @Test(arguments: reasons) func reasonsAreReadFromTheDetails(
        reason: Spire_Api_Types_PermissionDeniedDetails.Reason, code: IssuerClientError.Code
    ) async throws {
        let detail = try Google_Protobuf_Any(
            message: Spire_Api_Types_PermissionDeniedDetails.with { $0.reason = reason })
        issuer.script.withLock {
            $0.denial = GoogleRPCStatus(code: .permissionDenied, message: "no", details: .any(detail))
        }
        try await client { client in
            let error = await #expect(throws: IssuerClientError.self) { try await client.renew(request: [1]) }
            #expect(error?.code == code)
        }
    }

    static let codes: [(RPCError.Code, IssuerClientError.Code)] = [
        (.unavailable, .unavailable), (.resourceExhausted, .resourceExhausted), (.permissionDenied, .denied),
        (.notFound, .notFound), (.invalidArgument, .invalidRequest), (.internalError, .failed),
        (.unauthenticated, .denied),
    ]

    @Test(arguments: codes) func codesAreTranslated(code: RPCError.Code, own: IssuerClientError.Code) async throws {
        issuer.script.withLock { $0.denial = RPCError(code: code, message: "m") }
        try await client { client in
            let error = await #expect(throws: IssuerClientError.self) { try await client.renew(request: [1]) }
            #expect(error == IssuerClientError(own, "m"))
        }
    }

    @Test func noAnswerInTimeIsADeadline() async throws {
        issuer.script.withLock { $0.neverAnswers = true }
        try await client(patience: .milliseconds(500)) { client in
            let error = await #expect(throws: IssuerClientError.self) { try await client.renew(request: [1]) }
            #expect(error?.code == .deadline)
        }
    }

    @Test func eachItemOfABatchHasAStatus() async throws {
        issuer.script.withLock {
            $0.results = [
                .with { $0.svid.certChain = [Data([1])] },
                .with {
                    $0.status.code = 5
                    $0.status.message = "entry not found or not authorized"
                },
            ]
        }
        let requests = [X509SVIDRequest(entryID: "a", request: []), X509SVIDRequest(entryID: "b", request: [])]
        try await client { client in
            let answers = try await client.newX509SVIDs(requests)
            #expect(
                answers == [
                    .issued([[1]]), .refused(IssuerClientError(.notFound, "entry not found or not authorized")),
                ])
            let error = await #expect(throws: IssuerClientError.self) { try await client.newX509SVIDs([requests[0]]) }
            #expect(error?.code == .malformedAnswer)
        }
    }

    @Test func tokensNeedTimes() async throws {
        try await client { client in
            let token = try await client.newJWTSVID(entryID: "a", audience: ["x", "y"])
            #expect(token.token == "token for x y")
            #expect((token.issuedAt.seconds, token.expiresAt.seconds) == (100, 200))
            let error = await #expect(throws: IssuerClientError.self) {
                try await client.newJWTSVID(entryID: "timeless", audience: ["x"])
            }
            #expect(error?.code == .malformedAnswer)
        }
    }

    @Test func entriesAreSynchronised() async throws {
        issuer.script.withLock {
            $0.pages = [.with { $0.entryRevisions = [.with { $0.id = "a" }] }, .init()]
        }
        let changes = try await client { client in
            try await client.syncEntries(known: [EntryRevision(id: "gone", revision: 1, createdAt: 1)])
        }
        #expect(changes == EntryChanges(updated: [], removed: ["gone"]))
    }

    @Test func anExchangeThatBreaksOffIsNotTakenForWhole() async throws {
        issuer.script.withLock { $0.pages = [.with { $0.more = true }] }
        try await client { client in
            let error = await #expect(throws: IssuerClientError.self) { try await client.syncEntries(known: []) }
            #expect(error?.code == .malformedAnswer)
        }
    }

    @Test func nothingIsAskedBeforeThereAreCredentials() async throws {
        let client = GRPCIssuerClient(
            of: authority.trustDomain, at: IssuerAddress(host: "127.0.0.1", port: 1), now: { Authority.now },
            logger: ScriptedAnswers.silent)
        let error = await #expect(throws: IssuerClientError.self) { try await client.bundle() }
        #expect(error?.code == .unavailable)
    }
}
