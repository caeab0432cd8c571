// SPDX-License-Identifier: Apache-2.0

import NodeAgent
import Testing

@testable import NodeLocal

/// What is said at the bus, without a bus.
struct UnitQuestionTests {
    static let path = "/org/freedesktop/systemd1/unit/nginx_2eservice"

    /// A question whose greeting was answered; the call of the unit is under way.
    private func greeted(isBigEndian: Bool = false) throws -> UnitQuestion {
        var question = UnitQuestion(pid: 4242, uid: 1000)
        guard case .send = try question.receive(Array("OK 1234deadbeef\r\n".utf8)) else {
            throw AttestorError("no greeting")
        }
        guard
            case .send = try question.receive(
                BusReply.text(":1.42", to: 1, isBigEndian: isBigEndian).bytes)
        else { throw AttestorError("no call") }
        return question
    }

    private func sent(_ step: UnitQuestion.Step) -> [UInt8] {
        guard case .send(let bytes) = step else { return [] }
        return bytes
    }

    private func has(_ bytes: [UInt8], _ text: String) -> Bool { bytes.firstRange(of: Array(text.utf8)) != nil }

    @Test func `the bus is told whom the kernel will name`() {
        #expect(UnitQuestion(pid: 1, uid: 1000).opening == [0] + Array("AUTH EXTERNAL 31303030\r\n".utf8))
        #expect(UnitQuestion(pid: 1, uid: 0).opening == [0] + Array("AUTH EXTERNAL 30\r\n".utf8))
    }

