// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import KERINetwork

/// Short texts of peers: URLs, introductions, DIDs, event streams. The first byte chooses which.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPeerText(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let choice = input.first else { return }
        let bytes = Array(input.dropFirst())
        let text = String(decoding: bytes, as: UTF8.self)
        switch choice & 3 {
        case 0:
            guard let url = PeerURL(text) else { return }
            property(url.description.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a URL is of printable characters")
            guard url.description.utf8.count <= PeerURL.longest else { return }
            property(PeerURL(url.description) == url, "a URL is read as it is written")
        case 1:
            guard let oobi = OOBI(text) else { return }
            property(
                oobi.description.utf8.allSatisfy { (0x21...0x7E).contains($0) },
                "an introduction is of printable characters")
            guard oobi.url.description.utf8.count <= PeerURL.longest else { return }
            property(OOBI(oobi.description) == oobi, "an introduction is read as it is written")
        case 2:
            guard let did = DecentralizedIdentifier(text) else { return }
            property(DecentralizedIdentifier(did.description) == did, "a DID is read as it is written")
            property(did.description.hasSuffix(did.aid.text), "a DID ends in its AID")
            guard case .webs(let webs) = did else { return }
            for scheme in PeerURL.Scheme.allCases {
                property(webs.url(of: "did.json", scheme: scheme)?.port != 0, "a port")
            }
        default: events(bytes)
        }
    }
}

/// The rest of the bytes as an event stream, whole and in pieces whose size their first byte says.
private func events(_ input: [UInt8]) {
    guard let size = input.first.map({ Int($0) + 1 }) else { return }
    let bytes = Array(input.dropFirst())
    let whole = parsed([bytes])
    var pieces: [[UInt8]] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
        pieces.append(Array(bytes[start..<min(bytes.count, start + size)]))
    }
    let other = parsed(pieces)
    property(whole.isTooLarge == other.isTooLarge, "a stream is too large in pieces as well")
    // What was found in a chunk is lost with the fault in it; before it, both have found the same.
    if !whole.isTooLarge { property(whole.events == other.events, "a stream says the same in pieces") }
    for event in other.events {
        property((event.data?.utf8.count ?? 0) <= 3 * 512, "data is bounded")
        let again = parsed([Array(event.wireText.utf8)])
        property(again.isTooLarge || again.events == [event], "an event is read as it is written")
    }
}

private func parsed(_ chunks: [[UInt8]]) -> (events: [ServerSentEvent], isTooLarge: Bool) {
    var parser = EventStreamParser(lineBytes: 256, eventBytes: 512)
    var found: [ServerSentEvent] = []
    for chunk in chunks {
        do throws(TransportError) { found += try parser.parse(chunk) } catch { return (found, true) }
    }
    return (found, false)
}
