// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import NodeAgent
import SPIFFE
import SPIREAPI
import SwiftProtobuf
import Testing

@testable import IdentityGRPC

@Suite(.timeLimit(.minutes(2))) struct WorkloadAPITests {
    typealias API = Workload_SpiffeWorkloadAPI
    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    private static let header: Metadata = [WorkloadHeaderRule.header: "true"]

    private let folder: SocketFolder
    private let answers: ScriptedAnswers

    init() throws {
        folder = try SocketFolder()
        answers = try ScriptedAnswers()
    }

    private func client<Result: Sendable>(
        offer: IdentityServer.WorkloadOffer = .init(), isServing: Bool = true,
        _ body: @escaping @Sendable (Client) async throws -> Result
    ) async throws -> Result {
        var limits = ListenerLimits.local
        limits.grace = .zero
        limits.messageBytes = 64 << 10
        let server = IdentityServer.workloads(
            at: .path(folder.socket, permissions: 0o777), answers: answers, offer: offer, limits: limits,
            logger: ScriptedAnswers.silent, isServing: { isServing })
        return try await serving(server) { [path = folder.socket] in try await calling(path, body) }
    }

    /// The code and message of a refusal.
    private func refusal(
        _ call: @escaping @Sendable (Client) async throws -> Void
    ) async throws -> (code: RPCError.Code, message: String) {
        try await client { client in
            let error = await #expect(throws: RPCError.self) { try await call(client) }
            let found = try #require(error)
            return (found.code, found.message)
        }
    }

    private static func firstX509(
        _ client: Client, metadata: Metadata = header
    ) async throws -> Workload_X509SVIDResponse {
        try await API.Client(wrapping: client).fetchX509SVID(.init(), metadata: metadata) { response in
            for try await message in response.messages { return message }
            throw RPCError(code: .unknown, message: "no message")
        }
    }

    // MARK: Callers that go

    @Test func `a stream ends as soon as its caller has gone, without waiting for an update`() async throws {
        answers.publish(try answers.update("/web"))
        let departed = try await client { [answers] client in
            _ = try await Self.firstX509(client)
            for await _ in answers.departures { return true }
            return false
        }
        #expect(departed)
    }

    // MARK: The header

    static let wrongHeaders: [Metadata] = [
        [:], [WorkloadHeaderRule.header: "TRUE"], [WorkloadHeaderRule.header: ""],
        [WorkloadHeaderRule.header: "true", "workload.spiffe.io": "true"],
        [WorkloadHeaderRule.header: "true", "Workload.Spiffe.IO": "false"],
        ["workload-spiffe-io": "true"],
    ]

    @Test(arguments: wrongHeaders) func everyCallNeedsTheHeaderOnce(metadata: Metadata) async throws {
        answers.publish(try answers.update("/web"))
        let found = try await refusal { _ = try await Self.firstX509($0, metadata: metadata) }
        #expect(found.code == .invalidArgument)
        #expect(found.message == "security header missing from request")
        #expect(answers.asked.isEmpty)
    }

    @Test func everyMethodNeedsTheHeader() async throws {
        let codes = try await client { client in
            let api = API.Client(wrapping: client)
            var codes: [RPCError.Code?] = []
            func note(_ call: () async throws -> Void) async {
                do {
                    try await call()
                    codes.append(nil)
                } catch {
                    codes.append((error as? RPCError)?.code)
                }
            }
            await note { try await api.fetchX509SVID(.init()) { for try await _ in $0.messages {} } }
            await note { try await api.fetchX509Bundles(.init()) { for try await _ in $0.messages {} } }
            await note { _ = try await api.fetchJWTSVID(.init()) }
            await note { try await api.fetchJWTBundles(.init()) { for try await _ in $0.messages {} } }
            await note { _ = try await api.validateJWTSVID(.init()) }
            await note { try await api.fetchWITSVID(.init()) { for try await _ in $0.messages {} } }
            await note { try await api.fetchWITBundles(.init()) { for try await _ in $0.messages {} } }
            return codes
        }
        #expect(codes == Array(repeating: .invalidArgument, count: 7))
    }

    @Test func otherServicesNeedNoHeader() async throws {
        let status = try await client { try await Grpc_Health_V1_Health.Client(wrapping: $0).check(.init()).status }
        #expect(status == .serving)
    }

    // MARK: X.509

    @Test func theFirstStateComesAtOnceAndWhole() async throws {
        let update = try answers.update("/web", "/api")
        answers.publish(update)
        let message = try await client { try await Self.firstX509($0) }
        #expect(message.svids.map(\.spiffeID) == ["spiffe://example.org/web", "spiffe://example.org/api"])
        #expect(message.svids.map(\.hint) == ["hint of /web", "hint of /api"])
        #expect(Array(message.svids[0].x509Svid) == update.svids[0].chain[0].der)
        #expect(Array(message.svids[0].x509SvidKey) == update.svids[0].key.pkcs8)
        #expect(Array(message.svids[0].bundle) == answers.authority.certificate.der)
        #expect(message.federatedBundles == ["spiffe://partner.test": Data(answers.partner.certificate.der)])
        #expect(message.crl.isEmpty)
        #expect(answers.asked == ["x509 peer \(ProcessInfo.processInfo.processIdentifier)"])
    }

    @Test func changesFollowAndTheEndIsSaid() async throws {
        answers.publish(try answers.update("/web"))
        let second = try answers.update("/web", "/api")
        let (counts, code) = try await client { [answers] client in
            try await API.Client(wrapping: client).fetchX509SVID(.init(), metadata: Self.header) { response in
                var counts: [Int] = []
                do {
                    for try await message in response.messages {
                        counts.append(message.svids.count)
                        if counts.count == 1 { answers.publish(second) } else { answers.deny(.noIdentity) }
                    }
                    return (counts, RPCError.Code?.none)
                } catch let error as RPCError {
                    return (counts, error.code)
                }
            }
        }
        #expect(counts == [1, 2])
        #expect(code == .permissionDenied)
    }

    static let denials: [(WorkloadDenial, RPCError.Code, String)] = [
        (.noIdentity, .permissionDenied, "no identity issued"),
        (.attestationFailed, .unavailable, "workload attestation failed"),
        (.notServing, .unavailable, "agent is not ready"),
        (.invalidArgument("x"), .invalidArgument, "x"),
    ]

    @Test(arguments: denials) func denialsAreSaidAsTheyAre(
        denial: WorkloadDenial, code: RPCError.Code, message: String
    ) async throws {
        answers.deny(denial)
        let found = try await refusal { _ = try await Self.firstX509($0) }
        #expect(found.code == code)
        #expect(found.message == message)
    }

    @Test func bundlesAreNamedByTrustDomain() async throws {
        let (x509, keys) = try await client { client in
            let api = API.Client(wrapping: client)
            let x509 = try await api.fetchX509Bundles(.init(), metadata: Self.header) { response in
                try await response.messages.reduce(into: [String]()) { $0 = $1.bundles.keys.sorted() }
            }
            let keys = try await api.fetchJWTBundles(.init(), metadata: Self.header) { response in
                try await response.messages.reduce(into: [String: Data]()) { $0 = $1.bundles }
            }
            return (x509, keys)
        }
        #expect(x509 == ["spiffe://example.org", "spiffe://partner.test"])
        #expect(keys == ["spiffe://example.org": Data("{}".utf8)])
    }

    // MARK: Tokens

    @Test func tokensAreFetched() async throws {
        let answer = try await client { client in
            try await API.Client(wrapping: client).fetchJWTSVID(
                .with {
                    $0.audience = ["a", "b"]
                    $0.spiffeID = "spiffe://example.org/web"
                }, metadata: Self.header)
        }
        #expect(answer.svids.map(\.spiffeID) == ["spiffe://example.org/web"])
        #expect(answer.svids.map(\.hint) == ["h"])
        #expect(answers.asked.first?.hasPrefix("token [\"a\", \"b\"] spiffe://example.org/web peer") == true)
    }

    @Test func anEmptyIDMeansAnyID() async throws {
        _ = try await client { client in
            try await API.Client(wrapping: client).fetchJWTSVID(.with { $0.audience = ["a"] }, metadata: Self.header)
        }
        #expect(answers.asked.first?.hasPrefix("token [\"a\"] any") == true)
    }

    @Test func aTokenNeedsAnAudience() async throws {
        let found = try await refusal { client in
            _ = try await API.Client(wrapping: client).fetchJWTSVID(.init(), metadata: Self.header)
        }
        #expect(found.code == .invalidArgument)
        #expect(found.message == "audience must be specified")
    }

    @Test func claimsComeAsAStruct() async throws {
        let answer = try await client { client in
            try await API.Client(wrapping: client).validateJWTSVID(
                .with {
                    $0.audience = "a"
                    $0.svid = "good"
                }, metadata: Self.header)
        }
        #expect(answer.spiffeID == "spiffe://example.org/web")
        let claims = answer.claims.fields
        #expect(claims["sub"]?.stringValue == "spiffe://example.org/web")
        #expect(claims["aud"]?.listValue.values.map(\.stringValue) == ["a", "b"])
        #expect(claims["exp"]?.numberValue == 1_785_585_900)
        let nested = claims["nested"]?.structValue.fields
        #expect(nested?["yes"]?.boolValue == true)
        #expect(nested?["nothing"]?.kind == .nullValue(.nullValue))
        #expect(nested?["half"]?.numberValue == 0.5)
        #expect(claims["huge"]?.stringValue.count == 400)
    }

    @Test func aBadTokenIsAnInvalidArgument() async throws {
        let found = try await refusal { client in
            _ = try await API.Client(wrapping: client).validateJWTSVID(
                .with {
                    $0.audience = "a"
                    $0.svid = "bad"
                }, metadata: Self.header)
        }
        #expect(found.code == .invalidArgument)
        #expect(found.message == "token signature is invalid")
    }

    @Test func witIsNotServed() async throws {
        let svid = try await refusal { client in
            try await API.Client(wrapping: client).fetchWITSVID(.init(), metadata: Self.header) {
                for try await _ in $0.messages {}
            }
        }
        let bundles = try await refusal { client in
            try await API.Client(wrapping: client).fetchWITBundles(.init(), metadata: Self.header) {
                for try await _ in $0.messages {}
            }
        }
        #expect(svid.code == .unimplemented)
        #expect(bundles.code == .unimplemented)
    }

    // MARK: Malformed

    @Test func bytesThatAreNoMessageAreRefused() async throws {
        for bytes: [UInt8] in [[0x0a, 0xff], [0xff, 0xff, 0xff], [0x0a, 0x02, 0xc3, 0x28]] {
            let found = try await refusal { client in
                _ = try await client.unary(
                    request: ClientRequest(message: bytes, metadata: Self.header),
                    descriptor: API.Method.FetchJWTSVID.descriptor, serializer: RawBytes(), deserializer: RawBytes(),
                    options: .defaults
                ) { try $0.message }
            }
            #expect(found.code == .invalidArgument)
            #expect(found.message == "malformed request")
        }
        #expect(answers.asked.isEmpty)
    }

    @Test func hugeMessagesAreRefused() async throws {
        let found = try await refusal { client in
            _ = try await API.Client(wrapping: client).fetchJWTSVID(
                .with { $0.audience = [String(repeating: "a", count: 128 << 10)] }, metadata: Self.header)
        }
        #expect(found.code == .resourceExhausted)
        #expect(found.message == "request is too large")
        #expect(answers.asked.isEmpty)
    }

    /// Other calls of the connection go on, and messages may come in pieces.
    @Test func aHugeMessageEndsItsOwnCallOnly() async throws {
        let fitting = [String(repeating: "a", count: 60 << 10)]
        let (codes, asked) = try await client { [answers] client in
            let api = API.Client(wrapping: client)
            var codes: [RPCError.Code] = []
            for count in [70 << 10, 1 << 20, 66 << 10] {
                do {
                    _ = try await api.fetchJWTSVID(
                        .with { $0.audience = [String(repeating: "a", count: count)] }, metadata: Self.header)
                } catch let error as RPCError {
                    codes.append(error.code)
                }
                _ = try await api.fetchJWTSVID(.with { $0.audience = fitting }, metadata: Self.header)
            }
            return (codes, answers.asked.count)
        }
        #expect(codes == [.resourceExhausted, .resourceExhausted, .resourceExhausted])
        #expect(asked == 3)
    }

    @Test func unknownMethodsAreUnimplemented() async throws {
        let found = try await refusal { client in
            _ = try await client.unary(
                request: ClientRequest(message: [], metadata: Self.header),
                descriptor: MethodDescriptor(fullyQualifiedService: "SpiffeWorkloadAPI", method: "NoSuch"),
                serializer: RawBytes(), deserializer: RawBytes(), options: .defaults
            ) { try $0.message }
        }
        #expect(found.code == .unimplemented)
    }

    // MARK: What else the socket serves

    @Test func healthSaysWhatTheAgentSays() async throws {
        let status = try await client(isServing: false) { client in
            try await Grpc_Health_V1_Health.Client(wrapping: client).check(.init()).status
        }
        #expect(status == .notServing)
    }

    @Test func healthKnowsNoOtherNames() async throws {
        let found = try await refusal { client in
            _ = try await Grpc_Health_V1_Health.Client(wrapping: client).check(.with { $0.service = "x" })
        }
        #expect(found.code == .notFound)
    }

    @Test func whatIsNotOfferedIsNotThere() async throws {
        var offer = IdentityServer.WorkloadOffer()
        offer.workloadAPI = false
        offer.secrets = nil
        let codes = try await client(offer: offer) { client in
            let api = await #expect(throws: RPCError.self) { _ = try await Self.firstX509(client) }
            let secrets = await #expect(throws: RPCError.self) {
                _ = try await Envoy_Service_Secret_V3_SecretDiscoveryService.Client(wrapping: client)
                    .fetchSecrets(.init())
            }
            return [api?.code, secrets?.code]
        }
        #expect(codes == [.unimplemented, .unimplemented])
    }
}
