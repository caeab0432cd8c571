// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Logging
internal import ServiceLifecycle

/// Tells the service manager when the process serves, and when it begins to end: `READY=1` and `STOPPING=1` to the
/// datagram socket that `NOTIFY_SOCKET` names. Without that variable it does nothing.
struct ManagerNotice: Service {
    private let address: String?
    private let logger: Logger
    private let ready: @Sendable () async throws -> Void

    /// - Parameter ready: returns when the process serves.
    init(
        environment: [String: String], logger: Logger, whenReady ready: @escaping @Sendable () async throws -> Void
    ) {
        address = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        self.logger = logger
        self.ready = ready
    }

    func run() async throws {
        // What can't be listened at says so itself, and ends the process.
        if (try? await ready()) != nil { tell("READY=1\nSTATUS=serving") }
        try? await gracefulShutdown()
        tell("STOPPING=1\nSTATUS=stopping")
    }

    private func tell(_ message: String) {
        guard let address else { return }
        guard Self.send(message, to: address) else {
            logger.warning("the service manager can't be told", metadata: ["error": "\(systemMessage())"])
            return
        }
    }

    /// Sends one datagram to a socket file, or with `@` to a name of the kernel; says whether it went out.
    static func send(_ message: String, to address: String) -> Bool {
        var place = sockaddr_un()
        place.sun_family = sa_family_t(AF_UNIX)
        var name = Array(address.utf8)
        let room = MemoryLayout.size(ofValue: place.sun_path)
        guard let first = name.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), name.count < room else {
            errno = EINVAL
            return false
        }
        if first == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: name) }
        // A name of the kernel has no end mark: every byte that is counted belongs to it.
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count + (name[0] == 0 ? 0 : 1))
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        let sent = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, size)
            }
        }
        return sent == bytes.count
    }
}
