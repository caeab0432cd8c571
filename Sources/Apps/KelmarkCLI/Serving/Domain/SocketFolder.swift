// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The folder of a Unix socket, as the file system has it.
struct SocketFolder: Sendable {
    private let parts: [String]

    /// The folder of the socket at a path.
    init(of socket: String) {
        parts =
            URL(filePath: socket).deletingLastPathComponent().standardizedFileURL.resolvingSymlinksInPath()
            .pathComponents
    }

    /// Whether everybody who can reach into another folder can reach into this one by way of it.
    func isWithin(_ other: SocketFolder) -> Bool { parts.starts(with: other.parts) }
}
