// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// One file that is replaced as a whole, and its lock.
///
/// Beside the file at `path` there may be `path.new`, a file that was not finished, and `path.lock`, which stays.
struct VaultFile: Sendable {
    let path: String
    let fileSystem: any VaultFileSystem

    private var unfinishedPath: String { path + ".new" }
    private var lockPath: String { path + ".lock" }

    private var directoryPath: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// How long a writer waits for another one: 200 times 25 ms.
    private static let lockAttempts = 200
    private static let lockPauseMilliseconds: UInt32 = 25

    /// Whether there is something at the path.
    func exists() throws(VaultError) -> Bool {
        do throws(VaultError) {
            fileSystem.close(try open(path, .read, step: .open))
            return true
        } catch .noVault {
            return false
        } catch {
            throw error
        }
    }

    /// The first `limit` bytes of the file, which must be a regular file that only its owner may open.
    func read(limit: Int) throws(VaultError) -> (bytes: [UInt8], isWhole: Bool) {
        let descriptor = try open(path, .read, step: .open)
        defer { fileSystem.close(descriptor) }
        let status = try during(.inspect) { () throws(SystemFailure) in try fileSystem.status(descriptor) }
        guard status.isRegular else { throw .notAFile }
        guard status.mode & 0o077 == 0 else { throw .permissionsTooOpen(mode: status.mode) }
        // One byte more than the file says it has shows whether it ended.
        var bytes = [UInt8](repeating: 0, count: min(max(status.byteCount, 0), limit) + 1)
        var count = 0
        while count < bytes.count {
            let added = try during(.read) { () throws(SystemFailure) in
                var span = bytes.mutableSpan
                return try span.withUnsafeMutableBytes { (buffer) throws(SystemFailure) in
                    try fileSystem.read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                }
            }
            guard added > 0 else { break }
            count += added
        }
        let isWhole = count < bytes.count
        bytes.removeLast(bytes.count - min(count, bytes.count - 1))
        return (bytes, isWhole)
    }

    /// Calls `body` while no other process or vault object writes the file.
    func withLock<Result>(_ body: () throws(VaultError) -> Result) throws(VaultError) -> Result {
        let descriptor: Int32
        do throws(VaultError) {
            descriptor = try open(lockPath, .lock, step: .lock)
        } catch .noVault {
            throw .noDirectory
        } catch {
            throw error
        }
        defer { fileSystem.close(descriptor) }
        for attempt in 1... {
            if try during(.lock, { () throws(SystemFailure) in try fileSystem.lock(descriptor) }) { break }
            guard attempt < Self.lockAttempts else { throw .busy }
            fileSystem.pause(milliseconds: Self.lockPauseMilliseconds)
        }
        return try body()
    }

    /// Puts `bytes` in place of the file: written beside it, synchronised, renamed, directory synchronised. Until the
    /// rename the old file is as it was.
    func replace(with bytes: [UInt8]) throws(VaultError) {
        do throws(SystemFailure) {
            try fileSystem.remove(unfinishedPath)
        } catch {
            guard error.errno == ENOENT else { throw Self.error(.remove, error.errno) }
        }
        do throws(VaultError) {
            try write(bytes)
            try during(.rename) { () throws(SystemFailure) in try fileSystem.rename(unfinishedPath, to: path) }
        } catch {
            // What can't be removed now is removed before the next attempt.
            try? fileSystem.remove(unfinishedPath)
            throw error
        }
        let directory = try open(directoryPath, .directory, step: .synchronizeDirectory)
        defer { fileSystem.close(directory) }
        try during(.synchronizeDirectory) { () throws(SystemFailure) in try fileSystem.synchronize(directory) }
    }

    private func write(_ bytes: [UInt8]) throws(VaultError) {
        let descriptor = try open(unfinishedPath, .create, step: .create)
        defer { fileSystem.close(descriptor) }
        var count = 0
        while count < bytes.count {
            let added = try during(.write) { () throws(SystemFailure) in
                try bytes.span.withUnsafeBytes { (buffer) throws(SystemFailure) in
                    try fileSystem.write(descriptor, UnsafeRawBufferPointer(rebasing: buffer[count...]))
                }
            }
            guard added > 0 else { throw .storage(.write, errno: 0) }
            count += added
        }
        try during(.synchronize) { () throws(SystemFailure) in try fileSystem.synchronize(descriptor) }
    }

    private func open(_ path: String, _ purpose: FilePurpose, step: VaultError.Step) throws(VaultError) -> Int32 {
        try during(step) { () throws(SystemFailure) in try fileSystem.open(path, purpose) }
    }

    private func during<Result>(
        _ step: VaultError.Step, _ call: () throws(SystemFailure) -> Result
    ) throws(VaultError) -> Result {
        do throws(SystemFailure) {
            return try call()
        } catch {
            throw Self.error(step, error.errno)
        }
    }

    private static func error(_ step: VaultError.Step, _ number: Int32) -> VaultError {
        switch number {
        case ENOENT where step == .open || step == .lock: .noVault
        case ENOENT, ENOTDIR: .noDirectory
        case ELOOP, EISDIR, ENXIO: .notAFile
        case ENOSPC, EDQUOT: .diskFull
        case EACCES, EPERM, EROFS: .notPermitted(step)
        default: .storage(step, errno: number)
        }
    }
}
