// SPDX-License-Identifier: Apache-2.0

/// Every name of the product that shows on the outside, in one place.
enum Product {
    /// The product in sentences.
    static let name = "Kelmark"
    /// The command.
    static let command = "kelmark"
    /// The version of this build.
    static let version = "0.1.0"
    /// Prefix of environment variables, without the underscore.
    static let environmentPrefix = "KELMARK"
    /// First letters of every error code.
    static let errorPrefix = "KM"
    /// The home folder below `$XDG_DATA_HOME`.
    static let homeFolder = "kelmark"
    /// The configuration file below `$XDG_CONFIG_HOME/kelmark`, and inside the home folder.
    static let configurationFile = "config.yaml"
    /// The folder below `$XDG_CONFIG_HOME`.
    static let configurationFolder = "kelmark"
    /// The name of the systemd credential that holds the passphrase.
    static let passphraseCredential = "kelmark-passphrase"

    /// The sockets below the folder for sockets.
    enum Socket {
        /// Where operators reach an issuer.
        static let issuer = "issuer.sock"
        /// Where workloads reach their node agent.
        static let workload = "workload.sock"
    }

    /// Files inside the home folder.
    enum HomeFile {
        /// Key event logs, escrows and replies.
        static let events = "events.sqlite"
        /// Private keys, sealed by the passphrase.
        static let vault = "keys.vault"
        /// Names of our own AIDs and events of theirs that are still waiting.
        static let book = "wallet.json"
        /// Logs and evidence of the watchers that are served from here.
        static let watchers = "watchers"
        /// Names of others.
        static let contacts = "contacts.json"
        /// Documents that are named by their digest, such as schemas.
        static let documents = "documents"
        /// Groups in which AIDs of ours take part, and their events on the way.
        static let groups = "groups.json"
        /// Words that were given out, and answers that came.
        static let challenges = "challenges.json"
        /// Names of our registries, and registry events on their way.
        static let registries = "registries.json"
        /// Exchanges about credentials, and their messages.
        static let exchanges = "exchanges.json"
        /// How far mailboxes have been read.
        static let cursors = "mailboxes.json"
        /// Held by the process that changes the home.
        static let lock = "lock"
        /// Authority certificates and statements of issuers.
        static let issuers = "issuers"
        /// Files and keys of the issuers that are served from here, a folder for each trust domain.
        static let served = "served"
        /// What an issuer that is served keeps, in a folder below ``served``.
        static let issuerStore = "issuer.sqlite"
        /// What the node agents that are served from here keep, a folder for each trust domain.
        static let agents = "agents"
        /// Logs of the witnesses that are served from here.
        static let witnesses = "witnesses"
    }
}
