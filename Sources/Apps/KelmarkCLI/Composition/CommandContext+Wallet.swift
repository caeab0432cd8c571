// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KERINetwork
internal import KelmarkCrypto
internal import StorageSQLite

/// The wallet of a home folder.
typealias HomeWallet = Wallet<SQLiteKeyEventStore>

extension CommandContext {
    /// The home folder.
    var home: HomeFolder { HomeFolder(path: settings.home) }

    /// A wallet for reading: no passphrase is needed.
    func readingWallet() throws -> HomeWallet {
        try home.requireUsable()
        return HomeWallet(
            store: try SQLiteKeyEventStore(path: home.events), vault: nil, book: FileWalletBook(path: home.book))
    }

    /// Runs `body` with a wallet that may change the home folder, while no other process does.
    ///
    /// - Parameters:
    ///   - keys: whether the vault is opened, which asks for the passphrase.
    ///   - dryRun: whether everything is decided but nothing written.
    func changing<R>(
        keys: Bool = true, dryRun: Bool = false, _ body: (HomeWallet) async throws -> R
    ) async throws -> R {
        try home.requireUsable()
        let vault: (any KeyVault)? = keys ? try openVault() : nil
        return try await home.locked {
            let wallet = HomeWallet(
                store: try SQLiteKeyEventStore(path: home.events), vault: vault, book: FileWalletBook(path: home.book),
                isDryRun: dryRun)
            try wallet.refresh(now: now)
            return try await body(wallet)
        }
    }

    /// Opens the vault of the home folder.
    func openVault() throws -> SealedFileVault {
        let secret = try passphrase.read()
        console.detail("opening the vault")
        return try SealedFileVault.open(at: home.vault, passphrase: secret)
    }
}
