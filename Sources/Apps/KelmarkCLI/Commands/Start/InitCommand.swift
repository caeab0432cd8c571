// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import KelmarkBytes
internal import KelmarkCrypto
internal import StorageSQLite

/// `kelmark init`.
struct InitCommand: KelmarkCommand {
    static let path = "init"
    static let configuration = CommandConfiguration.kelmark(
        "init", "Makes a home folder with an empty vault and store.",
        about: "The vault is sealed with a passphrase, which is asked for, or read from a file or descriptor.",
        examples: [
            CommandExample("make the default home, asking for a passphrase", "kelmark init"),
            CommandExample(
                "make another one without a terminal", "kelmark init --home ./lab --passphrase-file pass.txt"),
            CommandExample("pass the passphrase by a descriptor", "kelmark init --passphrase-fd 3 3<pass.txt"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var write: WriteOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let home = context.home
        if home.isInitialised { throw CommandFailure("KM-HOME-EXISTS", "\(home.path) is a home folder already") }
        let data: OrderedMap = ["home": .text(home.path), "vaultCost": .text(context.settings.vaultCost.rawValue)]
        if write.dryRun {
            return CommandResult(data: data, text: ["would make a home folder at \(home.path)"])
        }
        let secret = try context.passphrase.readNew()
        try home.create()
        try await home.locked {
            if home.isInitialised { throw CommandFailure("KM-HOME-EXISTS", "\(home.path) is a home folder already") }
            do throws(VaultError) {
                _ = try SealedFileVault.create(
                    at: home.vault, passphrase: secret, cost: context.settings.vaultCost.cost)
            } catch .alreadyExists {
                // An earlier init was interrupted behind the vault: the same passphrase goes on with it.
                _ = try SealedFileVault.open(at: home.vault, passphrase: secret)
            }
            _ = try SQLiteKeyEventStore(path: home.events)
            // The book comes last: with it the home folder counts as made.
            try FileWalletBook(path: home.book).save([])
        }
        if context.settings.vaultCost == .temporary {
            context.console.warning("vault.cost is temp: the passphrase protects nothing")
        }
        return CommandResult(
            data: data, text: ["made \(home.path)"], hints: ["\(Product.command) id create NAME makes your first AID"])
    }
}
