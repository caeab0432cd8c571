// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import KERI
internal import KERINetwork
internal import KelmarkCrypto
internal import NetworkProperties

/// A service over stores in memory, asked by a stranger. The first byte chooses: a witness over HTTP, a witness over TCP,
/// a watcher.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzServiceRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let choice = input.first else { return }
        let bytes = Array(input.dropFirst())
        wait {
            do {
                switch choice & 3 {
                case 0, 1: try await askWitness(bytes)
                case 2: try await talkToWitness(bytes)
                default: try await askWatcher(bytes)
                }
            } catch { property(false, "a service can be made") }
        }
    }
}

/// The witness that the seeds name.
private func witness() throws -> (Witness<MemoryKeyEventStore, MemoryMailboxStore>, MemoryKeyEventStore) {
    let seed = [UInt8](repeating: 0x57, count: 32)
    let key = try CreatedKey(
        seed: SecretBytes(copying: seed.span), algorithm: .ed25519, isTransferable: false)
    let store = MemoryKeyEventStore()
    var policy = WitnessPolicy()
    policy.answersUnsignedQueries = true
    policy.urls = PeerURL("http://192.0.2.7:5642/").map { [$0] } ?? []
    return (
        try Witness(key: key, store: store, mailboxes: MemoryMailboxStore(), policy: policy, clock: StoppedClock()),
        store
    )
}

private func askWitness(_ bytes: [UInt8]) async throws {
    let (witness, store) = try witness()
    let endpoint = WitnessEndpoint(witness)
    for request in requests(in: bytes) {
        let response = await endpoint.respond(to: request)
        check(response)
        // A store in memory does not fail.
        property(response.status < 500, "no request is the witness's own fault")
        if case .bytes(let body) = response.body { checkReceipts(in: body, against: store) }
    }
}

private func talkToWitness(_ bytes: [UInt8]) async throws {
    guard let size = bytes.first.map({ Int($0) * 8 + 1 }) else { return }
    let (witness, store) = try witness()
    let conversation = WitnessStream(witness).open(from: "192.0.2.1")
    var rest = bytes.dropFirst()
    while !rest.isEmpty {
        guard let answer = await conversation.receive(Array(rest.prefix(size))) else { return }
        checkReceipts(in: answer, against: store)
        rest = rest.dropFirst(size)
    }
}

private func askWatcher(_ bytes: [UInt8]) async throws {
    let list = MemoryWatchList()
    let watcher = try Watcher(
        store: MemoryKeyEventStore(), list: list, evidence: MemoryEvidenceStore(),
        transport: AnsweringPeer(headers: [], bodies: []), clock: StoppedClock())
    let seed = [UInt8](repeating: 0x6F, count: 32)
    let signer = try SigningKey(algorithm: .ed25519, seed: SecretBytes(copying: seed.span))
    let identity = try await WatcherIdentity(signer: signer, now: StoppedClock().now())
    let stranger = WatcherEndpoint(watcher, identity: identity)
    for request in requests(in: bytes) {
        check(await stranger.respond(to: request))
        property(list.all().isEmpty, "strangers change nothing")
    }
    let own = WatcherEndpoint(watcher, identity: identity)
    for request in requests(in: bytes) {
        let local = ServiceRequest(
            method: request.method, path: request.path, query: request.query, headers: request.headers,
            body: request.body, source: "127.0.0.1")
        check(await own.respond(to: local))
    }
}

private func check(_ response: ServiceResponse) {
    property((200..<600).contains(response.status), "a status code is one")
    for header in response.headers {
        property(!header.value.utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 }, "a header is one line")
        property(!header.name.isEmpty, "a header has a name")
    }
}
