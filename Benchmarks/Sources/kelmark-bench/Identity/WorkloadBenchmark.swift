// SPDX-License-Identifier: Apache-2.0

import Glibc
import SPIFFE
import Synchronization
import WorkloadClient

/// Clients of an agent's socket, each with a connection of its own; each waits for an answer before it asks again.
enum WorkloadBenchmark {
    /// What is asked for, over and over.
    enum Call: String, CaseIterable, Sendable {
        /// Whether the agent serves: the same socket and the same library, without any of the agent's own work.
        case health
        /// The X.509 state of this process, as the first message of a stream.
        case x509
        /// The same by our client library, which connects anew each time and judges what it gets.
        case x509New = "x509-new"
        /// A token that the agent has.
        case jwt
        /// A token that nobody has asked for before.
        case jwtFresh = "jwt-fresh"
    }

    /// Most calls over one connection: a client that leaves a stream resets it, and the server's HTTP/2 library closes a
    /// connection with more than 200 resets in 30 seconds.
    private static let callsPerConnection = 150

    /// What one client saw.
    private struct Lap: Sendable {
        var times: [Double] = []
        var bytes = 0

        /// Calls a second while it was calling.
        var rate: Double { Double(times.count) / times.reduce(0, +) }
    }

    /// Prints `calls COUNT RATE P50 P99 BYTES`: calls a second, seconds, bytes of the last answer.
    static func run(_ call: Call, socket: String, clients: Int, calls: Int) async throws {
        let line = StartLine(clients)
        let laps = try await withThrowingTaskGroup(of: Lap.self) { group in
            for number in 0..<clients {
                group.addTask { try await lap(call, socket, line, client: number, calls: calls) }
            }
            return try await group.reduce(into: [Lap]()) { $0.append($1) }
        }
        let times = laps.flatMap(\.times).sorted()
        guard times.count == clients * calls, let bytes = laps.first?.bytes else { throw FixtureError() }
        let rate = laps.reduce(0) { $0 + $1.rate }
        print("calls", times.count, rate, percentile(50, of: times), percentile(99, of: times), bytes)
    }

    private static func percentile(_ percent: Int, of sorted: [Double]) -> Double {
        sorted[min(sorted.count - 1, max(0, (sorted.count * percent + 99) / 100 - 1))]
    }

    private static func lap(
        _ call: Call, _ socket: String, _ line: StartLine, client number: Int, calls: Int
    ) async throws -> Lap {
        guard call != .x509New else {
            let client = WorkloadAPIClient(at: try EndpointAddress("unix://\(socket)"))
            return try await lap(line, 0..<calls) { _ in
                try await client.fetchX509Context().defaultSVID.id.description.utf8.count
            }
        }
        var whole = Lap()
        for first in stride(from: 0, to: calls, by: callsPerConnection) {
            let places = first..<min(first + callsPerConnection, calls)
            let part = try await SocketClient.connected(to: socket) { client in
                try await lap(first == 0 ? line : nil, places) { place in
                    try await ask(call, client, audience: "\(getpid()) \(number) \(place)")
                }
            }
            whole.times += part.times
            whole.bytes = part.bytes
        }
        return whole
    }

    /// Calls over one connection: two to get warm, then, when all clients are warm, those that are measured.
    private static func lap(
        _ line: StartLine?, _ places: Range<Int>, _ ask: @Sendable (Int) async throws -> Int
    ) async throws -> Lap {
        do {
            for place in 1...2 { _ = try await ask(-place - places.lowerBound) }
        } catch {
            await line?.wait()
            throw error
        }
        await line?.wait()
        var lap = Lap()
        for place in places {
            let start = ContinuousClock.now
            lap.bytes = try await ask(place)
            lap.times.append((ContinuousClock.now - start).inSeconds)
        }
        return lap
    }

    /// One call; how many bytes its answer has.
    private static func ask(_ call: Call, _ client: SocketClient, audience: String) async throws -> Int {
        switch call {
        case .health: return try await client.answer(.health).count
        case .x509, .x509New:
            let answer = try await client.answer(.fetchX509SVID)
            return try identities(answer)
        case .jwt, .jwtFresh:
            let answer = try await client.answer(.fetchJWTSVID, tokenRequest(call == .jwt ? "bench" : audience))
            return try identities(answer)
        }
    }

    private static func tokenRequest(_ audience: String) -> [UInt8] {
        var message = WireMessage()
        message.put(1, audience)
        return message.bytes
    }

    /// How many bytes an answer has that holds at least one identity.
    private static func identities(_ answer: [UInt8]) throws -> Int {
        guard try WireField.all(in: answer[...]).contains(where: { $0.number == 1 && !$0.content.isEmpty }) else {
            throw FixtureError()
        }
        return answer.count
    }
}

/// Where some wait until all have come.
private final class StartLine: Sendable {
    private struct State {
        var missing: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(missing: count)) }

    func wait() async {
        await withCheckedContinuation { continuation in
            let released = state.withLock { state in
                state.missing -= 1
                state.waiting.append(continuation)
                guard state.missing <= 0 else { return [CheckedContinuation<Void, Never>]() }
                defer { state.waiting = [] }
                return state.waiting
            }
            for one in released { one.resume() }
        }
    }
}
