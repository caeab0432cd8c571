// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import IdentityGRPC
import Testing

@testable import KelmarkCLI

/// Descriptors are numbers of the whole process, from 3 on: other tests have theirs open. So these look at what is refused
/// before a descriptor is touched; `SocketActivationTests` hands real ones over to a process of its own.
struct HandedOverSocketsTests {
    private func sockets(
        _ names: String?, count: String = "1", processID: Int32 = 7
    ) throws -> HandedOverSockets {
        try HandedOverSockets(
            for: ["socket-path": .local, "listen": .network],
            environment: ["LISTEN_PID": "7", "LISTEN_FDS": count, "LISTEN_FDNAMES": names ?? ""], processID: processID)
    }

    @Test(arguments: [nil, "unknown", "lsten", "socket-path2"]) func socketsWithoutUseAreRefused(name: String?) {
        let refusal = failure { _ = try sockets(name) }
        #expect(refusal?.code == "KM-SOCKET-UNUSABLE")
        #expect(refusal?.cause.hasSuffix("not one of listen, socket-path") == true)
    }

    @Test func countsThatMakeNoSenseAreRefused() {
        #expect(failure { _ = try sockets("listen", count: "-1") }?.code == "KM-SOCKET-UNUSABLE")
    }

    @Test func socketsOfOtherProcessesAreLeftAlone() throws {
        let none = try sockets("listen", processID: 8)
        #expect(none["listen"] == nil)
        #expect(none.shown("listen", or: NetworkPlace(host: "h", port: 1)) == "h:1")
        let place = none.local("socket-path", permissions: 0o600) { "/p" }
        #expect(place.shown == "/p")
    }

    @Test func filesOfSocketsAreWhereTheyWereBound() throws {
        let folder = try CommandFolder()
        defer { withExtendedLifetime(folder) {} }
        // The longest path has 107 bytes.
        let longest = folder.path + "/" + String(repeating: "s", count: 106 - folder.path.utf8.count)
        for path in [folder.socket, longest, nil] {
            let socket = try BoundSocket(path: path)
            withExtendedLifetime(socket) { #expect(socket.place.file == path) }
        }
        #expect(IdentityServer.LocalPlace.path("/p", permissions: 0o600).file == "/p")
        #expect(IdentityServer.LocalPlace.descriptor(-1).file == nil)
    }
}
