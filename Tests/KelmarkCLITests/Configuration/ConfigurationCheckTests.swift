// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KelmarkCLI

struct ConfigurationCheckTests {
    private let folder: ConfigurationFolder

    init() throws { folder = try ConfigurationFolder() }

    private func check(_ yaml: String) throws -> ConfigurationCheck {
        ConfigurationCheck(try ConfigurationFiles(path: try folder.write(yaml), isRequired: true))
    }

    @Test func whatIsRightHasNoFindings() throws {
        let check = try check("home: /h\nissuer:\n  trust-domain: acme.example\n  claimed: true\n")
        #expect(check.findings == [])
        #expect(check.sections == ["issuer"])
        #expect(try self.check("home: /h\n").sections == [])
    }

    @Test func everyFindingIsTold() throws {
        let check = try check(
            "vault:\n  cost: cheap\nbogus: 1\nissuer:\n  trust-domain: acme.example\n  claimed: true\n  ca-ttl: soon\n"
                + "agent:\n  listne: x\n")
        #expect(
            check.findings.map(\.code) == [
                "KM-CONFIG-UNKNOWN-KEY", "KM-CONFIG-UNKNOWN-KEY", "KM-CONFIG-VALUE", "KM-CONFIG-VALUE",
                "KM-CONFIG-VALUE",
            ])
        let issuer = try #require(check.findings.first { $0.cause.hasPrefix("issuer: ") })
        #expect(issuer.cause.contains("soon") && issuer.cause.hasSuffix("kelmark.yaml:7)"), "\(issuer.cause)")
        // Without its trust domain the agent can't be started.
        let agent = try #require(check.findings.first { $0.cause.hasPrefix("agent: ") })
        #expect(agent.cause.contains("--trust-domain"), "\(agent.cause)")
        #expect(check.sections == [])
    }

    /// Rules between options are the command's own.
    @Test func optionsThatExcludeEachOtherAreFound() throws {
        let check = try check("issuer: {trust-domain: acme.example, claimed: true, issuer: name}")
        #expect(check.findings.map(\.code) == ["KM-CONFIG-VALUE"])
    }

    /// Whoever asks after one command hears that its section is missing.
    @Test func aSectionThatIsNeededMustBeThere() throws {
        let files = try ConfigurationFiles(
            path: try folder.write("issuer: {trust-domain: acme.example, claimed: true}"), isRequired: true)
        #expect(ConfigurationCheck(files, for: "issuer").findings == [])
        let agent = ConfigurationCheck(files, for: "agent")
        #expect(agent.findings.map(\.code) == ["KM-CONFIG-VALUE"])
        #expect(agent.findings.first?.cause.contains("--trust-domain") == true)
    }

    @Test func valuesOfTheWrongShapeAreFound() throws {
        #expect(try check("issuer: {claimed: yes}").findings.map(\.code) == ["KM-CONFIG-VALUE"])
    }
}
