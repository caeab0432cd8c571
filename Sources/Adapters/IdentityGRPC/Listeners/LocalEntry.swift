// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
private import Glibc
internal import NIOCore
internal import NIOPosix

/// What the kernel says of the process that connected to a Unix socket, as it was at that moment.
package struct PeerCredentials: Hashable, Sendable {
    /// Its process; 0 when it runs where this process can't see it.
    package let pid: Int32
    /// Its effective user.
    package let uid: UInt32
    /// Its effective group.
    package let gid: UInt32
    /// A descriptor of the process itself (`SO_PEERPIDFD`), nil where the kernel has none. Who gets it closes it.
    package let processDescriptor: Int32?

    package init(pid: Int32, uid: UInt32, gid: UInt32, processDescriptor: Int32? = nil) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
        self.processDescriptor = processDescriptor
    }
}

/// How a listener learns who connects, before anything is read from the connection.
protocol ConnectionEntry: Sendable {
    /// Whether TLS speaks first.
    var isTLS: Bool { get }

    /// Adds what must stand before HTTP/2, and tells by what the connection is counted and who its caller is.
    func enter(_ channel: any Channel, limits: ListenerLimits) -> EventLoopFuture<EnteredConnection>
}

/// A connection at the door.
struct EnteredConnection: Sendable {
    let shares: [ConnectionRegistry.Share]
    let caller: any ConnectionCaller
}

/// The entry of Unix sockets: the kernel says who it is.
struct LocalEntry: ConnectionEntry {
    /// Makes the caller out of the credentials, at once, while the process that connected is most likely still there.
    /// It may wait for the kernel.
    let identify: @Sendable (PeerCredentials) throws -> any ServerContext.TransportSpecific

    var isTLS: Bool { false }

    func enter(_ channel: any Channel, limits: ListenerLimits) -> EventLoopFuture<EnteredConnection> {
        guard let socket = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        let credentials: EventLoopFuture<KernelCredentials> = socket.unsafeGetSocketOption(
            level: .socket, name: KernelCredentials.option)
        let process: EventLoopFuture<CInt> = socket.unsafeGetSocketOption(
            level: .socket, name: KernelCredentials.processOption)
        let handle = process.map(Optional.init).flatMapErrorThrowing { try Self.withoutHandle($0) }
        return credentials.and(handle).flatMap { [identify] found, process in
            let peer = PeerCredentials(
                pid: found.pid, uid: found.uid, gid: found.gid, processDescriptor: process)
            return NIOThreadPool.singleton.runIfActive(eventLoop: channel.eventLoop) {
                EnteredConnection(
                    shares: [
                        .init(name: "uid \(peer.uid)", limit: limits.connectionsPerSource),
                        .init(name: "pid \(peer.pid)", limit: limits.connectionsPerProcess),
                    ],
                    caller: FixedCaller(caller: try identify(peer)))
            }
        }
    }

    /// Nil where the kernel has no handles of processes.
    /// - Throws: the error where it has them and gives none: the process has ended, and somebody else may have its number.
    static func withoutHandle(_ error: any Error) throws -> CInt? {
        guard (error as? IOError)?.errnoCode == ENOPROTOOPT else { throw error }
        return nil
    }

    /// `struct ucred` as `SO_PEERCRED` fills it in.
    private struct KernelCredentials: Sendable {
        static let option = NIOBSDSocket.Option(rawValue: 17)
        /// `SO_PEERPIDFD`, since Linux 6.5.
        static let processOption = NIOBSDSocket.Option(rawValue: 77)

        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }
}
