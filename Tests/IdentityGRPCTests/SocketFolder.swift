// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

/// A folder for one test's sockets, with a name short enough for their addresses.
final class SocketFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "k" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var socket: String { path + "/s" }
}

/// A bare socket that connects to a path, or listens there, and says nothing.
final class BareSocket: Sendable {
    let descriptor: CInt

    init(connectingTo path: String) throws {
        descriptor = try Self.make()
        try #require(Self.address(path) { connect(descriptor, $0, $1) } == 0)
    }

    init(listeningAt path: String) throws {
        descriptor = try Self.make()
        try #require(Self.address(path) { bind(descriptor, $0, $1) } == 0)
        try #require(listen(descriptor, 16) == 0)
    }

    deinit { close(descriptor) }

    /// Connects again and again until the process may open no more files, then closes all.
    static func exhaustFiles(connectingTo path: String) -> Int {
        var flood: [CInt] = []
        while true {
            let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { break }
            flood.append(descriptor)
            guard Self.address(path, { connect(descriptor, $0, $1) }) == 0 else { break }
        }
        for descriptor in flood { close(descriptor) }
        return flood.count
    }

    /// Whether the other end has closed the connection; waits for a moment of silence otherwise.
    var isClosedByPeer: Bool {
        var byte: UInt8 = 0
        while true {
            let count = recv(descriptor, &byte, 1, 0)
            if count <= 0 { return true }
        }
    }

    private static func make() throws -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        return descriptor
    }

    private static func address(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