    @Test(arguments: [false, true]) func `a unit is found by four calls, in either byte order`(big: Bool) throws {
        var question = UnitQuestion(pid: 4242, uid: 1000)
        let hello = sent(try question.receive(Array("OK 1234deadbeef\r\n".utf8)))
        #expect(hello.starts(with: Array("BEGIN\r\nl".utf8)))
        #expect(has(hello, "Hello") && has(hello, "org.freedesktop.DBus"))
        let unit = sent(try question.receive(BusReply.text(":1.42", to: 1, isBigEndian: big).bytes))
        #expect(has(unit, "GetUnitByPID") && has(unit, "org.freedesktop.systemd1.Manager"))
        #expect(Array(unit.suffix(4)) == [0x92, 0x10, 0, 0])
        let id = sent(try question.receive(BusReply.text(Self.path, type: "o", to: 2, isBigEndian: big).bytes))
        #expect(has(id, Self.path) && has(id, "org.freedesktop.DBus.Properties") && has(id, "Id"))
        let fragment = sent(
            try question.receive(BusReply.text("nginx.service", inVariant: true, to: 3, isBigEndian: big).bytes))
        #expect(has(fragment, Self.path) && has(fragment, "FragmentPath"))
        let place = "/lib/systemd/system/nginx.service"
        #expect(
            try question.receive(BusReply.text(place, inVariant: true, to: 4, isBigEndian: big).bytes)
                == .found(SystemdUnit(id: "nginx.service", fragmentPath: place)))
    }

    @Test func `bytes may come one by one, or with others`() throws {
        var question = try greeted()
        let reply = BusReply.text(Self.path, type: "o", to: 2).bytes
        for byte in reply.dropLast() { #expect(try question.receive([byte]) == .wait) }
        #expect(has(sent(try question.receive(reply.suffix(1))), "Id"))
        let signal = BusReply(kind: 4, signature: "s", body: BusReply.string(":1.42", false)).bytes
        #expect(
            has(
                sent(try question.receive(signal + signal + BusReply.text("a.scope", inVariant: true, to: 3).bytes)),
                "FragmentPath"))
    }

    @Test func `signals, and answers to other calls, are passed over`() throws {
        var question = try greeted()
        var call = BusReply.text("/evil", type: "o", to: 2)
        call.kind = 1
        var unknown = BusReply.text("/evil", type: "o", to: 2)
        unknown.kind = 9
        var signal = BusReply.text("/evil", type: "o", to: 2)
        signal.kind = 4
        let none = BusReply(signature: "o", body: BusReply.string("/evil", false))
        for message in [
            call, unknown, signal, none, BusReply.text("/evil", type: "o", to: 1),
            BusReply.text("/evil", type: "o", to: 3), BusReply.error("org.freedesktop.systemd1.NoUnitForPID", to: 3),
        ] {
            #expect(try question.receive(message.bytes) == .wait)
        }
        #expect(has(sent(try question.receive(BusReply.text(Self.path, type: "o", to: 2).bytes)), Self.path))
    }

    @Test func `a process in no unit has none, and any other error is one`() throws {
        var question = try greeted()
        #expect(
            try question.receive(BusReply.error("org.freedesktop.systemd1.NoUnitForPID", to: 2).bytes) == .found(nil))
        for name in ["org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.AccessDenied", ""] {
            var question = try greeted()
            #expect(throws: AttestorError.self) { try question.receive(BusReply.error(name, to: 2).bytes) }
        }
        // The name counts for the first question only.
        var later = try greeted()
        _ = try later.receive(BusReply.text(Self.path, type: "o", to: 2).bytes)
        #expect(throws: AttestorError.self) {
            try later.receive(BusReply.error("org.freedesktop.systemd1.NoUnitForPID", to: 3).bytes)
        }
    }

    @Test(arguments: [
        "REJECTED EXTERNAL\r\n", "ERROR\r\n", "OK\r\n", "OK 1\n", "DATA\r\n", "OK 1\r\nmore", "\r\n",
        String(repeating: "x", count: 4097),
    ])
    func `who does not let us in is left`(line: String) {
        var question = UnitQuestion(pid: 1, uid: 0)
        #expect(throws: AttestorError.self) { try question.receive(Array(line.utf8)) }
    }

    @Test func `a bus that says too much is left`() throws {
        var question = try greeted()
        let signal = BusReply(
            kind: 4, signature: "s", body: BusReply.string(String(repeating: "x", count: 60_000), false)
        )
        .bytes
        #expect(throws: AttestorError.self) {
            for _ in 0..<20 {
                let step = try question.receive(signal)
                #expect(step == .wait)
            }
        }
    }

    @Test func `an answer of another form is refused`() throws {
        var number = BusReply.text("x", to: 2)
        number.signature = "u"
        var two = BusReply.text(Self.path, type: "o", to: 2)
        two.body += BusReply.string("more", false)
        var nested = BusReply.text(Self.path, type: "o", to: 2)
        nested.signature = "v"
        nested.body = BusReply.signature("v") + BusReply.signature("s") + [0, 0] + BusReply.string("x", false)
        var unterminated = BusReply.text(Self.path, type: "o", to: 2)
        unterminated.body[unterminated.body.count - 1] = 1
        var long = BusReply.text(Self.path, type: "o", to: 2)
        long.body[3] = 0x7f
        var zero = BusReply.text("/a\0b", type: "o", to: 2)
        zero.signature = "o"
        var text = BusReply.text("/ab", type: "o", to: 2)
        text.body[4] = 0xff
        for reply in [number, two, nested, unterminated, long, zero, text, BusReply(replySerial: 2)] {
            var question = try greeted()
            #expect(throws: AttestorError.self, "\(reply)") { try question.receive(reply.bytes) }
        }
    }

    @Test func `bytes that are no message are refused`() throws {
        let good = BusReply.text(Self.path, type: "o", to: 2).bytes
        func changed(_ place: Int, _ value: UInt8) -> [UInt8] {
            var bytes = good
            bytes[place] = value
            return bytes
        }
        var twice = BusReply.text(Self.path, type: "o", to: 2)
        twice.others = [(5, "u", BusReply.number(2, false))]
        var array = BusReply.text(Self.path, type: "o", to: 2)
        array.others = [(10, "as", BusReply.number(0, false))]
        var silent = BusReply.text(Self.path, type: "o", to: 2)
        silent.serial = 0
        for bytes in [
            changed(0, UInt8(ascii: "x")), changed(3, 2), changed(6, 1), changed(14, 1),
            // The padding between the first field and the second.
            twice.bytes, array.bytes, silent.bytes,
        ] {
            var question = try greeted()
            #expect(throws: AttestorError.self) { try question.receive(bytes) }
        }
    }

    @Test func `no change of one byte does harm`() throws {
        let good = BusReply.text("nginx.service", inVariant: true, to: 2).bytes
        for place in good.indices {
            for value in [0, 1, 8, 0x7f, 0xff] as [UInt8] {
                var bytes = good
                bytes[place] = value
                var question = try greeted()
                // Whatever it makes of it, it comes to an end.
                _ = try? question.receive(bytes)
            }
        }
    }
}
