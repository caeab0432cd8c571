// SPDX-License-Identifier: Apache-2.0

private import Foundation

/// Small files of the drill.
enum FileText {
    static func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    static func write(_ bytes: [UInt8], to path: String, mode: Int = 0o600) throws {
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(bytes), attributes: [.posixPermissions: mode])
        else { throw DrillFailure("\(path) can't be written") }
    }

    /// Puts bytes in the place of a file at once.
    static func replace(_ path: String, by bytes: [UInt8]) throws {
        try write(bytes, to: path + ".new")
        guard rename(path + ".new", path) == 0 else { throw DrillFailure("\(path) can't be replaced") }
    }

    static func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Removes a store with its companions.
    static func removeStore(_ path: String) throws {
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
    }
}
