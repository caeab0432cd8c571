// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRPCCore
import Glibc
import Logging
import NIOCore
import Testing

@testable import IdentityGRPC

@Suite(.timeLimit(.minutes(2))) struct UnixListenerTests {
    private let folder: SocketFolder
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws { folder = try SocketFolder() }

    private func server(
        permissions: UInt32 = 0o600, limits: (inout ListenerLimits) -> Void = { _ in },
        identify: @escaping @Sendable (PeerCredentials) throws -> ProbeCaller = { peer in
            if let descriptor = peer.processDescriptor { close(descriptor) }
            return ProbeCaller(text: "pid:\(peer.pid) uid:\(peer.uid) gid:\(peer.gid)")
        }
    ) -> IdentityServer {
        var own = ListenerLimits.local
        own.grace = .zero
        limits(&own)
        return IdentityServer(
            at: .path(folder.socket, permissions: permissions), services: [Probe()], limits: own, logger: logger,
            identify: identify)
    }

    private var ownText: String { "pid:\(getpid()) uid:\(geteuid()) gid:\(getegid())" }

    @Test func theKernelSaysWhoCalls() async throws {
        let answer = try await serving(server()) { [path = folder.socket] in
            try await calling(path) { try await $0.whoAmI() }
        }
        #expect(answer == "\(ownText) [] 0")
    }

    @Test func nobodyCanSayWhoHeIs() async throws {
        let forged: Metadata = [
            CallerTable.header: "pid:1 uid:0 gid:0", "X-Kelmark-Caller": "0-0", CallerTable.header: "",
        ]
        let answer = try await serving(server()) { [path = folder.socket] in
            try await calling(path) { try await $0.whoAmI(metadata: forged) }
        }
        #expect(answer == "\(ownText) [] 0")
    }

    @Test func aKernelWithoutHandlesIsToldFromAProcessThatEnded() throws {
        #expect(try LocalEntry.withoutHandle(IOError(errnoCode: ENOPROTOOPT, reason: "getsockopt")) == nil)
        for number in [EINVAL, ESRCH, EMFILE] {
            let error = IOError(errnoCode: number, reason: "getsockopt")
            #expect(throws: IOError.self) { try LocalEntry.withoutHandle(error) }
        }
        #expect(throws: CancellationError.self) { try LocalEntry.withoutHandle(CancellationError()) }
    }

    @Test func connectionsWhoseCallerIsUnknownAreClosed() async throws {
        struct Unknown: Error {}
        let refused = server(identify: { _ in throw Unknown() })
        try await serving(refused) { [path = folder.socket] in
            let bare = try BareSocket(connectingTo: path)
            #expect(bare.isClosedByPeer)
            await #expect(throws: RPCError.self) {
                try await calling(path) { try await $0.whoAmI(timeout: .seconds(2)) }
            }
        }
    }

    @Test func connectionsLeftOpenMakeRoomForOthers() async throws {
        let small = server(limits: { $0.connectionsPerProcess = 8 })
        let answer = try await serving(small) { [path = folder.socket] in
            // Some of them make room before they are active, which must not end the server either.
            let left = try (0..<4000).map { _ in try BareSocket(connectingTo: path) }
            defer { withExtendedLifetime(left) {} }
            // All of them are of this process, so one whose call has not come yet may have to make room as well, until the
            // last of them is in.
            for _ in 0..<100 {
                do {
                    return try await calling(path) { try await $0.whoAmI(waitsForConnection: true) }
                } catch let error as RPCError where error.code == .unavailable {
                    continue
                }
            }
            return "nobody is answered"
        }
        #expect(answer.hasPrefix(ownText))
    }

    @Test func aServerMayOpenAsManyFilesAsItIsAllowed() {
        _ = server()
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        #expect(limit.rlim_cur == limit.rlim_max)
    }

    /// As many connections as the process may have open files do not end the server.
    @Test func noMoreFilesIsNotTheEnd() async {
        await #expect(processExitsWith: .success) {
            let folder = try SocketFolder()
            let server = IdentityServer(
                at: .path(folder.socket, permissions: 0o600), services: [Probe()], limits: .local,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ) { peer in
                if let descriptor = peer.processDescriptor { close(descriptor) }
                return ProbeCaller(text: "somebody")
            }
            try await serving(server) { [path = folder.socket] in
                let free = dup(0)
                var limit = rlimit(rlim_cur: rlim_t(free + 60), rlim_max: rlim_t(free + 60))
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                try #require(BareSocket.exhaustFiles(connectingTo: path) > 10)
                let answer = try await calling(path) { try await $0.whoAmI(waitsForConnection: true) }
                try #require(answer.hasPrefix("somebody"))
            }
        }
    }

    @Test func connectionsWithCallsMakeNoRoom() async throws {
        let small = server(limits: { $0.connectionsPerProcess = 1 })
        try await serving(small) { [path = folder.socket] in
            try await calling(path) { client in
                try await client.holding {
                    let bare = try BareSocket(connectingTo: path)
                    #expect(bare.isClosedByPeer)
                    // The connection with the call is still there.
                    let answer = try await client.whoAmI()
                    #expect(answer.hasPrefix("pid:"))
                }
            }
        }
    }

    @Test func connectionsThatComeWhileTheServerStopsAreDropped() async throws {
        for _ in 0..<10 {
            let waiting = try await serving(server()) { [path = folder.socket] in
                // More than are taken in before the server stops, which it does at once.
                try (0..<64).map { _ in try BareSocket(connectingTo: path) }
            }
            for connection in waiting { #expect(connection.isClosedByPeer) }
        }
    }

    @Test func messagesAboveTheLimitAreRefused() async throws {
        let small = server(limits: { $0.messageBytes = 1000 })
        try await serving(small) { [path = folder.socket] in
            try await calling(path) { client in
                let answer = try await client.whoAmI(Array(repeating: 1, count: 1000))
                #expect(answer.hasSuffix(" 1000"))
                await #expect(throws: RPCError.self) {
                    try await client.whoAmI(Array(repeating: 1, count: 1001))
                }
                let next = try await client.whoAmI()
                #expect(next.hasSuffix(" 0"))
            }
        }
    }

    @Test func theSocketHasItsPermissionsAndGoesWithTheServer() async throws {
        try await serving(server(permissions: 0o770)) { [path = folder.socket] in
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o770)
            #expect(attributes[.type] as? FileAttributeType == .typeSocket)
        }
        #expect(!FileManager.default.fileExists(atPath: folder.socket))
    }

    @Test func aCallThatNeverEndsDoesNotHoldTheServer() async throws {
        let server = server()
        await #expect(throws: (any Error).self) {
            try await serving(server) { [path = folder.socket] in
                try await calling(path) { client in
                    try await client.holding { throw CancellationError() }
                }
            }
        }
    }

    @Test func anAbandonedSocketFileIsReplaced() async throws {
        do { _ = try BareSocket(listeningAt: folder.socket) }
        #expect(FileManager.default.fileExists(atPath: folder.socket))
        let answer = try await serving(server()) { [path = folder.socket] in
            try await calling(path) { try await $0.whoAmI() }
        }
        #expect(answer.hasPrefix(ownText))
    }

    @Test func aSocketAtWhichSomebodyListensIsLeftAlone() async throws {
        let other = try BareSocket(listeningAt: folder.socket)
        let error = await #expect(throws: ListenerError.self) { try await server().run() }
        #expect(error?.code == .inUse)
        #expect(FileManager.default.fileExists(atPath: folder.socket))
        withExtendedLifetime(other) {}
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() async throws {
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder.socket))
        let error = await #expect(throws: ListenerError.self) { try await server().run() }
        #expect(error?.code == .notASocket)
        #expect(FileManager.default.fileExists(atPath: folder.socket))
    }

    @Test(arguments: [(0o700, nil), (0o755, nil), (0o1777, nil), (0o777, .folder)] as [(Int, ListenerError.Code?)])
    func aFolderWhereEverybodyCouldReplaceTheSocketIsRefused(mode: Int, code: ListenerError.Code?) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path)
        do throws(ListenerError) {
            let file = try UnixSocketFile(listeningAt: folder.socket, permissions: 0o600)
            file.remove()
            close(file.descriptor)
            #expect(code == nil)
        } catch {
            #expect(error.code == code)
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func aFolderOfAnotherUserIsRefused() throws {
        try #require(chown(folder.path, 65_534, 65_534) == 0)
        let error = #expect(throws: ListenerError.self) {
            try UnixSocketFile(listeningAt: folder.socket, permissions: 0o600)
        }
        #expect(error?.code == .folder)
    }

    @Test func pathsThatNoAddressHoldsAreRefused() throws {
        let folder = folder.path + "/"
        let fits = folder + String(repeating: "a", count: UnixSocketFile.longestPath - folder.utf8.count)
        let file = try UnixSocketFile(listeningAt: fits, permissions: 0o600)
        #expect(FileManager.default.fileExists(atPath: fits))
        file.remove()
        close(file.descriptor)
        for path in [fits + "a", "", folder + "a\u{0}b"] {
            let error = #expect(throws: ListenerError.self) {
                try UnixSocketFile(listeningAt: path, permissions: 0o600)
            }
            #expect(error?.code == .pathLength)
        }
    }

    @Test func onlyTheOwnFileIsRemoved() throws {
        let file = try UnixSocketFile(listeningAt: folder.socket, permissions: 0o600)
        defer { close(file.descriptor) }
        unlink(folder.socket)
        let other = try BareSocket(listeningAt: folder.socket)
        file.remove()
        #expect(FileManager.default.fileExists(atPath: folder.socket))
        withExtendedLifetime(other) {}
    }

    @Test func aListeningSocketCanBeHandedOver() async throws {
        let file = try UnixSocketFile(listeningAt: folder.socket, permissions: 0o600)
        var limits = ListenerLimits.local
        limits.grace = .zero
        let server = IdentityServer(
            at: .descriptor(file.descriptor), services: [Probe()], limits: limits, logger: logger
        ) { ProbeCaller(text: "uid:\($0.uid)") }
        let answer = try await serving(server) { [path = folder.socket] in
            try await calling(path) { try await $0.whoAmI() }
        }
        #expect(answer.hasPrefix("uid:\(geteuid())"))
        #expect(FileManager.default.fileExists(atPath: folder.socket))
    }

    @Test func whatIsNoListeningUnixSocketIsNotAdopted() throws {
        let pair = UnsafeMutablePointer<CInt>.allocate(capacity: 2)
        defer { pair.deallocate() }
        try #require(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, pair) == 0)
        let listening = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try #require(listen(listening, 1) == 0)
        let file = open("/dev/null", O_RDONLY)
        let all = [pair[0], pair[1], listening, file]
        defer { for descriptor in all { close(descriptor) } }
        for descriptor in all {
            let error = #expect(throws: ListenerError.self) { try HandedOverSocket.adopt(descriptor, .local) }
            #expect(error?.code == .descriptor)
        }
    }
}
