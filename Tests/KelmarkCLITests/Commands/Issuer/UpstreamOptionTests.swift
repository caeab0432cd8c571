// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IdentityGRPC
import Issuer
import SPIFFE
import Testing

@testable import KelmarkCLI

/// Authorities above an issuer as they are typed.
@Suite struct UpstreamOptionTests {
    private static let domain = try! TrustDomain("acme.example")

    private func options(_ line: String) throws -> UpstreamOptions {
        try UpstreamOptions.parse(line.split(separator: " ").map(String.init))
    }

    @Test func withoutOptionsRootsAreItsOwn() async throws {
        let options = try options("")
        #expect(options.name == nil)
        #expect(try await options.authority(of: Self.domain, clock: SystemIssuerClock()) == nil)
    }

    @Test(arguments: ["unix:/run/agent.sock", "unix:///run/agent.sock", "/run/agent.sock", "tcp://127.0.0.1:9000"])
    func anIssuerAboveIsReachedAsAWorkload(_ agent: String) async throws {
        let options = try options("--upstream-server issuer.example:8081 --upstream-agent \(agent)")
        #expect(options.name == "issuer.example:8081")
        #expect(
            try await options.authority(of: Self.domain, clock: SystemIssuerClock()) is GRPCUpstreamIssuer)
    }

    @Test(arguments: [
        "--upstream-cert-file a", "--upstream-key-file a", "--upstream-bundle-file a",
        "--upstream-server a:1", "--upstream-agent /run/a", "--upstream-server a --upstream-agent /run/a",
        "--upstream-server a:1 --upstream-agent run/a", "--upstream-server a:1 --upstream-agent http://a",
        "--upstream-server a:1 --upstream-agent /run/a --upstream-cert-file a --upstream-key-file b",
    ])
    func whatMakesNoSenseIsRefused(_ line: String) {
        #expect(throws: (any Error).self) { try options(line) }
    }

    @Test(arguments: [
        "--claimed --issuer i", "", "--issuer i --upstream-cert-file a --upstream-key-file b",
        "--issuer i --upstream-server a:1 --upstream-agent /run/a",
        "--claimed --allow-downstream --upstream-cert-file a --upstream-key-file b",
        "--issuer i --ca-key-type ec-p384", "--issuer i --ca-key-type rsa-2048",
    ])
    func anIssuerIsProvenOrHangsFromAnother(_ line: String) {
        let words = "--trust-domain acme.example \(line)".split(separator: " ").map(String.init)
        #expect(throws: (any Error).self) { try IssuerServeCommand.parse(words) }
    }

    @Test func filesThatDoNotFitAreTold() async throws {
        let options = try options("--upstream-cert-file /nothing/here --upstream-key-file /nothing/there")
        await #expect(throws: IssuerError(.unavailable, "upstream authority can't be read")) {
            _ = try await options.authority(of: Self.domain, clock: SystemIssuerClock())
        }
    }
}
