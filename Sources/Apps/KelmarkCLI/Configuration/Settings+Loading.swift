// SPDX-License-Identifier: Apache-2.0

internal import KelmarkCrypto

extension Settings {
    /// Reads all settings: flags win over environment variables, those over the configuration files, those over defaults.
    /// - Throws: ``CommandFailure``: unknown keys, malformed values, a named file that is missing.
    static func load(flags: GlobalOptions, environment: [String: String]) throws(CommandFailure) -> Settings {
        var given: [String: String] = [:]
        if let home = flags.home { given["home"] = home }
        if let file = flags.passphraseFile { given["passphrase-file"] = file }
        if flags.json { given["output.format"] = "json" }
        // The home folder may be set by a flag or variable before its own configuration file is looked for.
        let early = given["home"] ?? variable(SettingDefinition.variable("home"), environment)
        let files = try ConfigurationFiles.find(
            named: flags.config, environment: environment, home: early ?? defaultHome(environment))
        if let unknown = files.unknownKeys().first { throw unknown }
        return try Settings(flags: given, environment: environment, files: files)
    }

    /// The settings of some files alone, as if there were neither flags nor variables.
    /// - Throws: ``CommandFailure``.
    static func check(_ files: ConfigurationFiles) throws(CommandFailure) {
        _ = try Settings(flags: [:], environment: [:], files: files)
    }

    private init(
        flags: [String: String], environment: [String: String], files: ConfigurationFiles
    ) throws(CommandFailure) {
        var found: [String: SettingValue] = [:]
        var origins: [SettingValue] = []
        for setting in SettingDefinition.all {
            let value = try Self.value(of: setting, flags, environment, files)
            found[setting.key] = value
            origins.append(value)
        }
        func text(_ key: String) -> String { found[key]?.value ?? "" }
        func optional(_ key: String) -> String? { text(key).isEmpty ? nil : text(key) }
        func wrong(_ key: String) -> CommandFailure {
            let takes = SettingDefinition.all.first { $0.key == key }?.takes ?? ""
            return CommandFailure(
                "KM-CONFIG-VALUE", "\(key) from \(found[key]?.origin ?? "") is \"\(text(key))\" but takes \(takes)")
        }
        guard let cost = Argon2id.Tier(rawValue: text("vault.cost")) else { throw wrong("vault.cost") }
        guard let format = OutputFormat(rawValue: text("output.format")) else { throw wrong("output.format") }
        guard let largest = Int(text("limits.input-bytes")), (1...(1 << 32)).contains(largest) else {
            throw wrong("limits.input-bytes")
        }
        guard !text("home").isEmpty else { throw wrong("home") }
        self.init(
            home: text("home"), passphraseFile: optional("passphrase-file"), vaultCost: cost, outputFormat: format,
            verifyRoot: optional("verify.root"), verifyTrustDomain: optional("verify.trust-domain"),
            largestInput: largest, origins: origins, files: files)
    }

    private static func value(
        of setting: SettingDefinition, _ flags: [String: String], _ environment: [String: String],
        _ files: ConfigurationFiles
    ) throws(CommandFailure) -> SettingValue {
        if let text = flags[setting.key] {
            return SettingValue(key: setting.key, value: text, origin: "flag \(setting.flag ?? "")")
        }
        if let text = variable(setting.variable, environment) {
            return SettingValue(key: setting.key, value: text, origin: "environment \(setting.variable)")
        }
        if let found = files[setting.key] {
            guard let text = found.item.text else {
                throw CommandFailure(
                    "KM-CONFIG-VALUE", "\(setting.key) in file \(found.place) takes \(setting.takes), not a list")
            }
            return SettingValue(key: setting.key, value: text, origin: "file \(found.place)")
        }
        let standard = setting.key == "home" ? defaultHome(environment) : setting.defaultValue ?? ""
        return SettingValue(key: setting.key, value: standard, origin: "default")
    }

    /// A variable that is empty says nothing.
    private static func variable(_ name: String, _ environment: [String: String]) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `$XDG_DATA_HOME/kelmark`, else `~/.local/share/kelmark`.
    static func defaultHome(_ environment: [String: String]) -> String {
        XDGFolder.path("XDG_DATA_HOME", or: ".local/share", environment) + "/" + Product.homeFolder
    }
}
