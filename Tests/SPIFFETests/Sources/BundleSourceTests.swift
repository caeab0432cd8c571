// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SPIFFE

struct BundleSourceTests {
    /// A source that can't say anything.
    struct Silent: BundleSource {
        struct Failure: Error {}

        func bundle(of trustDomain: TrustDomain) async throws -> TrustBundle? { throw Failure() }
    }

    @Test(arguments: X509Case.all)
    func chainsAreJudgedByTheDomainTheyName(_ vector: X509Case) async throws {
        let bundles = try vector.bundles.map { name, path in
            let authorities = try X509Case.certificates(path).map { X509Authority(try X509Certificate(der: $0)) }
            return try TrustBundle(trustDomain: TrustDomain(name), x509Authorities: authorities)
        }
        let outcome = try await BundleMap(bundles).outcome(
            ofChain: X509Case.certificates(vector.chain), at: TokenCase.time)
        let expected = try vector.outcome()
        #expect((outcome.svid != nil) == (vector.expect == "accept"))
        #expect(outcome.svid?.id == expected.svid?.id)
        if let code = X509Case.faults[vector.name] { #expect(outcome.faults.contains { $0.code == code }) }
    }

    @Test(arguments: TokenCase.jwt.filter { $0.bundles == "both" })
    func tokensAreJudgedByTheDomainTheyName(_ vector: TokenCase) async throws {
        let source = try BundleMap(Array(JWTVectorTests.bundles.values))
        let outcome = try await source.outcome(
            ofToken: vector.token, audience: vector.audience ?? "", at: TokenCase.time)
        #expect((outcome.svid != nil) == (vector.expect == "accept"))
        #expect(outcome.faults.first?.code == JWTVectorTests.faults[vector.name])
    }

    @Test func aSourceThatFailsIsNotASourceWithoutBundles() async throws {
        let token = try #require(TokenCase.jwt.first { $0.expect == "accept" }).token
        await #expect(throws: Silent.Failure.self) {
            try await Silent().outcome(ofToken: token, audience: "reports", at: TokenCase.time)
        }
        let chain = try X509Case.certificates("x509/ok-ec-p256.chain.pem")
        await #expect(throws: Silent.Failure.self) { try await Silent().outcome(ofChain: chain, at: TokenCase.time) }
        let nothing = try BundleMap()
        #expect(try await nothing.outcome(ofChain: chain, at: TokenCase.time).faults.map(\.code) == [.noAuthorities])
        #expect(try await nothing.outcome(ofChain: [], at: TokenCase.time).faults.map(\.code) == [.emptyChain])
        #expect(try await nothing.outcome(ofChain: [[1]], at: TokenCase.time).faults.map(\.code) == [.malformed])
    }
}
