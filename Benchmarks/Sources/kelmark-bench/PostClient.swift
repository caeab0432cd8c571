// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A blocking HTTP client for one connection, as small as can be: what is measured is the server. It connects anew when
/// the server closes, as keripy's does behind every receipt.
struct PostClient {
    private let port: UInt16
    private var descriptor: Int32 = -1
    private(set) var connections = 0

    init(port: UInt16) { self.port = port }

    /// The bytes of a POST.
    static func request(_ post: WitnessWork.Post, port: UInt16) -> [UInt8] {
        Array(
            """
            POST /receipts HTTP/1.1\r
            Host: 127.0.0.1:\(port)\r
            Content-Type: application/cesr+json\r
            CESR-ATTACHMENT: \(post.attachment)\r
            Content-Length: \(post.body.count)\r
            \r

            """.utf8) + post.body
    }

    /// Sends a request and reads the answer.
    /// - Returns: status and body; nil when the connection broke.
    mutating func send(_ request: [UInt8]) -> (status: Int, body: [UInt8])? {
        guard descriptor >= 0 || open() else { return nil }
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return broken() }
            sent += count
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        var head: Head?
        while true {
            if head == nil { head = Head(answer) }
            if let head, let length = head.length, answer.count >= head.end + length {
                if head.closes { close() }
                return (head.status, Array(answer[head.end..<(head.end + length)]))
            }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else {
                close()
                guard let head, head.length == nil else { return nil }
                return (head.status, Array(answer[head.end...]))
            }
            answer += chunk[..<count]
        }
    }

    mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private mutating func broken() -> (status: Int, body: [UInt8])? {
        close()
        return nil
    }

    private mutating func open() -> Bool {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var patience = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        connections += 1
        if status != 0 { close() }
        return status == 0
    }

    private struct Head {
        let end: Int
        let status: Int
        var length: Int?
        var closes = false

        init?(_ bytes: [UInt8]) {
            guard let end = bytes.indices.dropLast(3).first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) })
            else { return nil }
            self.end = end + 4
            let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
            status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            for line in lines.dropFirst() {
                let lower = line.lowercased()
                if lower.hasPrefix("content-length:") { length = Int(lower.dropFirst(15).drop { $0 == " " }) }
                if lower.hasPrefix("connection:"), lower.contains("close") { closes = true }
            }
            if status == 204 { length = 0 }
        }
    }
}
