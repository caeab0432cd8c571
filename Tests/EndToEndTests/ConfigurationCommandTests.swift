// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// Configuration files as an operator meets them: checked, shown, and refused with the line that is wrong.
struct ConfigurationCommandTests {
    private let box: Sandbox

    init() throws { box = try Sandbox() }

    @Test func filesAreCheckedBeforeAnythingReadsThem() throws {
        let file = try box.write(
            "vault:\n  cost: temp\nissuer:\n  trust-domain: acme.example\n  claimed: true\n", to: "right.yaml")
        let right = try box.kelmark("config check \(file) --json", expecting: 0)
        #expect(try right.data()["sections"]?.listValue?.map(\.textValue) == ["issuer"])
        let wrong = try box.write("issuer:\n  trust-domain: acme.example\n  claimd: true\nbogus: 1\n", to: "wrong.yaml")
        let run = try box.kelmark("config check \(wrong) --json", expecting: 2)
        #expect(try run.code() == "KM-CONFIG-UNKNOWN-KEY")
        let findings = try #require(try run.data()["findings"]?.listValue)
        #expect(findings.count == 3)
        let first = try #require(findings.first?["cause"]?.textValue)
        #expect(first == "\(wrong):3: the key issuer.claimd is not known; did you mean issuer.claimed?")
        #expect(
            try box.kelmark("config check \(box.path("none.yaml")) --json", expecting: 4).code() == "KM-CONFIG-MISSING")
    }

    @Test func filesAreCheckedForOneCommand() throws {
        let file = try box.write("issuer:\n  trust-domain: acme.example\n  claimed: true\n", to: "right.yaml")
        let right = try box.kelmark("issuer validate -config \(file) --json", expecting: 0)
        #expect(try right.data()["sections"]?.listValue?.map(\.textValue) == ["issuer"])
        let agent = try box.kelmark("agent validate -config=\(file) --json", expecting: 2)
        #expect(try agent.code() == "KM-CONFIG-VALUE")
        #expect(try box.kelmark("agent validate --json", expecting: 4).code() == "KM-CONFIG-MISSING")
    }

    @Test func placesAreShown() throws {
        let file = try box.write("issuer:\n  ca-ttl: 12h\nagent:\n  discover-workload-path: true\n", to: "k.yaml")
        let run = try box.run(
            ["config", "show", "--origin", "--json", "--config", file],
            environment: ["KELMARK_ISSUER_JWT_TTL": "3m"])
        #expect(run.status == 0)
        let settings = try #require(try run.data()["settings"])
        #expect(settings["issuer.ca-ttl"]?["value"]?.textValue == "12h")
        #expect(settings["issuer.ca-ttl"]?["origin"]?.textValue == "file \(file):2")
        #expect(settings["issuer.jwt-ttl"]?["origin"]?.textValue == "environment KELMARK_ISSUER_JWT_TTL")
        #expect(settings["issuer.claimed"]?["value"]?.textValue == "false")
        #expect(settings["agent.discover-workload-path"]?["value"]?.textValue == "true")
        #expect(settings["home"]?["origin"]?.textValue == "environment KELMARK_HOME")
    }

    /// What the command itself has against a value is told with the line that the value stands in.
    @Test func valuesThatACommandRefusesAreTraced() throws {
        let file = try box.write(
            "issuer:\n  trust-domain: acme.example\n  claimed: true\n  ca-ttl: soon\n", to: "k.yaml")
        let run = try box.kelmark("issuer serve --config \(file) --json", expecting: 2)
        #expect(try run.code() == "KM-USAGE")
        #expect(run.text.contains("--ca-ttl: file \(file):4"), "\(run.text)")
        let unknown = try box.run(
            ["issuer", "serve", "--json"], environment: ["KELMARK_ISSUER_LISTNE": "127.0.0.1:1"])
        #expect(unknown.status == 2)
        #expect(try unknown.code() == "KM-CONFIG-UNKNOWN-KEY")
    }
}
