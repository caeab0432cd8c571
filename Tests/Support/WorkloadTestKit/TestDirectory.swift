// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A directory that goes with its holder; its path is short enough for sockets.
public final class TestDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// Makes one, for its owner only.
    public init() throws {
        path = "/tmp/kelmark-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file in place of whatever is there, and tells its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        let place = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: place), options: .atomic)
        return place
    }
}
