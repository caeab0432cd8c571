// SPDX-License-Identifier: Apache-2.0

import Foundation
import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

@testable import KERINetwork

/// Writes first seeds of the fuzzer `ServiceRequest`: what a controller asks the witness that the fuzzer runs. Only with
/// `KELMARK_FUZZ_SEEDS=FOLDER`; `scripts/fuzz-seeds` makes the others.
struct FuzzSeedTests {
    static var folder: String? { ProcessInfo.processInfo.environment["KELMARK_FUZZ_SEEDS"] }

    /// One witness whose requests are kept as text.
    private final class Recorder: PeerTransport {
        private let endpoint: WitnessEndpoint<MemoryKeyEventStore, MemoryMailboxStore>
        private let kept = Mutex<[[UInt8]]>([])
        var all: [[UInt8]] { kept.withLock { $0 } }

        init(_ endpoint: WitnessEndpoint<MemoryKeyEventStore, MemoryMailboxStore>) { self.endpoint = endpoint }

        func send(
            _ request: PeerRequest, timeout: Duration, limit: Int
        ) async throws(TransportError) -> PeerResponse {
            var text = "\(request.method.rawValue) \(request.target)\n"
            for header in request.headers { text += "\(header.name): \(header.value)\n" }
            kept.withLock { $0.append(Array((text + "\n").utf8) + request.body) }
            let response = await endpoint.respond(
                to: ServiceRequest(
                    method: request.method.rawValue, path: request.target,
                    headers: request.headers.map { ($0.name.lowercased(), $0.value) }, body: request.body, source: "s"))
            guard case .bytes(let body) = response.body else { return PeerResponse(status: response.status) }
            return PeerResponse(
                status: response.status, headers: response.headers.map { ($0.name.lowercased(), $0.value) }, body: body)
        }

        func events(
            _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
        ) async throws(TransportError) { throw TransportError(.malformed, "no streams here") }

        func converse(
            _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
        ) async throws(TransportError) -> [UInt8] { throw TransportError(.malformed, "no streams here") }
    }

    @Test(.enabled(if: folder != nil)) func writesSeeds() async throws {
        let seed = [UInt8](repeating: 0x57, count: 32)
        let key = try CreatedKey(
            seed: SecretBytes(copying: seed.span), algorithm: .ed25519, isTransferable: false)
        var policy = WitnessPolicy()
        policy.urls = [try #require(PeerURL("http://192.0.2.7:5642/"))]
        policy.answersUnsignedQueries = true
        let clock = StillClock()
        let witness = try Witness(
            key: key, store: MemoryKeyEventStore(), mailboxes: MemoryMailboxStore(), policy: policy, clock: clock)
        let recorder = Recorder(WitnessEndpoint(witness))
        let wallet = Wallet(store: MemoryKeyEventStore(), vault: InMemoryVault(), book: MemoryWalletBook())
        let oobi = try #require(OOBI("http://192.0.2.7:5642/oobi/\(witness.aid)/controller"))
        _ = try await Introducer(wallet, transport: recorder, clock: clock).follow(oobi)
        var plan = CreationPlan(name: "alice")
        plan.witnesses = [witness.aid]
        plan.witnessThreshold = 1
        let made = try await wallet.create(plan, now: clock.now())
        let receiptor = Receiptor(wallet, transport: recorder, clock: clock)
        try #require(try await receiptor.deliver(made.event.aid).isMet)
        _ = try await Controller(wallet, "alice").anchor([], now: clock.now())
        _ = try await receiptor.deliver(made.event.aid)
        _ = try await Controller(wallet, "alice").rotate(RotationPlan(), now: clock.now())
        _ = try await receiptor.deliver(made.event.aid)
        let aid = made.event.aid
        let asked = [
            "GET /receipts?pre=\(aid)&sn=0", "GET /query?typ=kel&pre=\(aid)", "GET /oobi/\(aid)/witness/\(witness.aid)",
            "GET /query?typ=kel&pre=\(aid)&sn=1", "GET /readyz", "GET /metrics", "GET /oobi",
        ].map { Array("\($0)\n\n".utf8) }
        let log = try LogReplay.stream(of: aid, from: wallet.store)
        let mark = Array("\n%%\n".utf8)
        var seeds: [[UInt8]] = (recorder.all + asked).map { [0] + $0 }
        seeds.append([0] + Array((recorder.all + asked).joined(separator: mark)))
        seeds.append([0] + Array("PUT /\nContent-Type: application/cesr\n\n".utf8) + log)
        seeds.append([2, 255] + log)
        seeds.append([2, 3] + log)
        for path in [
            "GET /aids", "GET /aids/\(aid)", "GET /ksn/\(aid)", "GET /status", "GET /duplicity", "GET /events?after=0",
            "GET /duplicity/\(aid)?index=1", "DELETE /aids/\(aid)", "GET /oobi/\(aid)", "GET /metrics",
        ] { seeds.append([3] + Array("\(path)\nAccept: application/json\n\n".utf8)) }
        let add = Array("POST /aids\n\n{\"aid\":\"\(aid)\",\"oobi\":\"\(oobi)\"}".utf8)
        seeds.append([3] + add)
        seeds.append([3] + add + mark + Array("GET /aids/\(aid)\n\n".utf8) + mark + Array("GET /ksn/\(aid)\n\n".utf8))
        let folder = try #require(Self.folder) + "/ServiceRequest"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (number, bytes) in seeds.enumerated() {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(number)"))
        }
    }
}
