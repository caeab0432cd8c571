// SPDX-License-Identifier: Apache-2.0

/// Why a vault could not be opened, read or changed. Unless the case says otherwise, the vault is as it was.
public enum VaultError: Error, Hashable, Sendable {
    /// A part of a vault file.
    public enum Part: String, Hashable, Sendable {
        /// The first bytes, which say how the rest is sealed.
        case header
        /// The sealed bytes.
        case seal
        /// What was sealed.
        case content
    }

    /// What was being done to the files.
    public enum Step: String, Hashable, Sendable {
        case open, inspect, read, create, write, synchronize, rename, synchronizeDirectory, remove, lock
    }

    /// There is no file at the path.
    case noVault
    /// There is a file at the path already.
    case alreadyExists
    /// The directory of the path does not exist.
    case noDirectory
    /// The path is no regular file.
    case notAFile
    /// The file does not begin as a vault does.
    case notAVault
    /// The file was written by a newer version of the program.
    case vaultTooNew(version: Int)
    /// The file was changed or cut, by accident or on purpose.
    case damaged(Part)
    /// The passphrase does not belong to this vault.
    case wrongPassphrase
    /// A passphrase must have at least one byte.
    case emptyPassphrase
    /// Somebody changed the passphrase since the vault was opened.
    case passphraseChanged
    /// The file is older than what was read before.
    case rolledBack
    /// The file asks for more work or memory than a vault may cost.
    case costOutOfBounds
    /// Others than the owner may read or write the file.
    case permissionsTooOpen(mode: UInt32)
    /// The vault, or one secret, is larger than allowed.
    case tooLarge
    /// Somebody else is writing and did not finish in time.
    case busy
    /// The disk is full.
    case diskFull
    /// The system does not allow it.
    case notPermitted(Step)
    /// The system failed otherwise. After `synchronizeDirectory` the change is made, but may be lost with the power.
    case storage(Step, errno: Int32)
    /// A name is empty, too long, or has characters outside printable ASCII.
    case invalidName
    /// The name is in use.
    case nameTaken(String)
    /// There is no secret with this name.
    case noSuchName(String)
    /// The secret was replaced since its version was read.
    case versionConflict(String, expected: UInt64, found: UInt64)
    /// A cryptographic operation failed.
    case crypto(CryptoError)
}

extension VaultError {
    /// A short constant name of the case.
    public var code: String {
        switch self {
        case .noVault: "no-vault"
        case .alreadyExists: "vault-exists"
        case .noDirectory: "no-directory"
        case .notAFile: "not-a-file"
        case .notAVault: "not-a-vault"
        case .vaultTooNew: "vault-too-new"
        case .damaged: "vault-damaged"
        case .wrongPassphrase: "wrong-passphrase"
        case .emptyPassphrase: "empty-passphrase"
        case .passphraseChanged: "passphrase-changed"
        case .rolledBack: "vault-rolled-back"
        case .costOutOfBounds: "vault-cost-out-of-bounds"
        case .permissionsTooOpen: "vault-permissions-too-open"
        case .tooLarge: "vault-too-large"
        case .busy: "vault-busy"
        case .diskFull: "disk-full"
        case .notPermitted: "not-permitted"
        case .storage: "vault-storage-failed"
        case .invalidName: "invalid-name"
        case .nameTaken: "name-taken"
        case .noSuchName: "no-such-name"
        case .versionConflict: "version-conflict"
        case .crypto: "crypto-failed"
        }
    }

    /// What to do about it, one sentence for whoever runs the program.
    public var nextStep: String {
        switch self {
        case .noVault: "Create a vault first, or check the path."
        case .alreadyExists: "Open the vault that is there, or choose another path."
        case .noDirectory: "Create the directory first, or check the path."
        case .notAFile: "Give the path of a regular file; links are not followed."
        case .notAVault: "Check the path; this file is something else."
        case .vaultTooNew: "Install the version of the program that wrote the vault, or a newer one."
        case .damaged: "Restore the vault from a backup."
        case .wrongPassphrase: "Try again with the right passphrase."
        case .emptyPassphrase: "Give a passphrase."
        case .passphraseChanged: "Open the vault again with the new passphrase."
        case .rolledBack: "Find out who put an older file there, then open the vault again."
        case .costOutOfBounds: "Restore the vault from a backup; this file is not one of ours."
        case .permissionsTooOpen: "Make the file readable for its owner only (chmod 600), and ask who has read it."
        case .tooLarge: "Delete secrets that are not needed, or use a second vault."
        case .busy: "Try again when the other process is done."
        case .diskFull: "Free some space, then try again."
        case .notPermitted: "Check the owner and the permissions of the file and its directory."
        case .storage: "Check the disk, then open the vault again."
        case .invalidName: "Use 1 to 255 printable ASCII characters."
        case .nameTaken: "Choose another name, or say which version to replace."
        case .noSuchName: "List the vault to see its names."
        case .versionConflict: "Load the secret again and decide anew."
        case .crypto(.outOfMemory): "Free some memory, or raise the limit of this process."
        case .crypto: "Check the installation of libsodium."
        }
    }
}
