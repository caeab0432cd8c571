// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOPosix
import NodeAgent
import Testing
import WorkloadTestKit

@testable import NodeLocal

/// A scripted bus, and the real one, at a Unix socket.
@Suite(.timeLimit(.minutes(1)))
struct SystemBusTests {
    let folder: TestDirectory
    var socket: String { "\(folder.path)/bus" }

    init() throws { folder = try TestDirectory() }

    /// Answers what comes by what is given, one after the other.
    private final class Script: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private var answers: ArraySlice<[UInt8]>
        private let reached: AsyncStream<Never>.Continuation

        init(_ answers: [[UInt8]], _ reached: AsyncStream<Never>.Continuation) {
            self.answers = answers[...]
            self.reached = reached
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let next = answers.popFirst() else {
                reached.finish()
                return
            }
            guard !next.isEmpty else { return context.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: next)), promise: nil)
        }
    }

    @discardableResult private func serving<R: Sendable>(
        _ answers: [[UInt8]],
        reached: AsyncStream<Never>.Continuation = AsyncStream.makeStream(of: Never.self).continuation,
        _ body: () async throws -> R
    ) async throws -> R {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Script(answers, reached))
                }
            }
            .bind(unixDomainSocketPath: socket).get()
        do {
            let result = try await body()
            try await server.close()
            return result
        } catch {
            try? await server.close()
            throw error
        }
    }

    private static let welcome = Array("OK 1\r\n".utf8)
    private static let whole = [
        welcome, BusReply.text(":1.1", to: 1).bytes, BusReply.text("/u", type: "o", to: 2).bytes,
        BusReply.text("web.service", inVariant: true, to: 3).bytes, BusReply.text("", inVariant: true, to: 4).bytes,
    ]

    @Test func `a unit is asked for, over a connection of its own each time`() async throws {
        let bus = SystemBus(socket: socket, clock: PatientClock())
        try await serving(Self.whole) {
            for _ in 0..<2 {
                let unit = try await bus.unit(ofPID: 7)
                #expect(unit == SystemdUnit(id: "web.service", fragmentPath: ""))
            }
            let attestor = SystemdAttestor(bus)
            #expect(attestor.name == "systemd")
        }
    }

    @Test func `a bus that breaks off, or is not there, is an error`() async throws {
        let bus = SystemBus(socket: socket, clock: PatientClock())
        await #expect(throws: AttestorError.self) { try await bus.unit(ofPID: 7) }
        for count in 0..<Self.whole.count {
            try await serving(Array(Self.whole[..<count]) + [[]]) {
                await #expect(throws: AttestorError.self) { try await bus.unit(ofPID: 7) }
            }
        }
    }

    @Test func `silence is given up`() async throws {
        let (signal, reached) = AsyncStream.makeStream(of: Never.self)
        let bus = SystemBus(socket: socket, clock: ImpatientClock(signal: signal))
        try await serving([Self.welcome], reached: reached) {
            await #expect(throws: AttestorError.self) { try await bus.unit(ofPID: 7) }
        }
    }

    // MARK: The real one

    private static let daemon = "/usr/bin/dbus-daemon"

    /// Nobody is systemd there; that the bus says so means that it let us in and understood the call.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: daemon)))
    func `the reference implementation of the bus understands us`() async throws {
        let settings = try folder.write(
            "bus.conf",
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>session</type><listen>unix:path=\(socket)</listen><auth>EXTERNAL</auth>
            <policy context="default"><allow send_destination="*"/><allow eavesdrop="false"/><allow own="*"/></policy>
            </busconfig>
            """)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.daemon)
        process.arguments = ["--config-file=\(settings)", "--nofork", "--print-address=1"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        // It listens when it tells its address.
        let address = output.fileHandleForReading.availableData
        #expect(String(decoding: address, as: UTF8.self).contains(socket))
        let bus = SystemBus(socket: socket, clock: PatientClock())
        let error = await #expect(throws: AttestorError.self) { try await bus.unit(ofPID: 1) }
        #expect(error?.description == "the system bus answers org.freedesktop.DBus.Error.ServiceUnknown")
    }
}
