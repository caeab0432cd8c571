// SPDX-License-Identifier: Apache-2.0

import Glibc
import IdentityGRPC
import Testing

/// A Unix socket that is there before whoever serves at it, as systemd opens them.
final class BoundSocket: Sendable {
    private let descriptor: CInt

    /// As it is handed over.
    var place: IdentityServer.LocalPlace { .descriptor(descriptor) }

    /// - Parameter path: of its file; nil for a socket that has none yet.
    init(path: String?) throws {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        try #require(descriptor >= 0)
        guard let path else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(descriptor, 1) == 0)
    }

    deinit { close(descriptor) }
}
