// SPDX-License-Identifier: Apache-2.0

import ACDC
import KERI
import KelmarkCrypto
import Synchronization

@testable import KERINetwork

/// Witnesses that are reached without sockets, and what each of them does to those who ask.
final class WitnessedNetwork: PeerTransport {
    /// How a host behaves.
    enum Mood: Sendable {
        case well, away, slow, malformed, garbage, silent, another, refusing(Int), receiptsOnly, cut(Int)
    }

    struct Member: Sendable {
        let witness: Witness<MemoryKeyEventStore, MemoryMailboxStore>
        let url: PeerURL
        let endpoint: WitnessEndpoint<MemoryKeyEventStore, MemoryMailboxStore>
    }

    let members: [Member]
    let clock = StillClock()
    private let state = Mutex<(moods: [String: Mood], asked: [String], bytes: [String: Int])>(([:], [], [:]))

    init(_ count: Int, policy: WitnessPolicy = WitnessPolicy(), streams: Bool = false, registries: Bool = false) throws
    {
        let clock = clock
        members = try (0..<count).map { number in
            let url = try requireValue(PeerURL("http://w\(number):80/"))
            var policy = policy
            policy.urls = [url]
            if streams { policy.urls.append(try requireValue(PeerURL("tcp://w\(number):81/"))) }
            let key = try CreatedKey(seed: .random(count: 32), algorithm: .ed25519, isTransferable: false)
            let store = MemoryKeyEventStore()
            let archive = RegistryArchive(MemoryCredentialStore(store))
            let witness = try Witness(
                key: key, store: store, mailboxes: MemoryMailboxStore(), policy: policy, clock: clock,
                registries: registries ? archive : nil)
            return Member(witness: witness, url: url, endpoint: WitnessEndpoint(witness))
        }
    }

    var aids: [AID] { members.map(\.witness.aid) }
    /// Methods and targets in order, with their hosts.
    var asked: [String] { state.withLock { $0.asked } }

    /// How many bytes of bodies were sent to one of them.
    func received(by number: Int) -> Int { state.withLock { $0.bytes["w\(number)"] ?? 0 } }

    func set(_ mood: Mood, of number: Int) { state.withLock { $0.moods["w\(number)"] = mood } }

    func send(
        _ request: PeerRequest, timeout: Duration, limit: Int
    ) async throws(TransportError) -> PeerResponse {
        let mood = state.withLock { state in
            state.asked.append("\(request.method.rawValue) \(request.url.host)\(request.target)")
            state.bytes[request.url.host, default: 0] += request.body.count
            return state.moods[request.url.host] ?? .well
        }
        switch mood {
        case .away: throw TransportError(.unreachable, "\(request.url)")
        case .slow: throw TransportError(.timedOut, "\(request.url)")
        case .malformed: throw TransportError(.malformed, "\(request.url)")
        case .garbage: return PeerResponse(status: 200, body: Array("{}garbage".utf8))
        case .silent: return PeerResponse(status: 200)
        case .refusing(let status): return PeerResponse(status: status)
        case .another:
            return await answer(PeerRequest(.get, request.url, target: "/oobi"), by: members.count - 1)
        case .receiptsOnly where !request.target.hasSuffix("receipts"):
            throw TransportError(.unreachable, "\(request.url)")
        case .well, .receiptsOnly, .cut: break
        }
        guard let place = members.firstIndex(where: { $0.url.host == request.url.host }) else {
            throw TransportError(.unreachable, "\(request.url)")
        }
        let whole = await answer(request, by: place)
        guard case .cut(let count) = mood else { return whole }
        return PeerResponse(status: whole.status, headers: whole.headers, body: Array(whole.body.prefix(count)))
    }

    private func answer(_ request: PeerRequest, by place: Int) async -> PeerResponse {
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        let response = await members[place].endpoint.respond(
            to: ServiceRequest(
                method: request.method.rawValue, path: parts[0],
                headers: request.headers.map { ($0.name.lowercased(), $0.value) }, body: request.body,
                source: "127.0.0.1"))
        guard case .bytes(let body) = response.body else { return PeerResponse(status: response.status) }
        return PeerResponse(
            status: response.status, headers: response.headers.map { ($0.name.lowercased(), $0.value) }, body: body)
    }

    func events(
        _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
    ) async throws(TransportError) { throw TransportError(.malformed, "no streams here") }

    func converse(
        _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
    ) async throws(TransportError) -> [UInt8] {
        let mood = state.withLock { state in
            state.asked.append("TCP \(url.host)")
            return state.moods[url.host] ?? .well
        }
        switch mood {
        case .away, .slow: throw TransportError(.unreachable, "\(url)")
        case .garbage: return Array("garbage".utf8)
        case .well: break
        default: return []
        }
        guard let place = members.firstIndex(where: { $0.url.host == url.host }) else {
            throw TransportError(.unreachable, "\(url)")
        }
        let conversation = WitnessStream(members[place].witness).open(from: "127.0.0.1")
        var answer: [UInt8] = []
        // In two pieces, as networks do.
        for part in [stream.prefix(stream.count / 2), stream.dropFirst(stream.count / 2)] {
            answer += await conversation.receive(Array(part)) ?? []
            if isEnough(answer) { break }
        }
        return answer
    }

    /// A wallet that knows all witnesses.
    func wallet() async throws -> Wallet<MemoryKeyEventStore> {
        let wallet = Wallet(store: MemoryKeyEventStore(), vault: InMemoryVault(), book: MemoryWalletBook())
        for member in members {
            let oobi = try requireValue(OOBI("\(member.url.description)oobi/\(member.witness.aid)/controller"))
            _ = try await Introducer(wallet, transport: self, clock: clock).follow(oobi)
        }
        return wallet
    }

    func receiptor(
        _ wallet: Wallet<MemoryKeyEventStore>, prefersStreams: Bool = false
    ) -> Receiptor<MemoryKeyEventStore> {
        var policy = DeliveryPolicy()
        policy.prefersStreams = prefersStreams
        return Receiptor(wallet, transport: self, clock: clock, policy: policy)
    }
}

/// A clock that stands still; waiting takes no time.
struct StillClock: NetworkClock {
    func now() -> Timestamp { Timestamp(seconds: 1_750_000_000) }
    func sleep(for duration: Duration) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
    }
}

struct MissingValue: Error {}

/// The value, or an error that ends the test.
func requireValue<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw MissingValue() }
    return value
}
