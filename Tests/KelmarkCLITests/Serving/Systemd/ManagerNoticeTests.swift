// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Logging
import ServiceLifecycle
import Testing

@testable import KelmarkCLI

/// A service manager that reads what it is told.
private final class ListeningManager: Sendable {
    let descriptor: CInt
    let address: String

    init(at name: String) throws {
        address = name
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
        var place = sockaddr_un()
        place.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let bound = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try #require(bound == 0)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The messages that have come; none is waited for.
    var messages: [String] {
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            guard count > 0 else { return messages }
            messages.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct ManagerNoticeTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs a notice as a program does, and stops it.
    private func run(_ environment: [String: String], ready: @escaping @Sendable () async throws -> Void) async throws {
        let (isReady, tell) = AsyncStream<Void>.makeStream()
        let notice = ManagerNotice(environment: environment, logger: logger) {
            defer { tell.finish() }
            try await ready()
        }
        let group = ServiceGroup(services: [notice], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await _ in isReady {}
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    static func names() -> [String] {
        ["@kelmark-test-\(UUID().uuidString)", NSTemporaryDirectory() + "n\(UUID().uuidString.prefix(8))"]
    }

    @Test(arguments: ManagerNoticeTests.names()) func managersLearnBeginningAndEnd(name: String) async throws {
        let manager = try ListeningManager(at: name)
        defer { if name.hasPrefix("/") { unlink(name) } }
        try await run(["NOTIFY_SOCKET": name]) {}
        #expect(manager.messages == ["READY=1\nSTATUS=serving", "STOPPING=1\nSTATUS=stopping"])
    }

    /// Who can't listen is not ready.
    @Test func nobodyIsReadyWhoDoesNotServe() async throws {
        struct Taken: Error {}
        let manager = try ListeningManager(at: "@kelmark-test-\(UUID().uuidString)")
        try await run(["NOTIFY_SOCKET": manager.address]) { throw Taken() }
        #expect(manager.messages == ["STOPPING=1\nSTATUS=stopping"])
    }

    /// A manager that is not there keeps nobody from serving.
    @Test(arguments: [[:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "/nowhere/socket"], ["NOTIFY_SOCKET": "relative"]])
    func serviceGoesOnWithoutManager(environment: [String: String]) async throws {
        try await run(environment) {}
    }

    @Test func addressesAreBounded() {
        #expect(!ManagerNotice.send("READY=1", to: "/" + String(repeating: "a", count: 200)))
        #expect(!ManagerNotice.send("READY=1", to: ""))
    }
}
