// SPDX-License-Identifier: Apache-2.0

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
        func code(_ text: String, _ pieces: Int) -> TransportError.Code? {
            var parser = EventStreamParser(lineBytes: 10, eventBytes: 12)
            do throws(TransportError) {
                for _ in 0..<pieces { _ = try parser.parse(Array(text.utf8)) }
                return nil
            } catch { return error.code }
        }
        #expect(code("data: 1234\n", 1) == nil)
        #expect(code("data: 12345", 1) == .tooLarge)
        #expect(code("data: 123\n", 3) == nil)
        #expect(code("data: 123\n", 4) == .tooLarge)
        // Empty lines of data count too.
        #expect(code("data\n", 12) == nil)
        #expect(code("data\n", 13) == .tooLarge)
        // What was said before an event's end does not count for the next one.
        #expect(code("data: 123\n\n", 100) == nil)
    }

    /// Data of an event can't become other fields, however its lines end.
    @Test(arguments: ["a\r\nid: 9", "a\rid: 9", "a\nid: 9", "\r\n", "a\n\rb\r\n\r\nevent: x\n\n", ""])
    func isReadAsItWasWritten(_ data: String) throws {
        let event = ServerSentEvent(id: "1\r\n\0", name: "/x\n\0\ndata: y", data: data, retry: 5)
        var parser = EventStreamParser()
        let found = try parser.parse(Array(event.wireText.utf8))
        let lines = data.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        #expect(found == [ServerSentEvent(id: "1", name: "/x\0data: y", data: lines, retry: 5)])
    }

    @Test(arguments: [
        "retry: 1234567890\n\n", "retry: 1x\n\n", "retry:\n\n", "id: a\0b\n\n", ": x\n\n", "other: x\n\n",
    ])
    func saysNothing(_ text: String) throws {
        var parser = EventStreamParser()
        #expect(try parser.parse(Array(text.utf8)).isEmpty)
    }
}
