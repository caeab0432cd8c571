// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A client that sends what a client should not.
final class RawClient: Sendable {
    private let descriptor: Int32

    init(_ port: UInt16, from source: String = "127.0.0.1", receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        func address(_ host: String, _ port: UInt16) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &address.sin_addr)
            return address
        }
        func with(_ address: sockaddr_in, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        let descriptor = descriptor
        guard descriptor >= 0, with(address(source, 0), { bind(descriptor, $0, $1) }) == 0,
            with(address("127.0.0.1", port), { connect(descriptor, $0, $1) }) == 0
        else { throw Refused() }
    }

    struct Refused: Error {}

    deinit { close(descriptor) }

    /// Sends all of a text; false when the server has closed.
    @discardableResult
    func send(_ text: String) -> Bool {
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

    /// Sends the same again and again until the server closes.
    func sendForever(_ text: String, pauseMicroseconds pause: UInt32 = 0) async {
        await onOwnThread { [self] in
            while send(text) { if pause > 0 { usleep(pause) } }
        }
    }

    /// Reads until `end` has come, or the server closes.
    func read(until end: String) async -> String {
        await onOwnThread { [self] in
            var all: [UInt8] = []
            var byte: UInt8 = 0
            while !all.suffix(end.utf8.count).elementsEqual(end.utf8), recv(descriptor, &byte, 1, 0) == 1 {
                all.append(byte)
            }
            return String(decoding: all, as: UTF8.self)
        }
    }

    /// Everything until the server closes.
    func readToEnd() async -> String {
        await onOwnThread { [self] in
            var all: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return String(decoding: all, as: UTF8.self) }
                all += buffer[..<count]
            }
        }
    }
}
