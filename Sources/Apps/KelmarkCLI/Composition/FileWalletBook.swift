// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import KERINetwork
internal import KelmarkBytes

/// The book of a wallet in one file of the home folder.
struct FileWalletBook: WalletBook {
    /// Where it is.
    let path: String
    private static let largest = 16 << 20

    init(path: String) { self.path = path }

    func load() throws -> [OwnedIdentifier] {
        let bytes = try DurableFile.read(path, atMost: Self.largest)
        guard let document = try? OrderedValue(parsing: bytes.span, format: .json), let map = document.mapValue else {
            throw ControllerError(.bookDamaged, "\(path) is no JSON document of ours")
        }
        return try WalletBookCoding.decode(map)
    }

    func save(_ identifiers: [OwnedIdentifier]) throws {
        let bytes = try WalletBookCoding.encode(identifiers).encoded(as: .json)
        try DurableFile.write(bytes, to: path, failure: HomeFolder.failure)
    }
}
