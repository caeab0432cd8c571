// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import Synchronization

/// The AIDs that a watcher follows, in one file.
final class FileWatchList: WatchList {
    private let path: String
    private let list: Mutex<[WatchedIdentifier]>
    private static let largest = 64 << 20

    init(path: String) throws {
        self.path = path
        list = Mutex(try Self.load(path))
    }

    func all() -> [WatchedIdentifier] { list.withLock { $0 } }

    func put(_ watched: WatchedIdentifier) throws {
        try change { $0 = $0.filter { $0.aid != watched.aid } + [watched] }
    }

    func remove(_ aid: AID) throws { try change { $0.removeAll { $0.aid == aid } } }

    private func change(_ edit: (inout [WatchedIdentifier]) -> Void) throws {
        try list.withLock { list in
            var changed = list
            edit(&changed)
            let document: OrderedMap = [
                "version": 1,
                "watched": .list(
                    changed.map { one in
                        [
                            "aid": .text(one.aid.text), "since": .text(one.since.description),
                            "oobis": .list(one.introductions.map { .text($0.description) }),
                        ]
                    }),
            ]
            try DurableFile.write(try document.encoded(as: .json), to: path, failure: HomeFolder.failure)
            list = changed
        }
    }

    private static func load(_ path: String) throws -> [WatchedIdentifier] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let bytes = try DurableFile.read(path, atMost: largest)
        let damaged = ControllerError(.bookDamaged, "\(path) is no watch list of ours")
        guard let map = (try? OrderedValue(parsing: bytes.span, format: .json))?.mapValue else { throw damaged }
        guard map["version"]?.integerValue == 1 else {
            throw ControllerError(.bookTooNew, "\(path) was written by a newer version")
        }
        guard let items = map["watched"]?.listValue else { throw damaged }
        return try items.map { item in
            guard let aid = item["aid"]?.textValue.flatMap({ AID($0) }), let urls = item["oobis"]?.listValue,
                let since = item["since"]?.textValue.flatMap({ Timestamp($0) })
            else { throw damaged }
            return WatchedIdentifier(
                aid: aid, introductions: urls.compactMap { $0.textValue.flatMap { PeerURL($0) } }, since: since)
        }
    }
}

/// What a watcher proved, one file for each contradiction, verified again when read back.
final class FileEvidenceStore: EvidenceStore {
    private let folder: String

    init(folder: String) throws {
        self.folder = folder
        try HomeFolder.makePrivate(folder)
    }

    func all() throws -> [VerifiedDuplicity] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".cesr") }
            .sorted()
        return try names.map { name in
            try VerifiedDuplicity(
                reading: try DurableFile.read("\(folder)/\(name)", atMost: DuplicityEvidence.largest))
        }
    }

    func append(_ duplicity: VerifiedDuplicity) throws {
        let place = duplicity.statement
        // One fork accuses the controller, and each witness that receipted both sides.
        let name = "\(place.aid.text)-\(place.sn.hex)-\(place.second.text)-\(place.accusedAID.text).cesr"
        try DurableFile.write(duplicity.bytes, to: "\(folder)/\(name)", failure: HomeFolder.failure)
    }
}
