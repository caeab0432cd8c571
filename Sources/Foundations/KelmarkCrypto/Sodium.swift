// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// The state of libsodium in this process.
enum Sodium {
    /// Whether `sodium_init` succeeded. It runs once, on first use: it picks the fastest code for this processor and
    /// prepares the random generator and guarded memory. Hashing and verification work without it.
    static let isReady: Bool = sodium_init() >= 0

    /// Throws ``CryptoError/libraryUnusable`` when libsodium could not be started.
    static func require() throws(CryptoError) {
        guard isReady else { throw .libraryUnusable }
    }
}
