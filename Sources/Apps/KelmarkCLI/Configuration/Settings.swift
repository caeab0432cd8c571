// SPDX-License-Identifier: Apache-2.0

internal import KelmarkCrypto

/// What can be configured, with where each value came from.
struct Settings: Sendable {
    /// Where results are printed as.
    enum OutputFormat: String, Sendable, CaseIterable {
        case text, json
    }

    /// Folder of keys and logs.
    var home: String
    /// File whose first line is the passphrase.
    var passphraseFile: String?
    /// What stretching the passphrase of a new vault costs.
    var vaultCost: Argon2id.Tier
    /// How results are printed.
    var outputFormat: OutputFormat
    /// The AID that `verify` starts from, unless it is told another.
    var verifyRoot: String?
    /// The trust domain that `verify` expects, unless it is told another.
    var verifyTrustDomain: String?
    /// Most bytes of one input file.
    var largestInput: Int
    /// Every setting with its value and origin, in the order of the reference.
    var origins: [SettingValue]
    /// What was read; the sections of commands that serve are in it too.
    var files: ConfigurationFiles
}

/// One setting as `config show --origin` prints it.
struct SettingValue: Sendable, Hashable {
    /// The key in the configuration file, such as `verify.root`.
    let key: String
    /// The value; empty when there is none.
    let value: String
    /// `default`, `file PATH:LINE`, `environment NAME`, `flag --name`.
    let origin: String
}

/// What is known of one setting before any value is.
struct SettingDefinition: Sendable {
    /// The key in the configuration file.
    let key: String
    /// The flag that overrides it, if any.
    let flag: String?
    /// The value without configuration; nil when there is none or it depends on the machine.
    let defaultValue: String?
    /// What it takes, for the reference.
    let takes: String
    /// What it does, for the reference.
    let purpose: String

    /// The environment variable.
    var variable: String { Self.variable(key) }

    /// The environment variable of a key.
    static func variable(_ key: String) -> String {
        Product.environmentPrefix + "_"
            + key.map { $0 == "." || $0 == "-" ? "_" : $0.uppercased() }.joined()
    }

    /// All settings.
    static let all: [SettingDefinition] = [
        SettingDefinition(
            key: "home", flag: "--home", defaultValue: nil, takes: "a folder",
            purpose: "Folder of keys and logs, 0700. Default: `kelmark` below `$XDG_DATA_HOME`, else "
                + "`~/.local/share`."),
        SettingDefinition(
            key: "passphrase-file", flag: "--passphrase-file", defaultValue: nil, takes: "a file",
            purpose: "File whose first line is the passphrase of the vault. It must be readable by its owner only."),
        SettingDefinition(
            key: "vault.cost", flag: nil, defaultValue: "low", takes: "`low`, `med`, `high`, `temp`",
            purpose:
                "What stretching the passphrase of a new vault costs: 64 MiB, 256 MiB or 1 GiB. `temp` "
                + "protects nothing and is for tests."
        ),
        SettingDefinition(
            key: "output.format", flag: "--json", defaultValue: "text", takes: "`text`, `json`",
            purpose: "How results are printed."),
        SettingDefinition(
            key: "verify.root", flag: "--root", defaultValue: nil, takes: "an AID",
            purpose: "The organisation that `verify` starts from."),
        SettingDefinition(
            key: "verify.trust-domain", flag: "--trust-domain", defaultValue: nil, takes: "a trust domain",
            purpose: "The trust domain that `verify` binds to the root."),
        SettingDefinition(
            key: "limits.input-bytes", flag: nil, defaultValue: "67108864", takes: "a number of bytes",
            purpose: "Most bytes of one input file that are read."),
    ]

    /// The table of `docs/reference/configuration.md`.
    static var reference: String {
        var text = "| key | environment | flag | takes | default | what |\n|---|---|---|---|---|---|\n"
        for setting in all {
            text += "| `\(setting.key)` | `\(setting.variable)` | \(setting.flag.map { "`\($0)`" } ?? "") |"
            text += " \(setting.takes) | \(setting.defaultValue.map { "`\($0)`" } ?? "") | \(setting.purpose) |\n"
        }
        return text
    }
}
