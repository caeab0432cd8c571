// SPDX-License-Identifier: Apache-2.0

import Issuer
import SPIFFE
import Synchronization
import Testing

/// Serves what a test wants and remembers what was asked.
private final class ScriptedFetcher: HTTPChallengeFetcher {
    let asked = Mutex<[String]>([])
    let answer: @Sendable () throws -> [UInt8]

    init(_ answer: @escaping @Sendable () throws -> [UInt8]) { self.answer = answer }

    func fetch(host: String, port: UInt16, path: String, limit: Int) async throws -> [UInt8] {
        asked.withLock { $0.append("\(host):\(port)\(path)") }
        return Array(try answer().prefix(limit))
    }
}

struct HTTPChallengeTests {
    /// 32 zero bytes in base64url.
    static let nonce = String(repeating: "A", count: 43)

    static func payload(_ host: String = "p1.example.org", name: String = "default", port: String = "80") -> [UInt8] {
        Array("{\"hostname\":\"\(host)\",\"agentname\":\"\(name)\",\"port\":\(port)}".utf8)
    }

    private static func attestor(
        _ policy: HTTPChallengeAttestor.Policy = .init(), _ fetcher: ScriptedFetcher = ScriptedFetcher { [] }
    ) throws -> HTTPChallengeAttestor {
        try HTTPChallengeAttestor(
            trustDomain: .example, policy: policy, fetcher: fetcher,
            random: RandomSource { [UInt8](repeating: 0, count: $0) })
    }

    @Test(arguments: [nonce, nonce + "\n", nonce + "\r\n"])
    func attests(_ served: String) async throws {
        let fetcher = ScriptedFetcher { Array(served.utf8) }
        guard
            case .challenge(let bytes, let challenge) = try await Self.attestor(.init(), fetcher).attest(
                Self.payload(port: "8080"), from: nil)
        else { throw IssuerError(.internal, "no challenge") }
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"nonce\":\"\(Self.nonce)\"}")
        #expect(fetcher.asked.withLock { $0 }.isEmpty, "nothing is fetched before the node says that it serves")
        guard case .attested(let node) = try await challenge.answered([]) else {
            throw IssuerError(.internal, "not attested")
        }
        #expect(
            node
                == AttestedNode(
                    id: .example("/spire/agent/http_challenge/p1.example.org"),
                    selectors: .of("http_challenge:hostname:p1.example.org"), canReattest: false))
        #expect(
            fetcher.asked.withLock { $0 } == [
                "p1.example.org:8080/.well-known/spiffe/nodeattestor/http_challenge/default/challenge"
            ])
    }

    @Test(arguments: ["", "B" + nonce.dropFirst(), nonce + "A", " " + nonce])
    func refusesOtherAnswers(_ served: String) async throws {
        guard
            case .challenge(_, let challenge) = try await Self.attestor(
                .init(), ScriptedFetcher { Array(served.utf8) }
            ).attest(Self.payload(), from: nil)
        else { throw IssuerError(.internal, "no challenge") }
        await #expect(throws: IssuerError(.permissionDenied, "challenge verification failed: nonce mismatch")) {
            _ = try await challenge.answered([])
        }
    }

    @Test func refusesSilence() async throws {
        guard
            case .challenge(_, let challenge) = try await Self.attestor(
                .init(), ScriptedFetcher { throw CancellationError() }
            ).attest(Self.payload(), from: nil)
        else { throw IssuerError(.internal, "no challenge") }
        await #expect(throws: IssuerError(.permissionDenied, "challenge verification failed")) {
            _ = try await challenge.answered([])
        }
    }

    @Test(arguments: [
        payload("localhost"), payload("a.localhost"), payload("127.0.0.1"), payload("0x7f000001"),
        payload("127.0x1"), payload("0x"), payload("A.example.org"), payload(""),
        payload("a_b.org"), payload("a.org:80"), payload(name: ""), payload(name: "a/b"), payload(name: ".."),
        payload(name: String(repeating: "a", count: 33)), payload(port: "0"), payload(port: "65536"),
        payload(port: "-1"), payload(port: "null"), payload(port: "\"80\""), Array("[]".utf8), Array("{".utf8),
    ])
    func refusesPayload(_ payload: [UInt8]) async throws {
        let attestor = try Self.attestor()
        let error = await #expect(throws: IssuerError.self) { _ = try await attestor.attest(payload, from: nil) }
        #expect(error?.code == .invalidArgument)
    }

    @Test func followsItsPolicy() async throws {
        func isAsked(_ policy: HTTPChallengeAttestor.Policy, _ payload: [UInt8]) async throws -> Bool {
            let attestor = try Self.attestor(policy)
            return (try? await attestor.attest(payload, from: nil)) != nil
        }
        let some = HTTPChallengeAttestor.Policy(hosts: ["a.org", "*.b.org"])
        for (host, expected) in [
            ("a.org", true), ("x.a.org", false), ("x.b.org", true), ("x.y.b.org", true), ("b.org", false),
            ("xb.org", false),
        ] {
            #expect(try await isAsked(some, Self.payload(host)) == expected, "\(host)")
        }
        #expect(try await !isAsked(.init(hosts: []), Self.payload()))
        #expect(try await isAsked(.init(requiredPort: 81), Self.payload(port: "81")))
        #expect(try await !isAsked(.init(requiredPort: 81), Self.payload(port: "80")))
        #expect(try await isAsked(.init(allowsHighPorts: false), Self.payload(port: "1023")))
        #expect(try await !isAsked(.init(allowsHighPorts: false), Self.payload(port: "1024")))
    }

    @Test func believesAgainOnlyAtLowPorts() async throws {
        for policy in [
            HTTPChallengeAttestor.Policy(isFirstUseOnly: false), .init(requiredPort: 1024, isFirstUseOnly: false),
            .init(requiredPort: 8080, allowsHighPorts: false, isFirstUseOnly: false),
        ] {
            #expect(throws: IssuerError.self) { try Self.attestor(policy) }
        }
        for policy in [
            HTTPChallengeAttestor.Policy(requiredPort: 80, isFirstUseOnly: false),
            .init(allowsHighPorts: false, isFirstUseOnly: false),
        ] {
            let nonce = Self.nonce
            guard
                case .challenge(_, let challenge) = try await Self.attestor(
                    policy, ScriptedFetcher { Array(nonce.utf8) }
                ).attest(Self.payload(), from: nil),
                case .attested(let node) = try await challenge.answered([])
            else { throw IssuerError(.internal, "not attested") }
            #expect(node.canReattest)
        }
    }
}
