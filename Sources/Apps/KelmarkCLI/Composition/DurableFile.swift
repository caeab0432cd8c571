// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reading whole files within bounds, and writing them so that a crash leaves the old or the new one.
enum DurableFile {
    /// Reads a file, or standard input for `-`.
    /// - Throws: ``CommandFailure``.
    static func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
        let isInput = path == "-"
        let descriptor = isInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure("KM-INPUT-MISSING", "\(path) can't be opened: \(systemMessage())")
        }
        defer { if !isInput { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandFailure("KM-INPUT-MISSING", "\(path) can't be read: \(systemMessage())")
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw CommandFailure("KM-INPUT-TOO-LARGE", "\(path) has more than \(limit) bytes")
            }
            bytes += buffer[..<count]
        }
    }

    /// Writes a file beside its place, syncs it, and moves it there.
    /// - Throws: what `failure` makes of the number of a failed system call.
    static func write(
        _ bytes: [UInt8], to path: String, mode: mode_t = 0o600, failure: (Int32, String) -> CommandFailure
    ) throws {
        let beside = "\(path).\(getpid()).new"
        // What lies there is left over, or somebody waits for a secret to be written into his own file.
        unlink(beside)
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw failure(errno, path) }
        var done = 0
        var problem: Int32 = 0
        while done < bytes.count, problem == 0 {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + done }, bytes.count - done)
            }
            if count >= 0 { done += count } else if errno != EINTR { problem = errno }
        }
        if problem == 0, fsync(descriptor) != 0 { problem = errno }
        if Glibc.close(descriptor) != 0, problem == 0 { problem = errno }
        if problem == 0, rename(beside, path) != 0 { problem = errno }
        guard problem == 0 else {
            unlink(beside)
            throw failure(problem, path)
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure(errno, path) }
        defer { Glibc.close(directory) }
        guard fsync(directory) == 0 else { throw failure(errno, path) }
    }

    /// Writes what a person asked for: to a file that is made or replaced.
    static func writeOutput(_ bytes: [UInt8], to path: String) throws {
        try write(bytes, to: path, mode: 0o644, failure: unwritable)
    }

    /// The same for what only the owner may read.
    static func writeSecret(_ bytes: [UInt8], to path: String) throws {
        try write(bytes, to: path, mode: 0o600, failure: unwritable)
    }

    private static func unwritable(_ number: Int32, _ path: String) -> CommandFailure {
        switch number {
        case ENOSPC, EDQUOT: CommandFailure("KM-HOME-FULL", "no space is left for \(path)")
        default: CommandFailure("KM-INPUT-UNWRITABLE", "\(path) can't be written: \(systemMessage(number))")
        }
    }
}
