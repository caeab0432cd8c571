// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import KelmarkCLI

/// A folder for configuration files, removed when nobody holds it any more.
final class ConfigurationFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "kelmark-configuration-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, folders before it, and gives its path.
    @discardableResult
    func write(_ yaml: String, to name: String = "kelmark.yaml") throws -> String {
        let file = path + "/" + name
        let folder = String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)])
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try yaml.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }
}

/// The failure that `body` throws; nil when it throws none of ours.
func failure(of body: () throws -> Void) -> CommandFailure? {
    do {
        try body()
        return nil
    } catch {
        return error as? CommandFailure
    }
}
