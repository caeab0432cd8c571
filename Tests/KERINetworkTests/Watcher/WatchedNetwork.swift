// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization

@testable import KERINetwork

/// A clock that moves when it is told to; sleepers wake when their time has come.
final class WatchClock: NetworkClock {
    private struct State {
        var now = Timestamp(seconds: 1_760_000_000)
        var sleepers: [Int: (until: Timestamp, wake: CheckedContinuation<Void, Never>)] = [:]
        var next = 0
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func now() -> Timestamp { state.withLock { $0.now } }

    func advance(by duration: Duration) {
        let awake = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for number in due.keys { state.sleepers[number] = nil }
            return due.values.map(\.wake)
        }
        for sleeper in awake { sleeper.resume() }
    }

    func sleep(for duration: Duration) async throws(CancellationError) {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isOver, watchers) = state.withLock { state in
                    guard !Task.isCancelled else { return (true, [CheckedContinuation<Void, Never>]()) }
                    state.sleepers[number] = (state.now.advanced(by: duration), continuation)
                    defer { state.watchers = [] }
                    return (false, state.watchers)
                }
                if isOver { continuation.resume() }
                for watcher in watchers { watcher.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.wake.resume()
        }
        if Task.isCancelled { throw CancellationError() }
    }

    /// Returns when somebody sleeps.
    func someoneSleeps() async {
        await withCheckedContinuation { continuation in
            let isSo = state.withLock { state in
                guard state.sleepers.isEmpty else { return true }
                state.watchers.append(continuation)
                return false
            }
            if isSo { continuation.resume() }
        }
    }
}

/// Peers by host name, each with what it answers.
final class WatchedNetwork: PeerTransport {
    enum Reply: Sendable {
        case answer(Int, [UInt8])
        case fails(TransportError.Code)
        /// Never answers, until the question is given up.
        case hangs
    }

    typealias Peer = @Sendable (PeerRequest) -> Reply

    private struct State {
        var peers: [String: Peer] = [:]
        var asked: [String] = []
    }

    private let state = Mutex(State())

    /// What was asked, as `host target`.
    var asked: [String] { state.withLock { $0.asked } }
    func forgetAsked() { state.withLock { $0.asked = [] } }

    func set(_ host: String, _ peer: @escaping Peer) { state.withLock { $0.peers[host] = peer } }

    /// A witness that shows the same for every question about logs.
    func show(_ host: String, _ log: [UInt8]) { set(host) { _ in .answer(200, log) } }

    func send(
        _ request: PeerRequest, timeout: Duration, limit: Int
    ) async throws(TransportError) -> PeerResponse {
        let peer = state.withLock { state in
            state.asked.append("\(request.url.host) \(request.target)")
            return state.peers[request.url.host]
        }
        guard let peer else { throw TransportError(.unreachable, request.url.host) }
        switch peer(request) {
        case .answer(let status, let body):
            guard body.count <= limit else { throw TransportError(.tooLarge, request.url.host) }
            return PeerResponse(status: status, body: body)
        case .fails(let code): throw TransportError(code, request.url.host)
        case .hangs:
            // Suspended until cancelled: a journal that nothing is ever written to.
            await WatchJournal(length: 1, now: Timestamp(seconds: 0)).wait(after: .max)
            throw TransportError(.cancelled, request.url.host)
        }
    }

    func events(
        _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
    ) async throws(TransportError) { throw TransportError(.unreachable, "no streams here") }

    func converse(
        _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
    ) async throws(TransportError) -> [UInt8] { throw TransportError(.unreachable, "no streams here") }
}

/// A watcher, its clock, and witnesses `w0.test`, `w1.test`… that it can reach.
struct WatchScene {
    let clock = WatchClock()
    let network = WatchedNetwork()
    let store = MemoryKeyEventStore()
    let list = MemoryWatchList()
    let evidence = MemoryEvidenceStore()
    let witnesses: [CreatedKey]
    let watcher: Watcher<MemoryKeyEventStore>

    init(witnesses count: Int = 3, policy: WatcherPolicy = WatcherPolicy()) throws {
        witnesses = try WatchedController.witnesses(count)
        watcher = try Watcher(
            store: store, list: list, evidence: evidence, transport: network, clock: clock, policy: policy)
    }

    /// The same watcher after a restart.
    func restarted() throws -> Watcher<MemoryKeyEventStore> {
        try Watcher(store: store, list: list, evidence: evidence, transport: network, clock: clock)
    }

    static func host(_ place: Int) -> String { "w\(place).test" }

    func url(_ aid: AID, by place: Int) throws -> PeerURL {
        PeerURL(
            scheme: .http, host: Self.host(place), port: 5642,
            path: "/oobi/\(aid)/witness/\(witnesses[place].watchedAID)")!
    }

    /// Signed locations of all witnesses.
    var locations: [UInt8] {
        get throws {
            try witnesses.indices.flatMap { place in
                try witnesses[place].reply(
                    "/loc/scheme",
                    [
                        "eid": .text(witnesses[place].watchedAID.text), "scheme": "http",
                        "url": .text("http://\(Self.host(place)):5642/"),
                    ], dated: Timestamp(seconds: 1_759_999_000))
            }
        }
    }

    /// Lets a witness show a log, with where everybody listens behind it.
    func show(_ place: Int, _ log: [UInt8]) throws { network.show(Self.host(place), log + (try locations)) }

    /// Lets all witnesses show the same log, with receipts of all.
    func showEverywhere(_ controller: WatchedController) throws {
        for place in witnesses.indices { try show(place, controller.log(receiptedBy: Array(witnesses.indices))) }
    }

    func kinds(after cursor: UInt64 = 0) -> [WatchEvent.Kind] {
        watcher.journal.events(after: cursor, limit: .max).map(\.kind)
    }

    func view(_ aid: AID, _ place: Int) -> WitnessView? {
        watcher.views(of: aid)[.witness(witnesses[place].watchedAID)]
    }
}
