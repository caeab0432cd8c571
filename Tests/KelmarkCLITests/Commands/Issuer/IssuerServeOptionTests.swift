// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Issuer
import SPIFFE
import Testing

@testable import KelmarkCLI

/// Options of `issuer serve`, and what they come to.
@Suite struct IssuerServeOptionTests {
    private func plan(_ words: [String]) throws -> IssuerHost.Plan {
        let whole = ["issuer", "serve", "--trust-domain", "acme.example"] + words
        let command = try #require(try RootCommand.parseAsRoot(whole) as? IssuerServeCommand)
        return try command.plan(command.trustDomain.domain, "/nowhere", environment: [:])
    }

    private func plan(_ line: String) throws -> IssuerHost.Plan {
        try plan(line.split(separator: " ").map(String.init))
    }

    @Test func withoutOptionsItIsAsSPIREIs() throws {
        let plan = try plan("--claimed")
        #expect(plan.configuration == IssuerConfiguration(trustDomain: try TrustDomain("acme.example")))
        #expect(plan.limits == RateLimits())
        #expect(plan.pruning == nil)
        #expect(plan.standing == "claimed")
    }

    @Test func whatIsSaidOfSVIDsReachesTheIssuer() throws {
        let configuration = try plan(
            "--claimed --ca-ttl 6h --ca-key-type ec-p384 --jwt-key-type rsa-2048 --x509-ttl 2h "
                + "--jwt-ttl 2m --agent-ttl 3h --ca-subject-country SE --ca-subject-organization Acme "
                + "--ca-subject-common-name root --bundle-refresh-hint 10m --jwt-issuer https://oidc.acme.example "
                + "--allow-downstream"
        ).configuration
        var expected = IssuerConfiguration(trustDomain: try TrustDomain("acme.example"))
        expected.authorityLifetime = 6 * 3600
        expected.x509KeyAlgorithm = .p384
        expected.jwtKeyAlgorithm = .rsa2048
        expected.x509TTL = 7200
        expected.jwtTTL = 120
        expected.agentTTL = 3 * 3600
        expected.authoritySubject = SubjectNames(country: "SE", organization: "Acme", commonName: "root")
        expected.refreshHint = 600
        expected.tokenIssuer = "https://oidc.acme.example"
        expected.allowsDownstream = true
        #expect(configuration == expected)
    }

    @Test func tokensHaveKeysOfTheSameKindUnlessTold() throws {
        #expect(try plan("--claimed --ca-key-type rsa-4096").configuration.jwtKeyAlgorithm == .rsa4096)
        #expect(try plan("--claimed --jwt-key-type ec-p384").configuration.x509KeyAlgorithm == .p256)
        #expect(try plan("--claimed --disable-jwt-svids").configuration.signsTokens == false)
    }

    /// As SPIRE does it: a subject that is named is the whole one.
    @Test func aSubjectIsTheWholeOne() throws {
        #expect(
            try plan("--claimed --ca-subject-common-name root").configuration.authoritySubject
                == SubjectNames(commonName: "root"))
    }

    @Test func limitsAreSwitchedOffOneByOne() throws {
        #expect(
            try plan("--claimed --no-ratelimit-attestation").limits == RateLimits().without(attestation: true))
        #expect(try plan("--claimed --no-ratelimit-signing").limits == RateLimits().without(signing: true))
    }

    @Test func agentsAreForgottenWhenThatIsSaid() throws {
        let line = "--claimed --prune-attested-nodes-expired-for 30d"
        #expect(try plan(line).pruning == .init(expiredFor: 30 * 86_400))
        #expect(
            try plan(line + " --prune-tofu-nodes").pruning == .init(expiredFor: 30 * 86_400, includesFirstUse: true))
    }

    @Test func whatStandsBehindTheKeysIsTold() throws {
        #expect(try plan("--issuer a").standing == "keys are stated by an AID")
        #expect(
            try plan("--claimed --upstream-cert-file a --upstream-key-file b").standing
                == "claimed, below an authority elsewhere")
    }

    @Test(arguments: [
        "--ca-key-type ed25519", "--jwt-key-type x", "--ca-subject-country USA", "--ca-subject-country U1",
        "--ca-subject-organization=", "--disable-jwt-svids --jwt-issuer https://a.example",
        "--disable-jwt-svids --jwt-key-type ec-p256", "--prune-tofu-nodes", "--agent-ttl 1s",
        "--bundle-refresh-hint 1s", "--jwt-issuer http://a.example",
        "--ca-subject-common-name 12345678901234567890123456789012345678901234567890123456789012345",
    ])
    func whatMakesNoSenseIsRefused(_ line: String) {
        #expect(throws: (any Error).self) { try plan("--claimed " + line) }
    }
}
