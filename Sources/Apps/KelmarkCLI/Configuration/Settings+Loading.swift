// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Foundation
internal import KelmarkCrypto
internal import Synchronization

extension Settings {
    /// Reads all settings: flags win over environment variables, those over the configuration file, that over defaults.
    /// - Throws: ``CommandFailure``: unknown keys, malformed values, a named file that is missing.
    static func load(flags: GlobalOptions, environment: [String: String]) throws -> Settings {
        var layers: [Layer] = []
        var given: [String: String] = [:]
        if let home = flags.home { given["home"] = home }
        if let file = flags.passphraseFile { given["passphrase-file"] = file }
        if flags.json { given["output.format"] = "json" }
        layers.append(Layer(named: { "flag \($0.flag ?? "")" }) { given[$0.key] })
        let variables = EnvironmentVariablesProvider(environmentVariables: environment.filter { !$0.value.isEmpty })
        layers.append(
            Layer(named: { "environment \($0.variable)" }) { setting in
                let key = AbsoluteConfigKey([Product.environmentPrefix.lowercased()] + setting.key.components)
                return try variables.value(forKey: key, type: .string).value?.content.text
            })
        // The home folder may be set by a flag or variable before its own configuration file is looked for.
        let early = try layers.compactMap { layer in try layer.value(definition("home")) }.first
        if let (path, snapshot) = try ConfigurationFile.find(
            flags: flags, environment: environment, home: early ?? defaultHome(environment))
        {
            layers.append(
                Layer(named: { _ in "file \(path)" }) { setting in
                    try snapshot.value(forKey: AbsoluteConfigKey(setting.key.components), type: .string)
                        .value?.content.text
                })
        }
        return try assemble(layers, environment: environment)
    }

    private struct Layer {
        let name: (SettingDefinition) -> String
        let value: (SettingDefinition) throws -> String?

        init(
            named name: @escaping (SettingDefinition) -> String, value: @escaping (SettingDefinition) throws -> String?
        ) {
            self.name = name
            self.value = value
        }
    }

    private static func definition(_ key: String) -> SettingDefinition {
        SettingDefinition.all.first { $0.key == key }
            ?? SettingDefinition(key: key, flag: nil, defaultValue: nil, takes: "", purpose: "")
    }

    private static func assemble(_ layers: [Layer], environment: [String: String]) throws -> Settings {
        var found: [String: SettingValue] = [:]
        var origins: [SettingValue] = []
        for setting in SettingDefinition.all {
            var value: SettingValue?
            for layer in layers where value == nil {
                do {
                    value = try layer.value(setting).map {
                        SettingValue(key: setting.key, value: $0, origin: layer.name(setting))
                    }
                } catch {
                    throw CommandFailure(
                        "KM-CONFIG-VALUE", "\(setting.key) in \(layer.name(setting)) takes \(setting.takes)")
                }
            }
            let standard = setting.key == "home" ? defaultHome(environment) : setting.defaultValue ?? ""
            let chosen = value ?? SettingValue(key: setting.key, value: standard, origin: "default")
            found[setting.key] = chosen
            origins.append(chosen)
        }
        func text(_ key: String) -> String { found[key]?.value ?? "" }
        func wrong(_ key: String) -> CommandFailure {
            CommandFailure(
                "KM-CONFIG-VALUE",
                "\(key) from \(found[key]?.origin ?? "") is \"\(text(key))\" but takes \(definition(key).takes)")
        }
        guard let cost = Argon2id.Tier(rawValue: text("vault.cost")) else { throw wrong("vault.cost") }
        guard let format = OutputFormat(rawValue: text("output.format")) else { throw wrong("output.format") }
        guard let largest = Int(text("limits.input-bytes")), (1...(1 << 32)).contains(largest) else {
            throw wrong("limits.input-bytes")
        }
        guard !text("home").isEmpty else { throw wrong("home") }
        func optional(_ key: String) -> String? { text(key).isEmpty ? nil : text(key) }
        return Settings(
            home: text("home"), passphraseFile: optional("passphrase-file"), vaultCost: cost, outputFormat: format,
            verifyRoot: optional("verify.root"), verifyTrustDomain: optional("verify.trust-domain"),
            largestInput: largest, origins: origins)
    }

    /// `$XDG_DATA_HOME/kelmark`, else `~/.local/share/kelmark`.
    static func defaultHome(_ environment: [String: String]) -> String {
        XDGFolder.path("XDG_DATA_HOME", or: ".local/share", environment) + "/" + Product.homeFolder
    }
}

/// The base folders of the XDG specification; a variable that is no absolute path is ignored, as it demands.
enum XDGFolder {
    static func path(_ variable: String, or fallback: String, _ environment: [String: String]) -> String {
        if let set = environment[variable], set.hasPrefix("/") { return set }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/" + fallback
    }
}

/// The configuration file: YAML, every key known.
enum ConfigurationFile {
    /// Finds and reads the file: `--config`, else `KELMARK_CONFIG`, else in the home folder, else below
    /// `$XDG_CONFIG_HOME`; nil when neither of the last two exists.
    static func find(
        flags: GlobalOptions, environment: [String: String], home: String
    ) throws -> (path: String, YAMLSnapshot)? {
        let variable = environment[Product.environmentPrefix + "_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        if let named = flags.config ?? variable {
            guard let bytes = FileManager.default.contents(atPath: named) else {
                throw CommandFailure("KM-CONFIG-MISSING", "\(named) does not exist or can't be read")
            }
            return (named, try read(bytes, from: named))
        }
        let standard = [
            home + "/" + Product.configurationFile,
            XDGFolder.path("XDG_CONFIG_HOME", or: ".config", environment) + "/" + Product.configurationFolder + "/"
                + Product.configurationFile,
        ]
        for path in standard {
            if let bytes = FileManager.default.contents(atPath: path) { return (path, try read(bytes, from: path)) }
        }
        return nil
    }

    private static func read(_ bytes: Data, from path: String) throws -> YAMLSnapshot {
        // The reader asks about every key whether it is secret; that is how its keys are known.
        let keys = Mutex<[String]>([])
        let options = YAMLSnapshot.ParsingOptions(
            secretsSpecifier: .dynamic { key, _ in
                keys.withLock { $0.append(key) }
                return false
            })
        let snapshot: YAMLSnapshot
        do {
            snapshot = try YAMLSnapshot(data: bytes.bytes, providerName: path, parsingOptions: options)
        } catch {
            throw CommandFailure("KM-CONFIG-MALFORMED", "\(path) can't be read: \(firstLine(of: error))")
        }
        let known = Set(SettingDefinition.all.map(\.key))
        let found = keys.withLock { $0 }
        if let unknown = found.first(where: { !known.contains($0) }) {
            throw CommandFailure("KM-CONFIG-UNKNOWN-KEY", "\(path) has the unknown key \(unknown)")
        }
        if Set(found).count != found.count {
            throw CommandFailure("KM-CONFIG-MALFORMED", "\(path) has a key twice")
        }
        return snapshot
    }

    private static func firstLine(of error: any Error) -> String {
        "\(error)".split(separator: "\n").first.map(String.init) ?? "unknown"
    }
}

extension String {
    /// The parts of a configuration key.
    fileprivate var components: [String] { split(separator: ".").map(String.init) }
}

extension ConfigContent {
    /// The content as text, nil for anything else.
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
}
