// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import KERI
internal import KERINetwork
internal import KelmarkBytes

/// The contacts of a home folder, in one file.
struct FileContacts: Sendable {
    let path: String
    private static let largest = 16 << 20

    init(_ home: HomeFolder) { path = home.contacts }

    func load() throws -> [Contact] {
        guard access(path, F_OK) == 0 else { return [] }
        let bytes = try DurableFile.read(path, atMost: Self.largest)
        guard let document = try? OrderedValue(parsing: bytes.span, format: .json), let map = document.mapValue else {
            throw ControllerError(.bookDamaged, "\(path) is no JSON document of ours")
        }
        return try ContactCoding.decode(map)
    }

    /// Adds a contact, or replaces the one of that name.
    func put(_ contact: Contact) throws {
        let all = try load().filter { $0.alias != contact.alias } + [contact]
        let bytes = try ContactCoding.encode(all).encoded(as: .json)
        try DurableFile.write(bytes, to: path, failure: HomeFolder.failure)
    }
}

extension CommandContext {
    /// The AID that a text stands for: an own name, the name of a contact, or the AID itself.
    func aid(_ text: String, in wallet: HomeWallet) throws -> AID {
        if let own = try? wallet.aid(text) { return own }
        if let contact = try FileContacts(home).load().first(where: { $0.alias == text }) { return contact.aid }
        return try wallet.aid(text)
    }
}
