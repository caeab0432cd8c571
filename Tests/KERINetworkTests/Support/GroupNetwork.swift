// SPDX-License-Identifier: Apache-2.0

import ACDC
import KERI
import KERINetwork
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

/// A time that does not pass.
struct GroupClock: NetworkClock {
    func now() -> Timestamp { groupMoment(60) }
    func sleep(for duration: Duration) async throws(CancellationError) {}
}

/// Witnesses in this process, reached by URL as if over HTTP.
final class GroupNetwork: PeerTransport {
    typealias Boxes = MemoryMailboxStore
    struct Host: Sendable {
        let witness: Witness<MemoryKeyEventStore, Boxes>
        let boxes: Boxes
    }

    let hosts: [PeerURL: Host]
    /// Witnesses that can't be reached.
    let stopped = Mutex<Set<AID>>([])

    init(_ count: Int, keepsRegistries: Bool = false) throws {
        var hosts: [PeerURL: Host] = [:]
        for number in 0..<count {
            let url = try #require(PeerURL("http://127.0.0.1:\(5642 + number)/"))
            let key = try #require(RandomKeyCreator.keys(count: 1, isTransferable: false).first)
            let boxes = Boxes()
            let store = MemoryKeyEventStore()
            hosts[url] = Host(
                witness: try Witness(
                    key: key, store: store, mailboxes: boxes, policy: WitnessPolicy(urls: [url]),
                    clock: GroupClock(),
                    registries: keepsRegistries ? RegistryArchive(MemoryCredentialStore(store)) : nil), boxes: boxes)
        }
        self.hosts = hosts
    }

    private func host(_ url: PeerURL) throws(TransportError) -> Host {
        guard let host = hosts.first(where: { $0.key.port == url.port })?.value,
            !stopped.withLock({ $0.contains(host.witness.aid) })
        else {
            throw TransportError(.unreachable, "\(url)")
        }
        return host
    }

    private func respond(_ request: PeerRequest, by host: Host) async -> ServiceResponse {
        await WitnessEndpoint(host.witness).respond(
            to: ServiceRequest(
                method: request.method.rawValue, path: request.target,
                headers: request.headers.map { ($0.name.lowercased(), $0.value) }, body: request.body,
                source: "127.0.0.1"))
    }

    func send(_ request: PeerRequest, timeout: Duration, limit: Int) async throws(TransportError) -> PeerResponse {
        let response = await respond(request, by: try host(request.url))
        guard case .bytes(let bytes) = response.body else { throw TransportError(.malformed, "a stream") }
        return PeerResponse(
            status: response.status, headers: response.headers.map { ($0.name.lowercased(), $0.value) }, body: bytes)
    }

    /// Hands out what waits; nothing comes later.
    func events(
        _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
    ) async throws(TransportError) {
        let host = try host(request.url)
        let response = await respond(request, by: host)
        guard case .events(let events) = response.body,
            let query = try? OrderedValue(parsing: request.body.span, format: .json)["q"],
            let owner = query["pre"]?.textValue.flatMap({ AID($0) })
        else { throw TransportError(.malformed, "no stream: \(response.status)") }
        var waiting = 0
        for topic in query["topics"]?.mapValue?.members ?? [] {
            let box = Mailbox(recipient: owner, topic: topic.label)
            let from = UInt64(topic.value.integerValue ?? 0)
            waiting += host.boxes.messages(in: box, from: from, limit: 10_000).count
        }
        guard waiting > 0 else { return }
        for await event in events {
            guard await receive(event) else { return }
            if event.data != nil { waiting -= 1 }
            if waiting == 0 { return }
        }
    }

    func converse(
        _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
    ) async throws(TransportError) -> [UInt8] { throw TransportError(.unreachable, "\(url)") }
}
