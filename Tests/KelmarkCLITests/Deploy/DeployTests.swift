// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import IdentityGRPC
import KelmarkTestSupport
import Testing
import Yams

@testable import KelmarkCLI

/// What `Deploy/` holds fits the program: its configuration, its options, and the names of its sockets. That systemd and
/// Kubernetes take the files is what `scripts/check-deploy` finds out.
struct DeployTests {
    private static let folder = Vectors.root.deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Deploy")

    static func files(_ folder: String, _ suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Self.folder.appending(path: folder).path)
            .filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
    }

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    /// The values of a key in a unit, in order.
    private static func values(_ key: String, in unit: String) throws -> [String] {
        try text(unit).split(separator: "\n").filter { $0.hasPrefix(key + "=") }.map {
            String($0.dropFirst(key.count + 1))
        }
    }

    @Test(arguments: try DeployTests.files("systemd", ".yaml")) func configurationOfUnitsIsRight(name: String) throws {
        let document = try ConfigurationDocument(yaml: try Self.text(name), path: name)
        let check = ConfigurationCheck(ConfigurationFiles([document]))
        #expect(check.findings == [])
        #expect(check.sections.count == 1)
    }

    @Test(arguments: try DeployTests.files("kubernetes", ".yaml"))
    func configurationOfManifestsIsRight(name: String) throws {
        var checked = 0
        for node in try Yams.compose_all(yaml: try Self.text(name)) {
            guard node["kind"]?.string == "ConfigMap" else { continue }
            let yaml = try #require(node["data"]?["config.yaml"]?.string)
            let check = ConfigurationCheck(
                ConfigurationFiles([try ConfigurationDocument(yaml: yaml, path: name)]))
            #expect(check.findings == [])
            checked += check.sections.count
        }
        #expect(checked == 1)
    }

    /// Variables that a manifest sets are those of options.
    @Test(arguments: try DeployTests.files("kubernetes", ".yaml"))
    func variablesOfManifestsAreKnown(name: String) throws {
        let names = try Self.text(name).matches(of: #/name: (KELMARK_\w+)/#).map { String($0.output.1) }
        let known = ServedCommand.all.flatMap { command in command.options.map(command.variable) } + ["KELMARK_CONFIG"]
        #expect(names.contains("KELMARK_CONFIG"))
        for name in names { #expect(known.contains(name), "\(name)") }
    }

    @Test(arguments: try DeployTests.files("systemd", ".socket")) func socketsAreNamedAfterOptions(unit: String) throws
    {
        let service = try #require(try Self.values("Service", in: unit).first)
        let sockets = service == "kelmark-issuer.service" ? IssuerServeCommand.sockets : AgentServeCommand.sockets
        let name = try #require(try Self.values("FileDescriptorName", in: unit).first)
        let address = try #require(try Self.values("ListenStream", in: unit).first)
        #expect(sockets[name] == (address.hasPrefix("/") ? .local : .network))
        // A service that does not name its socket would not get it when it is started by itself; for one that is optional, a
        // drop-in does.
        let units = try ["systemd/" + service] + Self.files("systemd", ".conf").filter { $0.contains("/agent-") }
        let named = try units.flatMap { try Self.values("Sockets", in: $0) }.joined(separator: " ")
        #expect(named.split(separator: " ").contains { "systemd/" + $0 == unit })
    }

    /// Who mounts the folder of the socket for workloads must not have the other one.
    @Test func socketsOfTheAgentAreApart() throws {
        let places = try ["workloads", "delegates"].map { name in
            SocketFolder(
                of: try #require(try Self.values("ListenStream", in: "systemd/kelmark-agent-\(name).socket").first))
        }
        #expect(!places[1].isWithin(places[0]))
    }

    /// Every option that has a socket is one of the command, and one that can be configured.
    @Test func socketsAreOptions() {
        for (section, sockets) in [("issuer", IssuerServeCommand.sockets), ("agent", AgentServeCommand.sockets)] {
            for name in sockets.keys { #expect(ConfigurationKeys.isKnown("\(section).\(name)"), "\(name)") }
        }
    }

    @Test(arguments: try DeployTests.files("systemd", ".service")) func unitsStartWhatThereIs(unit: String) throws {
        let line = try #require(try Self.values("ExecStart", in: unit).first)
        let words = line.split(separator: " ").map(String.init)
        #expect(words.first == "/usr/bin/kelmark")
        let command = try #require(ServedCommand.all.first { Array(words.dropFirst().prefix(2)) == $0.words })
        #expect(words.dropFirst(3) == ["--config", "/etc/kelmark/\(command.section).yaml"])
        #expect(try Self.values("Type", in: unit) == ["notify"])
    }

    @Test(arguments: try DeployTests.files("systemd", ".conf")) func dropInsSetOptionsThatThereAre(name: String) throws
    {
        let known = ServedCommand.all.flatMap { command in command.options.map(command.variable) }
        for setting in try Self.values("Environment", in: name) {
            let variable = setting.prefix { $0 != "=" }
            #expect(known.contains(String(variable)), "\(setting)")
        }
    }
}
