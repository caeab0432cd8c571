// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Logging
import Testing

@testable import IdentityGRPC

struct HandedOverSocketTests {
    @Test func socketsAreNamedInOrder() throws {
        let found = try HandedOverSocket.all(
            in: ["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "public::admin"], processID: 7)
        #expect(
            found == [
                HandedOverSocket(name: "public", descriptor: 3), HandedOverSocket(name: "unknown", descriptor: 4),
                HandedOverSocket(name: "admin", descriptor: 5),
            ])
    }

    @Test func namesMayBeMissing() throws {
        let found = try HandedOverSocket.all(in: ["LISTEN_PID": "7", "LISTEN_FDS": "1"], processID: 7)
        #expect(found == [HandedOverSocket(name: "unknown", descriptor: 3)])
    }

    @Test(arguments: [[:], ["LISTEN_PID": "8", "LISTEN_FDS": "1"], ["LISTEN_FDS": "1"], ["LISTEN_PID": "7"]])
    func socketsOfOthersAreNotTaken(environment: [String: String]) throws {
        #expect(try HandedOverSocket.all(in: environment, processID: 7).isEmpty)
    }

    @Test(arguments: ["0", "-1", "x", "65", "99999999999"]) func countsThatMakeNoSenseAreRefused(count: String) {
        #expect(throws: ListenerError.self) {
            try HandedOverSocket.all(in: ["LISTEN_PID": "7", "LISTEN_FDS": count], processID: 7)
        }
    }

    @Test func listeningSocketsAreTakenByTheirKind() throws {
        let folder = try SocketFolder()
        let local = try BareSocket(listeningAt: folder.socket)
        try HandedOverSocket.adopt(local.descriptor, .local)
        #expect(fcntl(local.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(throws: ListenerError.self) { try HandedOverSocket.adopt(local.descriptor, .network) }
        let network = try TCPSocket(isListening: true)
        try HandedOverSocket.adopt(network.descriptor, .network)
        #expect(throws: ListenerError.self) { try HandedOverSocket.adopt(network.descriptor, .local) }
    }

    /// Such a socket listens, but what comes from it is no stream of bytes.
    @Test func socketsOfPacketsAreRefused() throws {
        let packets = socket(AF_UNIX, CInt(SOCK_SEQPACKET.rawValue), 0)
        defer { close(packets) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // An address of the family alone: the kernel chooses a name.
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(packets, $0, socklen_t(MemoryLayout<sa_family_t>.size))
            }
        }
        try #require(bound == 0 && listen(packets, 1) == 0)
        #expect(throws: ListenerError.self) { try HandedOverSocket.adopt(packets, .local) }
    }

    @Test func whatDoesNotListenIsRefused() throws {
        let silent = try TCPSocket(isListening: false)
        #expect(throws: ListenerError.self) { try HandedOverSocket.adopt(silent.descriptor, .network) }
        let datagram = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        defer { close(datagram) }
        #expect(throws: ListenerError.self) { try HandedOverSocket.adopt(datagram, .network) }
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        #expect(throws: ListenerError.self) { try HandedOverSocket.adopt(file, .local) }
        #expect(throws: ListenerError.self) { try HandedOverSocket.adopt(-1, .local) }
    }
}

/// A TCP socket at a free port of this machine.
final class TCPSocket: Sendable {
    let descriptor: CInt

    init(isListening: Bool) throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(bound == 0)
        self.descriptor = descriptor
        if isListening { try #require(listen(descriptor, 16) == 0) }
    }

    deinit { close(descriptor) }
}
