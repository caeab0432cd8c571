// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import Glibc
internal import KERI
internal import TrustBinding

/// Records of ours beside statements: one file each, the record's own bytes, named by its SAID. A record counts only while
/// a log seals it; one that a crash left behind is harmless.
struct RecordFolder: Sendable {
    /// The folder of issuers.
    let parent: String
    private var path: String { parent + "/records" }

    /// Keeps a record.
    func save(_ record: BindingRecord) throws {
        try HomeFolder.makePrivate(parent)
        try HomeFolder.makePrivate(path)
        try DurableFile.write(record.bytes, to: file(of: record), failure: HomeFolder.failure)
    }

    /// Forgets a record that was never sealed.
    func remove(_ record: BindingRecord) { unlink(file(of: record)) }

    /// All records, in order of their names.
    func records() throws -> [BindingRecord] {
        try FolderListing.names(in: path, suffix: ".json").map { name in
            let bytes = try DurableFile.read("\(path)/\(name)", atMost: 1 << 16)
            guard let record = try? BindingRecord(parsing: bytes), record.said.text + ".json" == name else {
                throw CommandFailure("KM-HOME-DAMAGED", "\(path)/\(name) can't be read back")
            }
            return record
        }
    }

    private func file(of record: BindingRecord) -> String { "\(path)/\(record.said.text).json" }
}

/// The names of files in a folder.
enum FolderListing {
    /// The names with an ending, in order; none when there is no folder.
    static func names(in path: String, suffix: String) throws -> [String] {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return [] }
            throw HomeFolder.failure(errno, path)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted()
    }
}
