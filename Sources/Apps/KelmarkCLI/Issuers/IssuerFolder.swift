// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import Glibc
internal import KERI
internal import KelmarkBytes
internal import SPIFFE
internal import TrustBinding

/// The statements and authority certificates of the issuers of a home folder: one file each, named by the statement.
///
/// A file counts only while its statement is sealed in the issuer's log; one that a crash left behind is harmless.
struct IssuerFolder: Sendable {
    /// A statement with the certificate of the key that it names.
    struct Entry: Sendable {
        let statement: AuthorityStatement
        /// None for a key that signs tokens, and while an issuer that runs has not made it yet.
        var certificate: X509Certificate?
    }

    /// Where it is.
    let path: String

    /// Withdrawals and other records beside the statements.
    var records: RecordFolder { RecordFolder(parent: path) }

    /// Keeps a statement and its certificate.
    func save(_ entry: Entry) throws {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw HomeFolder.failure(errno, path) }
        let certificate = entry.certificate?.der ?? []
        let document: OrderedMap = [
            "version": 1, "statement": .text(String(decoding: entry.statement.bytes, as: UTF8.self)),
            "certificate": .text(Base64URL.encodedString(certificate.span)),
        ]
        try DurableFile.write(
            try document.encoded(as: .json), to: "\(path)/\(entry.statement.said.text).json",
            failure: HomeFolder.failure)
    }

    /// Forgets a statement that was never sealed.
    func remove(_ statement: AuthorityStatement) { unlink("\(path)/\(statement.said.text).json") }

    /// All statements of an issuer, in order of their file names.
    func entries(of issuer: AID) throws -> [Entry] {
        try FolderListing.names(in: path, suffix: ".json").map { try read("\(path)/\($0)") }
            .filter { $0.statement.issuer == issuer.primitive }
    }

    /// The statement with a name; nil when there is none.
    func entry(_ said: String) throws -> Entry? {
        let file = "\(path)/\(said).json"
        guard access(file, F_OK) == 0 || errno != ENOENT else { return nil }
        let entry = try read(file)
        guard entry.statement.said.text == said else {
            throw CommandFailure("KM-HOME-DAMAGED", "\(file) is another statement")
        }
        return entry
    }

    private func read(_ file: String) throws -> Entry {
        let bytes = try DurableFile.read(file, atMost: 1 << 20)
        guard let map = (try? OrderedValue(parsing: bytes.span, format: .json))?.mapValue,
            map["version"]?.integerValue == 1, let statement = map["statement"]?.textValue,
            let der = map["certificate"]?.textValue.flatMap({ try? Base64URL.decode($0.utf8.span) }),
            let parsed = try? AuthorityStatement(parsing: Array(statement.utf8))
        else { throw CommandFailure("KM-HOME-DAMAGED", "\(file) can't be read back") }
        guard !der.isEmpty else { return Entry(statement: parsed) }
        guard let certificate = try? X509Certificate(der: der) else {
            throw CommandFailure("KM-HOME-DAMAGED", "\(file) can't be read back")
        }
        return Entry(statement: parsed, certificate: certificate)
    }
}
