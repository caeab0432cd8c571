// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// The system calls that a vault file needs; tests put failures between them.
package protocol VaultFileSystem: Sendable {
    /// Opens a file; links at the path are not followed.
    func open(_ path: String, _ purpose: FilePurpose) throws(SystemFailure) -> Int32
    /// What kind of file this is.
    func status(_ descriptor: Int32) throws(SystemFailure) -> FileStatus
    /// Reads up to as many bytes as `buffer` has; 0 at the end.
    func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) throws(SystemFailure) -> Int
    /// Writes at least one and up to all bytes.
    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFailure) -> Int
    /// Waits until the file, or the entries of the directory, are on the disk.
    func synchronize(_ descriptor: Int32) throws(SystemFailure)
    /// Takes the lock of the file, or says false when somebody else has it. It is given back by closing.
    func lock(_ descriptor: Int32) throws(SystemFailure) -> Bool
    /// Puts the file at `path` in place of the one at `target`, at once.
    func rename(_ path: String, to target: String) throws(SystemFailure)
    /// Removes a file.
    func remove(_ path: String) throws(SystemFailure)
    /// Closes a descriptor.
    func close(_ descriptor: Int32)
    /// Waits.
    func pause(milliseconds: UInt32)
}

/// Why a file is opened.
package enum FilePurpose: Hashable, Sendable {
    /// To read it.
    case read
    /// To write it; it must not be there yet, and gets mode 0600.
    case create
    /// To lock it; it is created with mode 0600 when missing.
    case lock
    /// To synchronise it.
    case directory
}

/// What the system knows about an open file.
package struct FileStatus: Hashable, Sendable {
    package let isRegular: Bool
    /// Permission bits.
    package let mode: UInt32
    package let byteCount: Int

    package init(isRegular: Bool, mode: UInt32, byteCount: Int) {
        self.isRegular = isRegular
        self.mode = mode
        self.byteCount = byteCount
    }
}

/// A system call failed with this number.
package struct SystemFailure: Error, Hashable, Sendable {
    package let errno: Int32

    package init(errno: Int32) {
        self.errno = errno
    }
}

/// The real system calls.
package struct POSIXFileSystem: VaultFileSystem {
    package init() {}

    package func open(_ path: String, _ purpose: FilePurpose) throws(SystemFailure) -> Int32 {
        let flags =
            switch purpose {
            // Without O_NONBLOCK a named pipe at the path would hang us.
            case .read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK
            case .create: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
            case .lock: O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
            case .directory: O_RDONLY | O_DIRECTORY
            }
        return try Self.repeating { Glibc.open(path, flags | O_CLOEXEC, 0o600) }
    }

    package func status(_ descriptor: Int32) throws(SystemFailure) -> FileStatus {
        var status = stat()
        _ = try Self.repeating { fstat(descriptor, &status) }
        return FileStatus(
            isRegular: status.st_mode & S_IFMT == S_IFREG, mode: status.st_mode & 0o7777,
            byteCount: Int(status.st_size))
    }

    package func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemFailure) -> Int {
        try Self.repeating { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
    }

    package func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFailure) -> Int {
        try Self.repeating { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
    }

    package func synchronize(_ descriptor: Int32) throws(SystemFailure) {
        _ = try Self.repeating { fsync(descriptor) }
    }

    package func lock(_ descriptor: Int32) throws(SystemFailure) -> Bool {
        do throws(SystemFailure) {
            _ = try Self.repeating { flock(descriptor, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            guard error.errno == EWOULDBLOCK else { throw error }
            return false
        }
    }

    package func rename(_ path: String, to target: String) throws(SystemFailure) {
        _ = try Self.repeating { Glibc.rename(path, target) }
    }

    package func remove(_ path: String) throws(SystemFailure) {
        _ = try Self.repeating { unlink(path) }
    }

    package func close(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }

    package func pause(milliseconds: UInt32) {
        usleep(milliseconds * 1000)
    }

    private static func repeating<Result: SignedInteger>(
        _ call: () -> Result
    ) throws(SystemFailure) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            let number = errno
            if number != EINTR { throw SystemFailure(errno: number) }
        }
    }
}
