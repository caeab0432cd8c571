// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SPIFFE
import Testing

@testable import KelmarkCLI

struct ConfiguredArgumentsTests {
    private let folder: ConfigurationFolder

    init() throws { folder = try ConfigurationFolder() }

    private func arguments(
        _ line: String, _ yaml: String? = nil, environment more: [String: String] = [:]
    ) throws -> ConfiguredArguments {
        var environment = more
        environment["HOME"] = folder.path
        if let yaml { environment["KELMARK_CONFIG"] = try folder.write(yaml) }
        return try ConfiguredArguments(line.split(separator: " ").map(String.init), environment: environment)
    }

    private func issuer(_ arguments: ConfiguredArguments) throws -> IssuerServeCommand {
        try #require(try RootCommand.parseAsRoot(arguments.arguments) as? IssuerServeCommand)
    }

    /// Read off the help text, which is made by another way than the keys are.
    @Test(arguments: ServedCommand.all.map(\.section)) func noOptionIsWithoutAKey(section: String) throws {
        let command = try #require(ServedCommand.all.first { $0.section == section })
        #expect(command.words == [section, ServedCommand.verb])
        let type: any ParsableCommand.Type = section == "issuer" ? IssuerServeCommand.self : AgentServeCommand.self
        let help = RootCommand.helpMessage(for: type, includeHidden: true, columns: 300)
        let options = Set(help.matches(of: #/--[a-z0-9][a-z0-9-]*/#).map { String($0.output.dropFirst(2)) })
        #expect(options.count > 15)
        let general = ["config", "help", "version", "home", "passphrase-file", "json"]
        let negations = Set(command.options.compactMap(\.negation))
        for option in options where !general.contains(option) && !negations.contains(option) {
            #expect(ConfigurationKeys.isKnown("\(section).\(option)"), "--\(option) has no key")
        }
        for option in command.options { #expect(options.contains(option.name), "\(option.name) is no option") }
        for key in general.suffix(3) {
            #expect(SettingDefinition.all.contains { $0.flag == "--\(key)" }, "--\(key) has no setting")
        }
    }

    /// Where nothing is a value, a file can say it.
    @Test func anEmptyValueIsOne() throws {
        let yaml = "agent:\n  trust-domain: acme.example\n  sds-default-svid-name: \"\"\n"
        let found = try arguments("agent serve", yaml)
        let command = try #require(try RootCommand.parseAsRoot(found.arguments) as? AgentServeCommand)
        #expect(command.offered.identityName == "")
        #expect(command.offered.bundleName == "ROOTCA")
    }

    @Test func fileAndVariablesTakeThePlaceOfOptions() throws {
        let yaml = """
            issuer:
              trust-domain: acme.example
              claimed: true
              listen: 0.0.0.0:9001
              ca-ttl: 12h
              x509-ttl: 30m
              admin-id:
                - spiffe://acme.example/a
                - spiffe://acme.example/b
            """
        let found = try arguments(
            "issuer serve --x509-ttl 10m", yaml,
            environment: ["KELMARK_ISSUER_CA_TTL": "6h", "KELMARK_ISSUER_JWT_TTL": ""])
        let command = try issuer(found)
        #expect(command.trustDomain.domain.name == "acme.example")
        #expect(command.claimed)
        #expect(command.listen.port == 9001)
        #expect(command.issuance.caTtl.seconds == 6 * 3600)
        #expect(command.issuance.x509Ttl.seconds == 600)
        #expect(command.issuance.jwtTtl.seconds == 300)
        #expect(command.administrators.map(\.id.path) == ["/a", "/b"])
        let origins = Dictionary(uniqueKeysWithValues: found.values.map { ($0.option.name, $0.origin) })
        #expect(origins["ca-ttl"] == "environment KELMARK_ISSUER_CA_TTL")
        #expect(origins["listen"] == "file \(folder.path)/kelmark.yaml:4")
        #expect(origins["x509-ttl"] == nil)
    }

    /// Who comes from SPIRE has them as Go prints them.
    @Test func durationsOfGoAreTaken() throws {
        let issuance = try issuer(
            try arguments(
                "issuer serve",
                "issuer: {trust-domain: acme.example, claimed: true, ca-ttl: 24h0m0s, x509-ttl: 1h30m}")
        ).issuance
        #expect(issuance.caTtl.seconds == 86_400)
        #expect(issuance.x509Ttl.seconds == 5400)
        let agent = try arguments("agent serve", "agent: {trust-domain: acme.example, sync-interval: 1m30s}")
        let command = try #require(try RootCommand.parseAsRoot(agent.arguments) as? AgentServeCommand)
        #expect(command.offered.syncInterval.seconds == 90)
    }

    /// SPIRE's word for it reads the same configuration.
    @Test func runningIsServing() throws {
        let file = try folder.write("issuer: {trust-domain: acme.example, claimed: true}", to: "other.yaml")
        for line in ["issuer run --config \(file)", "issuer run -config \(file)", "issuer run -config=\(file)"] {
            #expect(try issuer(try arguments(line)).trustDomain.domain.name == "acme.example")
        }
        #expect(
            try arguments("agent run", "agent: {trust-domain: acme.example}").values.map(\.option.name) == [
                "trust-domain"
            ])
    }

    @Test(arguments: [
        "issuer serve --listen=127.0.0.1:2", "issuer serve --listen 127.0.0.1:2 -q",
        "issuer serve -q --verbose --listen 127.0.0.1:2",
    ])
    func whatIsTypedWins(line: String) throws {
        let found = try arguments(line, "issuer: {trust-domain: acme.example, claimed: true, listen: '0.0.0.0:1'}")
        #expect(try issuer(found).listen.port == 2)
        #expect(!found.values.contains { $0.option.name == "listen" })
    }

    /// The other spelling of an option is the same option, and a value is not an option.
    @Test func spellingsAndValuesAreToldApart() throws {
        let yaml = "issuer: {trust-domain: acme.example, claimed: true, socket-path: /file}"
        #expect(try issuer(try arguments("issuer serve -socketPath /typed", yaml)).socketPath == "/typed")
        #expect(
            try issuer(try arguments("issuer serve --issuer socket-path", "issuer: {trust-domain: a, socket-path: /f}"))
                .socketPath == "/f")
    }

    @Test func listsOfVariablesAreSplitAtCommas() throws {
        let found = try arguments(
            "issuer serve --claimed --trust-domain acme.example",
            environment: ["KELMARK_ISSUER_ADMIN_ID": "spiffe://acme.example/a,spiffe://acme.example/b"])
        #expect(try issuer(found).administrators.count == 2)
    }

    @Test func flagsThatAreFalseAreNotThere() throws {
        let found = try arguments(
            "issuer serve --trust-domain acme.example --issuer i", "issuer: {claimed: true}",
            environment: ["KELMARK_ISSUER_CLAIMED": "false"])
        #expect(try issuer(found).claimed == false)
    }

    /// A flag that is on unless told otherwise can be put off by its key.
    @Test func flagsThatAreOnCanBePutOff() throws {
        let command = ServedCommand(InvertedCommand.self)
        #expect(command.options.map(\.name).filter { $0.contains("thing") } == ["thing", "no-such-thing"])
        let option = try #require(command.options.first { $0.name == "thing" })
        #expect(option.defaultValue == "true" && option.spellings == ["--thing", "--no-thing"])
        func typed(_ value: String) -> [String] {
            ConfiguredArguments.Value(option: option, values: [value], origin: "").arguments
        }
        #expect(typed("true") == ["--thing"] && typed("false") == ["--no-thing"])
    }

    /// The file is looked for where the command will look for it.
    @Test func theFileIsTheOneThatWasNamed() throws {
        let file = try folder.write("issuer: {trust-domain: named.example, claimed: true}", to: "other.yaml")
        #expect(try issuer(try arguments("issuer serve --config \(file)")).trustDomain.domain.name == "named.example")
        #expect(try issuer(try arguments("issuer serve --config=\(file)")).trustDomain.domain.name == "named.example")
        try folder.write("issuer: {trust-domain: home.example, claimed: true}", to: "h/config.yaml")
        let home = folder.path + "/h"
        #expect(try issuer(try arguments("issuer serve --home \(home)")).trustDomain.domain.name == "home.example")
        let variable = try arguments("issuer serve", environment: ["KELMARK_HOME": home])
        #expect(try issuer(variable).trustDomain.domain.name == "home.example")
    }

    @Test(arguments: [
        ("issuer: {claimed: yes}", "issuer.claimed", "takes true or false"),
        ("issuer: {claimed: [true]}", "issuer.claimed", "takes one value, not a list"),
        ("issuer: {listen: [a, b]}", "issuer.listen", "takes one value, not a list"),
        ("issuer: {quiet: maybe}", "issuer.quiet", "takes true or false"),
    ])
    func valuesOfTheWrongShapeAreRefused(yaml: String, key: String, cause: String) {
        let refusal = failure { _ = try arguments("issuer serve", yaml) }
        #expect(refusal?.code == "KM-CONFIG-VALUE")
        #expect(refusal?.cause.hasPrefix("\(key) (file ") == true, "\(refusal?.cause ?? "")")
        #expect(refusal?.cause.contains(cause) == true)
    }

    @Test func unknownVariablesOfTheCommandAreRefused() {
        let refusal = failure {
            _ = try arguments("issuer serve", environment: ["KELMARK_ISSUER_LISTNE": "127.0.0.1:1"])
        }
        #expect(refusal?.code == "KM-CONFIG-UNKNOWN-KEY")
        #expect(refusal?.cause.hasSuffix("did you mean KELMARK_ISSUER_LISTEN?") == true)
    }

    /// Kubernetes sets these for a service of the same name.
    @Test func linksOfServicesAreNoOptions() throws {
        let found = try arguments(
            "issuer serve --claimed --trust-domain acme.example",
            environment: [
                "KELMARK_ISSUER_PORT": "tcp://10.0.0.1:8081", "KELMARK_ISSUER_SERVICE_HOST": "10.0.0.1",
                "KELMARK_ISSUER_SERVICE_PORT": "8081", "KELMARK_ISSUER_SERVICE_PORT_AGENTS": "8081",
                "KELMARK_ISSUER_PORT_8081_TCP_ADDR": "10.0.0.1", "KELMARK_AGENT_ANYTHING": "is the agent's",
            ])
        #expect(found.values.isEmpty)
    }

    @Test(arguments: ["run", "run serve", "entry run", "issuer list", "agent list", "version", "", "issuer"])
    func otherCommandsAreLeftAlone(
        line: String
    ) throws {
        let found = try arguments(line, "issuer: {listen: '0.0.0.0:1'}", environment: ["KELMARK_ISSUER_NONSENSE": "1"])
        #expect(found.arguments == line.split(separator: " ").map(String.init))
    }

    /// Whoever asks for help gets it, whatever the file says.
    @Test(arguments: ["issuer serve --help", "issuer serve -h"]) func helpNeedsNoConfiguration(line: String) throws {
        #expect(try arguments(line, "bogus: 1").values.isEmpty)
    }

    @Test func complaintsNameThePlace() throws {
        let values = try arguments("issuer serve", "issuer:\n  ca-ttl: soon\n  claimed: true\n").values
        let places = ConfiguredArguments.places(
            of: values, namedIn: "The value 'soon' is invalid for '--ca-ttl <time>'")
        #expect(places == "--ca-ttl: file \(folder.path)/kelmark.yaml:2")
        #expect(ConfiguredArguments.places(of: values, namedIn: "Missing '--ca-ttl-x' or ca-ttl").isEmpty)
    }
}

/// A command with a flag that can be taken back, and one that only looks so.
private struct InvertedCommand: KelmarkCommand {
    static let path = "inverted serve"

    @OptionGroup var global: GlobalOptions
    @Flag(inversion: .prefixedNo, help: "A thing.")
    var thing = true
    @Flag(help: "Nothing.")
    var noSuchThing = false

    func perform(in context: CommandContext) async throws -> CommandResult { CommandResult() }
}
