// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#endif

/// A process that the drill starts, signals and waits for.
final class ChildProcess {
    let pid: Int32
    private var status: Int32?

    /// Starts a program; its outputs go to the end of a file.
    init(_ arguments: [String], environment: [String: String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Sockets of ours in another process would outlive us.
        for descriptor: Int32 in 3..<1024 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var pid: Int32 = 0
        let result = posix_spawn(&pid, arguments[0], &actions, nil, &words, &variables)
        guard result == 0 else { throw DrillFailure("\(arguments[0]) can't be started: error \(result)") }
        self.pid = pid
    }

    /// Whether it has not ended.
    var isRunning: Bool { end() == nil }

    /// Sends a signal, unless it has ended.
    func send(_ signal: Int32) { if isRunning { kill(pid, signal) } }

    /// Waits for the end, at most so long; nil when it goes on.
    /// - Returns: the exit code, or 256 and the signal that ended it.
    func wait(atMost limit: Duration) async throws -> Int32? {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let status = end() { return status }
            try await Task.sleep(for: .milliseconds(5))
        }
        return end()
    }

    private func end() -> Int32? {
        if let status { return status }
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
        let signal = raw & 0x7f
        status = signal == 0 ? raw >> 8 & 0xff : 256 + signal
        return status
    }
}

/// Why the drill can't go on.
package struct DrillFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
