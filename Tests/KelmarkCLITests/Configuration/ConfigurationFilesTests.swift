// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import KelmarkCLI

struct ConfigurationFilesTests {
    private let folder: ConfigurationFolder

    init() throws { folder = try ConfigurationFolder() }

    @Test func dropInsWinByTheirNames() throws {
        let file = try folder.write("home: /main\nissuer:\n  ca-ttl: 24h\n  x509-ttl: 1h\n")
        try folder.write("issuer:\n  ca-ttl: 12h\n", to: "kelmark.yaml.d/10-site.yaml")
        try folder.write("issuer:\n  ca-ttl: 6h\n", to: "kelmark.yaml.d/20-host.yaml")
        try folder.write("issuer:\n  ca-ttl: 1h\n", to: "kelmark.yaml.d/.hidden.yaml")
        try folder.write("issuer:\n  ca-ttl: 1h\n", to: "kelmark.yaml.d/30-off.yaml.bak")
        let files = try ConfigurationFiles(path: file, isRequired: true)
        #expect(files.documents.count == 3)
        #expect(files["issuer.ca-ttl"]?.item.values == ["6h"])
        #expect(files["issuer.ca-ttl"]?.place.hasSuffix("/kelmark.yaml.d/20-host.yaml:2") == true)
        #expect(files["issuer.x509-ttl"]?.item.values == ["1h"])
        #expect(files["home"]?.place == "\(file):1")
        #expect(files["agent.server"] == nil)
        #expect(files.hasSection("issuer") && !files.hasSection("agent"))
    }

    @Test func dropInsNeedNoFileBesideThem() throws {
        try folder.write("home: /drop\n", to: "home/config.yaml.d/a.yaml")
        let files = try ConfigurationFiles.find(
            named: nil, environment: ["HOME": folder.path], home: folder.path + "/home")
        #expect(files["home"]?.item.text == "/drop")
    }

    /// What is named must be there; the places that everybody has may be empty.
    @Test func filesThatAreNamedMustBeThere() throws {
        let missing = folder.path + "/none.yaml"
        #expect(failure { _ = try ConfigurationFiles(path: missing, isRequired: true) }?.code == "KM-CONFIG-MISSING")
        let none = try ConfigurationFiles.find(named: nil, environment: ["HOME": folder.path], home: folder.path)
        #expect(none.documents.isEmpty)
    }

    @Test(arguments: [
        ("issuer:\n  listne: 0.0.0.0:1\n", ":2: the key issuer.listne is not known; did you mean issuer.listen?"),
        ("issuers:\n  listen: 0.0.0.0:1\n", "did you mean issuer.listen?"),
        ("hme: /h\n", ":1: the key hme is not known; did you mean home?"),
        ("agent:\n  ca-ttl: 1h\n", ":2: the key agent.ca-ttl is not known"),
        ("# x\n\nentirely-different-thing: 1\n", ":3: the key entirely-different-thing is not known"),
        ("issuer:\n  config: /x\n", "the key issuer.config is not known"),
        ("issuer:\n  help: true\n", "the key issuer.help is not known"),
        ("issuer:\n  home: /x\n", "the key issuer.home is not known"),
    ])
    func unknownKeysAreNamedWithTheirLine(yaml: String, cause: String) throws {
        let file = try folder.write(yaml)
        let unknown = try ConfigurationFiles(path: file, isRequired: true).unknownKeys()
        #expect(unknown.map(\.code) == ["KM-CONFIG-UNKNOWN-KEY"])
        #expect(unknown.first?.cause.contains(cause) == true, "\(unknown.first?.cause ?? "")")
        #expect(unknown.first?.cause.hasPrefix(file + ":") == true)
    }

    /// Every command reads the file, so every command refuses it.
    @Test func settingsRefuseUnknownKeysOfSections() throws {
        let file = try folder.write("issuer:\n  listne: 0.0.0.0:1\n")
        let flags = try GlobalOptions.parse(["--config", file])
        let refusal = failure { _ = try Settings.load(flags: flags, environment: ["HOME": folder.path]) }
        #expect(refusal?.code == "KM-CONFIG-UNKNOWN-KEY")
    }

    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("listne", "listen", 1), ("ab", "ba", 1),
        ("abc", "abc", 0),
        ("home", "hme", 1),
    ])
    func distancesAreCountedInLetters(left: String, right: String, distance: Int) {
        #expect(ConfigurationKeys.distance(Array(left.utf8), Array(right.utf8)) == distance)
        #expect(ConfigurationKeys.distance(Array(right.utf8), Array(left.utf8)) == distance)
    }
}
