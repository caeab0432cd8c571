// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOPosix
private import Synchronization

/// Stands before a witness and passes requests and answers on, until it is told to do harm.
///
/// It sees every answer of the witness before it spoils it, so that also receipts that never reach anybody are known.
package final class FaultyProxy: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private struct State {
        var fault: Fault?
        var random: SeededGenerator
        var counts: [Fault: Int] = [:]
        var requests = 0
        /// Receipts that were given before, for ``Fault/stale``.
        var receipts: [[UInt8]] = []
    }

    /// Where it listens.
    package let port: Int
    private let upstream: Int
    private let lateness: Duration
    private let server: NIOAsyncChannel<Connection, Never>
    private let sees: @Sendable (_ answer: [UInt8]) -> Void
    private let state: Mutex<State>

    /// Listens at a free port of loopback; ``run()`` serves.
    ///
    /// - Parameters:
    ///   - upstream: the port of loopback where the witness listens.
    ///   - seed: of what is random in the harm.
    ///   - lateness: how long a late answer is kept back.
    ///   - sees: told each whole answer of the witness.
    package init(
        upstream: Int, seed: UInt64, lateness: Duration, sees: @escaping @Sendable (_ answer: [UInt8]) -> Void
    ) async throws {
        self.upstream = upstream
        self.lateness = lateness
        self.sees = sees
        state = Mutex(State(random: SeededGenerator(seed: seed)))
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        port = server.channel.localAddress?.port ?? 0
    }

    /// What it does to answers from now on; nil for nothing.
    package func set(_ fault: Fault?) { state.withLock { $0.fault = fault } }

    /// How many requests each fault has hit.
    package var counts: [Fault: Int] { state.withLock { $0.counts } }
    /// How many requests came.
    package var requests: Int { state.withLock { $0.requests } }

    /// Serves until the task is cancelled.
    package func run() async throws {
        try await server.executeThenClose { inbound in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in inbound { group.addTask { await self.serve(connection) } }
            }
        }
    }

    // MARK: One connection

    private func serve(_ connection: Connection) async {
        try? await connection.executeThenClose { inbound, outbound in
            var buffer: [UInt8] = []
            for try await chunk in inbound {
                buffer += chunk.readableBytesView
                while case .whole(let length) = HTTPExtent.of(buffer, isAnswer: false) {
                    let request = Array(buffer[..<length])
                    buffer.removeFirst(length)
                    guard let answer = try await answer(to: request, pipe: { try await outbound.write($0) }) else {
                        return
                    }
                    try await outbound.write(ByteBuffer(bytes: answer.bytes))
                    guard answer.isWhole else { return }
                }
            }
        }
    }

    /// What goes back; nil when the connection is closed without a word.
    private func answer(
        to request: [UInt8], pipe: (ByteBuffer) async throws -> Void
    ) async throws -> (bytes: [UInt8], isWhole: Bool)? {
        let before = state.withLock { state in
            state.requests += 1
            return state.fault
        }
        if before == .deaf {
            count(.deaf)
            return nil
        }
        guard let genuine = await forward(request, pipe: pipe) else { return nil }
        sees(genuine)
        let isReceipt = request.starts(with: Array("POST /receipts ".utf8)) && genuine.starts(with: Self.good)
        // What set in while the witness worked hits its answer too.
        guard let fault = before ?? state.withLock({ $0.fault }), !fault.isOfProcess else {
            if isReceipt { remember(genuine) }
            return (genuine, true)
        }
        count(fault)
        switch fault {
        case .mute, .deaf: return nil
        case .noise: return (random { generator in Self.noise(&generator) }, false)
        case .failing: return (Self.refusal, true)
        case .truncated: return (Array(genuine.prefix(random { Int.random(in: 0..<genuine.count, using: &$0) })), false)
        case .late:
            try await Task.sleep(for: lateness)
            return (genuine, true)
        case .altered: return (isReceipt ? random { Self.altered(genuine, &$0) } : genuine, true)
        case .stale:
            let former = state.withLock { $0.receipts.first }
            return (isReceipt ? former ?? genuine : genuine, true)
        case .killed, .paused: return (genuine, true)
        }
    }

    private func count(_ fault: Fault) { state.withLock { $0.counts[fault, default: 0] += 1 } }

    private func random<R>(_ body: (inout SeededGenerator) -> R) -> R where R: Sendable {
        state.withLock { body(&$0.random) }
    }

    private func remember(_ receipt: [UInt8]) {
        state.withLock { state in
            state.receipts.append(receipt)
            if state.receipts.count > 5 { state.receipts.removeFirst() }
        }
    }

    private static let good = Array("HTTP/1.1 200 ".utf8)
    private static let refusal = Array("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\n{}".utf8)

    private static func noise(_ random: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 1...4096, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// Another letter in the place of one of the last 80, which belong to the signature.
    private static func altered(_ answer: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        guard answer.count > 100 else { return answer }
        var answer = answer
        let place = answer.count - 1 - Int.random(in: 0..<80, using: &random)
        answer[place] = answer[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        return answer
    }

    // MARK: The witness

    /// The whole answer of the witness, nil when there is none. A stream of events is handed to `pipe` as it comes, and
    /// there is no answer then.
    private func forward(_ request: [UInt8], pipe: (ByteBuffer) async throws -> Void) async -> [UInt8]? {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(5))
                .connect(host: "127.0.0.1", port: upstream) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(IdleStateHandler(readTimeout: .seconds(30)))
                        try channel.pipeline.syncOperations.addHandler(IdleCloser())
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(bytes: request))
                var answer: [UInt8] = []
                var isStream = false
                for try await chunk in inbound {
                    if isStream {
                        try await pipe(chunk)
                        continue
                    }
                    answer += chunk.readableBytesView
                    switch HTTPExtent.of(answer, isAnswer: true) {
                    case .incomplete: continue
                    case .whole(let length): return Array(answer[..<length])
                    case .stream:
                        isStream = true
                        try await pipe(ByteBuffer(bytes: answer))
                    }
                }
                return nil
            }
        } catch { return nil }
    }
}

/// Closes a connection on which nothing has come for too long.
private final class IdleCloser: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
