// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import KERI
internal import KERINetwork
internal import NetworkProperties

/// What a peer answers to questions of ours: introductions, DID documents, statements of watchers, logs that witnesses
/// show. The first byte chooses whom we ask; a line `%%` divides two answers.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPeerAnswer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let choice = input.first else { return }
        let bytes = Array(input.dropFirst())
        var bodies = [bytes]
        if let mark = bytes.firstRange(of: Array("\n%%\n".utf8)) {
            bodies = [Array(bytes[..<mark.lowerBound]), Array(bytes[mark.upperBound...])]
        }
        guard let aid = subject(of: bodies[0]) else { return }
        wait { [bodies] in
            do {
                switch choice & 3 {
                case 0: try await follow(aid, bodies)
                case 1: await resolve(aid, bodies)
                case 2: await askWatchers(aid, bodies)
                default: try await watch(aid, bodies)
                }
            } catch { property(false, "a store in memory does not fail") }
        }
    }
}

/// The first thing in an answer that looks like the AID which it is about, so that mutations keep the two together.
private func subject(of bytes: [UInt8]) -> AID? {
    guard let mark = bytes.firstRange(of: Array("\"i\":\"".utf8)) else { return AID(seedAID) }
    return AID(String(decoding: bytes[mark.upperBound...].prefix(44), as: UTF8.self)) ?? AID(seedAID)
}

private let seedAID = "EKcui4S--aMhBVRpjP8r2Q9buW8W1nwHU_W-Udd_0qHm"
private let headers = [(name: "content-type", value: "application/json+cesr")]

private func follow(_ aid: AID, _ bodies: [[UInt8]]) async throws {
    let wallet = Wallet(store: MemoryKeyEventStore(), vault: nil, book: MemoryWalletBook())
    let introducer = Introducer(
        wallet, transport: AnsweringPeer(headers: headers, bodies: bodies), clock: StoppedClock())
    guard let oobi = OOBI("http://192.0.2.1/oobi/\(aid)") else { return }
    do {
        let found = try await introducer.follow(oobi)
        property(found.aid == aid, "who was named is introduced")
        property(try wallet.keyState(of: aid) == found.state, "an introduction is what the store knows")
    } catch is IntroductionError {
    } catch is CancellationError {}
}

private func resolve(_ aid: AID, _ bodies: [[UInt8]]) async {
    guard let webs = WebsIdentifier(host: "example.org", aid: aid) else { return }
    let resolver = WebsResolver(
        transport: AnsweringPeer(headers: headers, bodies: bodies), clock: StoppedClock(), allowsPrivateAddresses: true)
    guard let document = try? await resolver.resolve(webs) else { return }
    property(document.did.aid == aid, "the document is of whom it was asked about")
}

private func askWatchers(_ aid: AID, _ bodies: [[UInt8]]) async {
    guard let watcher = AID("BGjHh7QmvFg6b-TpXC9no8XMJ9bKlA6YUh_07L0uykeL"), let url = PeerURL("http://192.0.2.1/")
    else {
        return
    }
    let quorum = WatcherQuorum(
        [WatcherQuorum.Member(aid: watcher, url: url)], needed: 1, freshness: .seconds(60),
        transport: AnsweringPeer(headers: headers, bodies: bodies), clock: StoppedClock())
    let report = await quorum.ask(about: aid)
    if case .agreed = report.outcome { property(false, "a statement without its watcher's key convinces nobody") }
}

private func watch(_ aid: AID, _ bodies: [[UInt8]]) async throws {
    guard let url = PeerURL("http://192.0.2.1/oobi") else { return }
    let watcher = try Watcher(
        store: MemoryKeyEventStore(), list: MemoryWatchList(), evidence: MemoryEvidenceStore(),
        transport: AnsweringPeer(headers: headers, bodies: bodies), clock: StoppedClock())
    _ = try watcher.add(aid, introducedBy: [url])
    for _ in 0..<2 { await watcher.poll(aid) }
    for found in watcher.duplicities(about: aid) {
        property((try? VerifiedDuplicity(reading: found.bytes)) != nil, "what a watcher found verifies")
    }
}
