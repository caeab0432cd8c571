// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization
import Testing

/// The binary as a service manager starts it: with listening sockets that were opened before, and an address at which it
/// tells how it is.
final class ManagedProcess: Sendable {
    /// What it printed.
    let log: String
    private let process: pid_t
    private let manager: CInt
    private let status = Mutex<Int32?>(nil)

    /// Starts `kelmark` with sockets from descriptor 3 on, in their order.
    init(_ line: String, sockets: [(name: String, socket: ListeningSocket)], in box: Sandbox) throws {
        let name = "@kelmark-e2e-\(UUID().uuidString)"
        manager = try Self.listen(at: name)
        log = box.path("\(UUID().uuidString).log")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Copies far above, so that none is overwritten before it is handed over.
        let copies = sockets.map { fcntl($0.socket.descriptor, F_DUPFD_CLOEXEC, 500) }
        defer { for copy in copies { close(copy) } }
        for (index, copy) in copies.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, copy, CInt(3 + index))
        }
        var environment = box.environment
        environment["NOTIFY_SOCKET"] = name
        environment["LISTEN_FDS"] = String(sockets.count)
        environment["LISTEN_FDNAMES"] = sockets.map(\.name).joined(separator: ":")
        // The number of the process is known to itself only.
        let arguments =
            ["/bin/sh", "-c", "LISTEN_PID=$$; export LISTEN_PID; exec \"$0\" \"$@\"", Binary.path]
            + line.split(separator: " ").map(String.init)
        var process: pid_t = 0
        let failure = Self.withTexts(arguments) { arguments in
            Self.withTexts(environment.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&process, "/bin/sh", &actions, nil, arguments, environment)
            }
        }
        try #require(failure == 0)
        self.process = process
    }

    deinit {
        if status.withLock({ $0 == nil }) {
            kill(process, SIGKILL)
            var ended: Int32 = 0
            waitpid(process, &ended, 0)
        }
        close(manager)
    }

    /// The next thing that the process tells its manager; what it printed when it tells nothing for a minute.
    func told() -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(manager, &buffer, buffer.count, 0)
        guard count > 0 else { return (try? String(contentsOfFile: log, encoding: .utf8)) ?? "nothing" }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Asks it to end, and gives its exit status.
    func stop() -> Int32 {
        kill(process, SIGTERM)
        return ended()
    }

    /// Its exit status, when it ends by itself; -1 when it does not within a minute.
    func ended() -> Int32 {
        var ended: Int32 = 0
        for _ in 0..<1200 {
            if waitpid(process, &ended, WNOHANG) == process {
                let code = ended & 0x7f == 0 ? ended >> 8 & 0xff : 1000 + (ended & 0x7f)
                status.withLock { $0 = code }
                return code
            }
            usleep(50_000)
        }
        return -1
    }

    private static func listen(at name: String) throws -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        bytes[0] = 0
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try #require(bound == 0)
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        return descriptor
    }

    private static func withTexts<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = texts.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}

/// A socket that listens before there is a process to answer.
final class ListeningSocket: Sendable {
    let descriptor: CInt
    /// Of a TCP socket.
    let port: Int

    /// A Unix socket.
    init(path: String) throws {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        port = 0
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(descriptor, 64) == 0)
        self.descriptor = descriptor
    }

    /// A TCP socket at a free port of this machine.
    init() throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(bound)
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// Whether `GET path` answers 200 within a minute.
    func becomes200(_ path: String) throws -> Bool {
        for _ in 0..<600 {
            if try get(path).hasPrefix("HTTP/1.1 200 ") { return true }
            usleep(100_000)
        }
        return false
    }

    /// What `GET path` answers at the socket's port, with head and body.
    func get(_ path: String) throws -> String {
        let connection = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(connection) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        address.sin_port = UInt16(port).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        try #require(send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += buffer.prefix(count)
        }
    }
}
