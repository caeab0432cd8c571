// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// A kernel's handle of one process (`pidfd`), which never comes to mean another one.
struct ProcessDescriptor: Sendable {
    private let file: OpenFile
    var descriptor: Int32 { file.descriptor }

    /// Takes over a descriptor, `SO_PEERPIDFD` of a connection for instance.
    init(owning descriptor: Int32) { file = OpenFile(owning: descriptor) }

    /// The process that has this number now; nil where the kernel or the C library offers no such handle, or there is
    /// no such process.
    init?(of pid: Int32) {
        guard let open = Self.open else { return nil }
        let descriptor = open(pid, 0)
        guard descriptor >= 0 else { return nil }
        self.init(owning: descriptor)
    }

    /// Whether the process has ended. A handle that can't be asked counts as ended.
    var hasEnded: Bool {
        var question = pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0)
        guard let ready = try? SystemCallError.repeating({ poll(&question, 1, 0) }) else { return true }
        return ready > 0
    }

    private typealias Open = @convention(c) (Int32, UInt32) -> Int32

    /// `pidfd_open` of the C library, looked up by name: older ones don't have it.
    private static let open: Open? = {
        guard let symbol = dlsym(nil, "pidfd_open") else { return nil }
        return unsafeBitCast(symbol, to: Open.self)
    }()
}
