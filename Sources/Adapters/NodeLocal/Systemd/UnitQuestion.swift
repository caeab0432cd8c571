// SPDX-License-Identifier: Apache-2.0

internal import NodeAgent

/// What is said at the system bus to learn the unit of a process: who we are, then one call after the other. Pure.
struct UnitQuestion {
    /// What is to be done next.
    enum Step: Hashable, Sendable {
        /// These bytes are to be sent.
        case send([UInt8])
        /// More is to be read.
        case wait
        /// This is the answer; nil where the process is in no unit.
        case found(SystemdUnit?)
    }

    private enum Stage: UInt32 {
        case authentication, greeting, unit, id, fragmentPath
    }

    /// Most bytes that are read in all: signals for everybody may come in between.
    static let mostBytes = 1 << 20
    /// Most bytes of a line before messages begin.
    static let longestLine = 4096

    private let pid: Int32
    private let uid: UInt32
    private var stage = Stage.authentication
    private var buffer: [UInt8] = []
    private var total = 0
    private var path = ""
    private var id = ""

    /// - Parameters:
    ///   - pid: whose unit is asked for.
    ///   - uid: the user whom the bus sees at our end.
    init(pid: Int32, uid: UInt32) {
        self.pid = pid
        self.uid = uid
    }

    /// What is sent first: the bus knows from the kernel who speaks, and is told only whom to expect.
    var opening: [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        let hex = String(uid).utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return [0] + Array("AUTH EXTERNAL ".utf8) + hex + Array("\r\n".utf8)
    }

    /// Takes bytes in.
    /// - Throws: `AttestorError`.
    mutating func receive(_ bytes: some Sequence<UInt8>) throws(AttestorError) -> Step {
        let before = buffer.count
        buffer += bytes
        total += buffer.count - before
        guard total <= Self.mostBytes else { throw AttestorError("the system bus says too much") }
        if stage == .authentication { return try authenticated() }
        let answer: (text: String?, error: String)?
        do {
            answer = try nextAnswer()
        } catch {
            throw AttestorError("the system bus says what is no D-Bus message")
        }
        guard let answer else { return .wait }
        return try answered(answer.text, answer.error)
    }
}

extension UnitQuestion {
    private mutating func authenticated() throws(AttestorError) -> Step {
        guard let end = buffer.firstIndex(of: 0x0a) else {
            guard buffer.count <= Self.longestLine else { throw AttestorError("the system bus says too much") }
            return .wait
        }
        let line = buffer[..<end]
        // Nothing follows before we have begun.
        guard line.starts(with: "OK ".utf8), line.last == 0x0d, end == buffer.count - 1 else {
            throw AttestorError("the system bus does not let the agent in")
        }
        buffer = []
        stage = .greeting
        let bus = "org.freedesktop.DBus"
        return .send(
            Array("BEGIN\r\n".utf8)
                + BusMessage.call(
                    "Hello", of: bus, at: "/org/freedesktop/DBus", to: bus, serial: stage.rawValue))
    }

    /// The answer to the last call; nil when it is not there yet.
    private mutating func nextAnswer() throws(BusReader.Malformed) -> (text: String?, error: String)? {
        while let message = try BusMessage.take(from: &buffer) {
            // Signals, and whatever else is no answer to the last call.
            guard message.replySerial == stage.rawValue else { continue }
            switch message.kind {
            case .answer: return (try message.text(), "")
            case .error: return (nil, message.errorName ?? "")
            case .call, .signal: continue
            }
        }
        return nil
    }

    private mutating func answered(_ text: String?, _ error: String) throws(AttestorError) -> Step {
        guard let text else {
            guard stage == .unit, error == "org.freedesktop.systemd1.NoUnitForPID" else {
                throw AttestorError("the system bus answers \(error)")
            }
            return .found(nil)
        }
        let systemd = "org.freedesktop.systemd1"
        switch stage {
        case .authentication, .greeting:
            stage = .unit
            return .send(
                BusMessage.call(
                    "GetUnitByPID", of: systemd + ".Manager", at: "/org/freedesktop/systemd1", to: systemd,
                    serial: stage.rawValue, [.uint32(UInt32(bitPattern: pid))]))
        case .unit:
            path = text
            stage = .id
            return .send(property("Id"))
        case .id:
            id = text
            stage = .fragmentPath
            return .send(property("FragmentPath"))
        case .fragmentPath: return .found(SystemdUnit(id: id, fragmentPath: text))
        }
    }

    private func property(_ name: String) -> [UInt8] {
        BusMessage.call(
            "Get", of: "org.freedesktop.DBus.Properties", at: path, to: "org.freedesktop.systemd1",
            serial: stage.rawValue, [.string("org.freedesktop.systemd1.Unit"), .string(name)])
    }
}
