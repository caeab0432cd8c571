// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KelmarkCrypto
import KelmarkTestSupport
import Testing

@testable import KelmarkCLI

@Suite struct SettingsTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "kelmark-settings-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func load(
        _ yaml: String? = nil, arguments: [String] = [], environment: [String: String] = [:]
    ) throws -> Settings {
        var arguments = arguments
        if let yaml {
            let file = folder.appending(path: "\(UUID().uuidString).yaml")
            try yaml.write(to: file, atomically: true, encoding: .utf8)
            arguments += ["--config", file.path]
        }
        var environment = environment
        environment["HOME"] = folder.path
        return try Settings.load(flags: try GlobalOptions.parse(arguments), environment: environment)
    }

    private func code(_ body: () throws -> Settings) -> String? {
        do {
            _ = try body()
            return nil
        } catch let failure as CommandFailure {
            return failure.code
        } catch {
            return "\(error)"
        }
    }

    @Test func defaultsNeedNothing() throws {
        let settings = try load()
        #expect(settings.home == folder.path + "/.local/share/kelmark")
        #expect(settings.vaultCost == .low)
        #expect(settings.origins.allSatisfy { $0.origin == "default" })
    }

    @Test func dataFolderOfXDGIsRespected() throws {
        #expect(try load(environment: ["XDG_DATA_HOME": "/data"]).home == "/data/kelmark")
        #expect(try load(environment: ["XDG_DATA_HOME": "relative"]).home.hasPrefix(folder.path))
    }

    @Test func flagsWinOverVariablesAndThoseOverTheFile() throws {
        let yaml = "home: /file\nverify:\n  root: from-file\n  trust-domain: from-file\n"
        let settings = try load(
            yaml, arguments: ["--home", "/flag"],
            environment: ["KELMARK_HOME": "/variable", "KELMARK_VERIFY_TRUST_DOMAIN": "from-variable"])
        #expect(settings.home == "/flag")
        #expect(settings.verifyTrustDomain == "from-variable")
        #expect(settings.verifyRoot == "from-file")
        let origins = Dictionary(uniqueKeysWithValues: settings.origins.map { ($0.key, $0.origin) })
        #expect(origins["home"] == "flag --home")
        #expect(origins["verify.trust-domain"] == "environment KELMARK_VERIFY_TRUST_DOMAIN")
        #expect(origins["verify.root"]?.hasPrefix("file /") == true)
        #expect(origins["vault.cost"] == "default")
    }

    @Test func fileInTheHomeFolderIsRead() throws {
        try "vault:\n  cost: high\n".write(
            to: folder.appending(path: "config.yaml"), atomically: true, encoding: .utf8)
        #expect(try load(arguments: ["--home", folder.path]).vaultCost == .high)
    }

    @Test(arguments: [
        ("verify:\n  rot: x\n", "KM-CONFIG-UNKNOWN-KEY"), ("bogus: 1\n", "KM-CONFIG-UNKNOWN-KEY"),
        ("- a\n- b\n", "KM-CONFIG-MALFORMED"), ("", "KM-CONFIG-MALFORMED"), ("{", "KM-CONFIG-MALFORMED"),
        ("home: /a\nhome: /b\n", "KM-CONFIG-MALFORMED"), ("vault:\n  cost: cheap\n", "KM-CONFIG-VALUE"),
        ("output:\n  format: xml\n", "KM-CONFIG-VALUE"), ("limits:\n  input-bytes: 0\n", "KM-CONFIG-VALUE"),
        ("limits:\n  input-bytes: many\n", "KM-CONFIG-VALUE"), ("home: [a, b]\n", "KM-CONFIG-VALUE"),
    ])
    func wrongFilesAreRefused(yaml: String, expected: String) {
        #expect(code { try load(yaml) } == expected)
    }

    @Test func namedFileMustExist() {
        #expect(code { try load(arguments: ["--config", "/nowhere/config.yaml"]) } == "KM-CONFIG-MISSING")
        #expect(code { try load(environment: ["KELMARK_CONFIG": "/nowhere/config.yaml"]) } == "KM-CONFIG-MISSING")
    }

    @Test func theReferenceListsEverySetting() throws {
        let file = Vectors.root.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/reference/configuration.md")
        #expect(try String(contentsOf: file, encoding: .utf8).contains(SettingDefinition.reference))
    }
}
