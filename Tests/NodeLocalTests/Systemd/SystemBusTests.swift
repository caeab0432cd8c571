// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import NodeAgent
import Testing
import WorkloadTestKit

@testable import NodeLocal

/// A scripted bus at a Unix socket.
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
}
