// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import KelmarkCrypto
internal import SPIFFE

extension CommandContext {
    /// Where what is served for a trust domain keeps its files: as told, else below the home folder. For its owner only.
    func servedFolder(_ told: String?, _ kind: String, _ domain: TrustDomain) throws -> String {
        if told == nil {
            try home.requireUsable()
            try HomeFolder.makePrivate(home.path + "/" + kind)
        }
        let folder = told ?? home.path + "/" + kind + "/" + domain.name
        try HomeFolder.makePrivate(folder)
        return folder
    }

    /// Where a socket is: as told, else where commands look for it, below a folder of ours, which is made.
    func socketPath(_ told: String?, _ name: String) throws -> String {
        if let told { return told }
        let path = Product.Socket.path(name, environment: environment)
        let folder = String(path.dropLast(name.utf8.count + 1))
        // Workloads of other users have to reach what is in it; the sockets themselves say who may connect.
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw HomeFolder.failure(errno, folder) }
        return path
    }
}

extension SealedFileVault {
    /// Opens a vault, or makes it where there is none.
    static func openOrCreate(at path: String, passphrase: SecretBytes) throws(VaultError) -> SealedFileVault {
        do {
            return try open(at: path, passphrase: passphrase)
        } catch .noVault {
            return try create(at: path, passphrase: passphrase)
        }
    }
}
