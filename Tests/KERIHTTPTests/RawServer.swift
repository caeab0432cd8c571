// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A server that says what it is told to, whatever it is asked.
final class RawServer: Sendable {
    /// What follows what was said.
    enum Ending: Sendable {
        /// The connection is closed.
        case close
        /// Nothing comes any more.
        case silence
        /// The same comes again and again, with a pause of so many microseconds.
        case endless(String, pause: UInt32)
    }

    let port: UInt16
    private let listener: Int32

    /// Listens on loopback.
    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(listener) }

    /// Answers one connection after its first bytes; returns when the client has closed.
    func answerOnce(_ text: String, _ ending: Ending) async {
        await onOwnThread { [self] in
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            var buffer = [UInt8](repeating: 0, count: 4096)
            guard recv(descriptor, &buffer, buffer.count, 0) > 0, send(text, to: descriptor) else { return }
            switch ending {
            case .close: return
            case .silence: break
            case .endless(let more, let pause): while send(more, to: descriptor) { if pause > 0 { usleep(pause) } }
            }
            while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
        }
    }

    private func send(_ text: String, to descriptor: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
