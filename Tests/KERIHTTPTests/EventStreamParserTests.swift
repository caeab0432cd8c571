// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import KERINetwork
import Testing

/// Server-sent events, in pieces of any size.
struct EventStreamParserTests {
    @Test(arguments: [1, 2, 3, 7, 1000])
    func readsTheFields(_ size: Int) throws {
        let text =
            "\u{FEFF}retry: 5000\n\nid: 3\r\nevent: /reply\r\ndata: one\r\ndata:two\r\n: comment\r\n\r\nunknown: x\rdata\r\rid: a\0b\n\n"
        var parser = EventStreamParser()
        var found: [ServerSentEvent] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            found += try parser.parse(bytes[start..<min(bytes.count, start + size)])
        }
        #expect(
            found == [
                ServerSentEvent(retry: 5000), ServerSentEvent(id: "3", name: "/reply", data: "one\ntwo"),
                ServerSentEvent(data: ""),
            ])
    }

    @Test func isBounded() throws {
        var limits = ClientLimits()
        limits.eventLineBytes = 10
        limits.eventBytes = 12
        var long = EventStreamParser(limits: limits)
        #expect(throws: TransportError.self) { try long.parse(Array("data: 12345".utf8)) }
        var many = EventStreamParser(limits: limits)
        _ = try many.parse(Array("data: 123\n".utf8))
        #expect(throws: TransportError.self) {
            for _ in 0..<5 { _ = try many.parse(Array("data: 123\n".utf8)) }
        }
    }
}
