// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A listening socket that whoever started this process opened for it, as systemd's socket activation does: it is there
/// before the process and after it, so that nobody meets a closed door when the process is replaced.
package struct HandedOverSocket: Hashable, Sendable {
    /// How the unit calls it; `unknown` where it says nothing.
    package let name: String
    /// For ``IdentityServer/LocalPlace/descriptor(_:)``.
    package let descriptor: Int32

    /// Most sockets that are taken.
    static let most = 64
    private static let first: Int32 = 3

    /// The sockets that an environment tells of; none when they are meant for another process.
    /// - Parameters:
    ///   - environment: where `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` stand.
    ///   - processID: this process.
    /// - Throws: ``ListenerError`` when what stands there makes no sense.
    package static func all(
        in environment: [String: String], processID: Int32
    ) throws(ListenerError) -> [HandedOverSocket] {
        guard let count = environment["LISTEN_FDS"] else { return [] }
        guard environment["LISTEN_PID"].flatMap(Int32.init) == processID else { return [] }
        guard let count = Int32(count), (1...Int32(most)).contains(count) else {
            throw ListenerError(.descriptor, "LISTEN_FDS")
        }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return (0..<Int(count)).map { index in
            let name = names.indices.contains(index) && !names[index].isEmpty ? String(names[index]) : "unknown"
            return HandedOverSocket(name: name, descriptor: first + Int32(index))
        }
    }

    /// Who can reach a socket.
    package enum Reach: Sendable, Hashable {
        /// Processes of this machine: a Unix socket.
        case local
        /// Anybody who can reach the port: a TCP socket.
        case network
    }

    /// Makes sure that a descriptor is a listening stream socket of a kind, and keeps it from programs that this one
    /// starts.
    /// - Throws: ``ListenerError`` when it is something else.
    package static func adopt(_ descriptor: Int32, _ reach: Reach) throws(ListenerError) {
        let name = "descriptor \(descriptor)"
        let domain = try option(SO_DOMAIN, of: descriptor, name)
        let fits = reach == .local ? domain == AF_UNIX : domain == AF_INET || domain == AF_INET6
        guard fits else { throw ListenerError(.descriptor, name) }
        guard try option(SO_TYPE, of: descriptor, name) == CInt(SOCK_STREAM.rawValue) else {
            throw ListenerError(.descriptor, name)
        }
        guard try option(SO_ACCEPTCONN, of: descriptor, name) == 1 else { throw ListenerError(.descriptor, name) }
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw ListenerError(.system, name, detail: String(cString: strerror(errno)))
        }
    }

    private static func option(_ option: CInt, of descriptor: Int32, _ name: String) throws(ListenerError) -> CInt {
        var value: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 else {
            throw ListenerError(.descriptor, name, detail: String(cString: strerror(errno)))
        }
        return value
    }
}
