// SPDX-License-Identifier: Apache-2.0

import Crypto
import JOSE
import KelmarkBytes
import SPIFFE
import Testing

@testable import Issuer

@Suite struct TokenIssuanceTests {
    private func outcome(_ token: String, _ audience: String, _ fixture: IssuerFixture) -> JWTSVIDOutcome {
        JWTSVIDOutcome.verifying(token, audience: audience, at: fixture.clock.now()) { _ in
            fixture.authorities.state.bundle.jwtBundle
        }
    }

    @Test func theTokenHasTheProfile() async throws {
        let fixture = try await IssuerFixture()
        let issued = try await fixture.issuing.newJWTSVID(
            entry: IssuerFixture.entry(jwtTTL: 60), audiences: ["one", "two"], for: IssuerFixture.requester)
        let now = fixture.clock.now()
        let svid = try #require(outcome(issued.token, "two", fixture).svid)
        #expect(svid.id == IssuerFixture.web)
        #expect(svid.audiences == ["one", "two"])
        #expect(svid.claims["iss"]?.textValue == "spiffe://example.org")
        #expect(svid.claims["iat"]?.integerValue == Int(now.seconds))
        #expect(svid.claims["exp"]?.integerValue == Int(now.seconds) + 60)
        #expect(issued.expiresAt == now.advanced(by: 60))
        #expect(issued.issuedAt == now)
        let tokenID = try #require(svid.claims["jti"]?.textValue)
        let bytes = Array(tokenID.utf8)
        let uuid = try Base64URL.decode(bytes.span)
        #expect(uuid.count == 16)
        #expect(uuid[6] >> 4 == 4)
        #expect(uuid[8] >> 6 == 2)
        let jws = try UnverifiedJWS(compact: issued.token)
        #expect(jws.header.type == "JWT")
        #expect(jws.header.keyID == fixture.authorities.state.jwt.active?.authorityID)
        #expect(jws.header.algorithm == .es256)
        let stored = try #require(try await fixture.issuanceStore.issuances(from: issued.leafIndex, limit: 1).first)
        #expect(stored.record.serial == tokenID)
        let input = issued.token.split(separator: ".").prefix(2).joined(separator: ".")
        #expect(stored.record.digest == Array(SHA256.hash(data: Array(input.utf8))))
    }

    @Test func theIssuerMayHaveAName() async throws {
        let fixture = try await IssuerFixture { $0.tokenIssuer = "https://issuer.example" }
        let issued = try await fixture.issuing.mintJWTSVID(
            id: IssuerFixture.web, audiences: ["a"], ttl: 0, for: IssuerFixture.requester)
        #expect(outcome(issued.token, "a", fixture).svid?.claims["iss"]?.textValue == "https://issuer.example")
        #expect(issued.expiresAt == fixture.clock.now().advanced(by: 300))
    }

    @Test func tokensNeedUsableAudiences() async throws {
        let fixture = try await IssuerFixture()
        func refuses(_ message: String, _ audiences: [String]) async {
            await #expect(throws: IssuerError(.invalidArgument, message)) {
                try await fixture.issuing.newJWTSVID(
                    entry: IssuerFixture.entry(), audiences: audiences, for: IssuerFixture.requester)
            }
        }
        await refuses("at least one audience is required", [])
        await refuses("audience is not usable", [""])
        await refuses("audience is not usable", ["a", "a"])
        await refuses("audience is not usable", (0..<65).map { "a\($0)" })
    }

    /// What our own verifier would not read is not signed, and not recorded either.
    @Test func tokensThatAreTooLargeAreNotSigned() async throws {
        let fixture = try await IssuerFixture()
        func issue(_ audiences: [String]) async throws -> IssuedJWTSVID {
            try await fixture.issuing.newJWTSVID(
                entry: IssuerFixture.entry(), audiences: audiences, for: IssuerFixture.requester)
        }
        let empty = try await issue(["a"]).token.utf8.count
        // Three bytes of an audience are four of the token.
        let room = (UnverifiedJWS.largestToken - empty) / 4 * 3
        let largest = String(repeating: "a", count: room)
        #expect(outcome(try await issue([largest]).token, largest, fixture).svid?.id == IssuerFixture.web)
        let before = try await fixture.issuanceStore.leafCount()
        for audiences in [[largest + "aaaaaa"], [String(repeating: "\u{1}", count: 3_000)]] {
            await #expect(throws: IssuerError(.invalidArgument, "audience is not usable")) {
                try await issue(audiences)
            }
        }
        #expect(try await fixture.issuanceStore.leafCount() == before)
    }

    @Test func onlyWorkloadsAreMinted() async throws {
        let fixture = try await IssuerFixture()
        for path in ["/spire/server", "/spire/agent/x509pop/1"] {
            let message =
                "\"spiffe://example.org\(path)\" is not a workload in trust domain \"example.org\"; path is in the "
                + "reserved namespace"
            await #expect(throws: IssuerError(.invalidArgument, message)) {
                try await fixture.issuing.mintJWTSVID(
                    id: IssuerFixture.id(path), audiences: ["a"], ttl: 0, for: IssuerFixture.requester)
            }
        }
    }

    @Test func tokensStayOutOfDumps() async throws {
        let fixture = try await IssuerFixture()
        let issued = try await fixture.issuing.mintJWTSVID(
            id: IssuerFixture.web, audiences: ["a"], ttl: 0, for: IssuerFixture.requester)
        var text = ""
        dump(issued, to: &text)
        #expect(!text.contains(issued.token))
        #expect(!"\(issued)".contains(issued.token))
    }

    @Test func anOldAuthorityCountsUntilItIsRevoked() async throws {
        let fixture = try await IssuerFixture()
        let issued = try await fixture.issuing.mintJWTSVID(
            id: IssuerFixture.web, audiences: ["a"], ttl: 0, for: IssuerFixture.requester)
        let next = try await fixture.authorities.prepare(.jwt)
        let old = try #require(fixture.authorities.state.jwt.active)
        _ = try await fixture.authorities.activate(.jwt, next.authorityID)
        #expect(outcome(issued.token, "a", fixture).svid != nil)
        _ = try await fixture.authorities.taint(.jwt, old.authorityID)
        #expect(outcome(issued.token, "a", fixture).svid != nil)
        _ = try await fixture.authorities.revoke(.jwt, old.authorityID)
        #expect(outcome(issued.token, "a", fixture).svid == nil)
    }
}
