// SPDX-License-Identifier: Apache-2.0

internal import ACDC
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
        return try await changing(with: keys ? try openVault() : nil, dryRun: dryRun, body)
    }

    /// The same with a vault that is open already: a process that serves asks for the passphrase once.
    func changing<R>(
        with vault: (any KeyVault)?, dryRun: Bool = false, _ body: (HomeWallet) async throws -> R
    ) async throws -> R {
        try await home.locked {
            let wallet = HomeWallet(
                store: try SQLiteKeyEventStore(path: home.events), vault: vault, book: FileWalletBook(path: home.book),
                isDryRun: dryRun)
            try wallet.refresh(now: now)
            try settleCredentials(of: wallet)
            let result = try await body(wallet)
            try settleCredentials(of: wallet)
            return result
        }
    }

    /// Decides again about registry events and credentials that wait: a log may have grown by any command, and what waits
    /// may be a revocation.
    func settleCredentials(of wallet: HomeWallet) throws {
        guard !wallet.isDryRun else { return }
        let store = SQLiteCredentialStore(wallet.store)
        let isEmpty = try store.read(credentials: {
            try $0.credentialEscrows(reason: nil, subject: nil, after: nil, limit: 1).isEmpty
        })
        guard !isEmpty else { return }
        let processor = CredentialProcessor(store: store)
        _ = try processor.resume(now: now)
        while try processor.expire(now: now, limit: 4096).count == 4096 {}
    }

    /// Opens the vault of the home folder.
    func openVault() throws -> SealedFileVault {
        let secret = try passphrase.read()
        console.detail("opening the vault")
        return try SealedFileVault.open(at: home.vault, passphrase: secret)
    }
}
