// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// An open file or directory; closed when nobody holds it any more.
///
/// Relative names are looked up in the directory itself, not at its path, so that it does not matter what becomes of
/// the path meanwhile.
package final class OpenFile: Sendable {
    /// The descriptor; open as long as the object lives.
    package let descriptor: Int32

    /// Takes over a descriptor that nobody else closes.
    package init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// What opening a file is for.
    enum Purpose {
        case directory, file

        var flags: Int32 {
            switch self {
            case .directory: O_RDONLY | O_DIRECTORY | O_CLOEXEC
            // Without O_NONBLOCK a named pipe in the place of a file would hang us.
            case .file: O_RDONLY | O_CLOEXEC | O_NONBLOCK
            }
        }
    }

    /// Opens a path.
    static func open(_ path: String, _ purpose: Purpose) throws(SystemCallError) -> OpenFile {
        OpenFile(owning: try SystemCallError.repeating { Glibc.open(path, purpose.flags) })
    }

    /// Opens a name in this directory.
    func open(_ name: String, _ purpose: Purpose) throws(SystemCallError) -> OpenFile {
        OpenFile(owning: try SystemCallError.repeating { openat(descriptor, name, purpose.flags) })
    }

    /// The target of a symbolic link in this directory.
    func link(_ name: String) throws(SystemCallError) -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = try SystemCallError.repeating { readlinkat(descriptor, name, &bytes, bytes.count) }
        // A longer target would be cut, and a cut path is another one.
        guard count < bytes.count else { throw SystemCallError(number: ENAMETOOLONG) }
        return String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Reads from the current place up to `limit` bytes, and says whether the file ended there.
    func read(limit: Int) throws(SystemCallError) -> (bytes: [UInt8], isWhole: Bool) {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit + 1, 16 << 10))
        while bytes.count <= limit {
            let count = try readChunk(into: &chunk)
            if count == 0 { return (bytes, true) }
            bytes += chunk[..<count]
        }
        return (Array(bytes[..<limit]), false)
    }

    /// The whole content of a file of this node.
    /// - Throws: ``AttestorError`` when it can't be read, or has more than `limit` bytes.
    package static func contents(of path: String, limit: Int) throws(AttestorError) -> [UInt8] {
        do throws(SystemCallError) {
            let (bytes, isWhole) = try open(path, .file).read(limit: limit)
            guard isWhole else { throw SystemCallError(number: EFBIG) }
            return bytes
        } catch {
            throw AttestorError("\(path) can't be read (errno \(error.number))")
        }
    }

    /// Fills `chunk` from the current place; 0 at the end.
    func readChunk(into chunk: inout [UInt8]) throws(SystemCallError) -> Int {
        try SystemCallError.repeating {
            chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        }
    }

    /// What the system knows about the file.
    func status() throws(SystemCallError) -> FileIdentity {
        var status = stat()
        _ = try SystemCallError.repeating { fstat(descriptor, &status) }
        return FileIdentity(status)
    }

    /// What the system knows about the file at a path, links followed.
    static func status(at path: String) throws(SystemCallError) -> FileIdentity {
        var status = stat()
        _ = try SystemCallError.repeating { stat(path, &status) }
        return FileIdentity(status)
    }
}

/// Which file it is and in which state, as far as the system tells without reading it.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    let byteCount: Int64
    let isRegular: Bool
    let owner: UInt32
    /// Seconds and nanoseconds of the last change of content, then of the inode.
    let times: [Int64]

    fileprivate init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int64(status.st_size)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        owner = status.st_uid
        times = [
            Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_ctim.tv_sec),
            Int64(status.st_ctim.tv_nsec),
        ]
    }

    /// Whether both are the same file, in whatever state.
    func isSameFile(as other: FileIdentity) -> Bool { device == other.device && inode == other.inode }
}

/// A system call failed with this number.
struct SystemCallError: Error, Hashable, Sendable {
    let number: Int32

    /// Calls until no signal comes in between.
    static func repeating<Result: SignedInteger>(_ call: () -> Result) throws(SystemCallError) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            let number = errno
            if number != EINTR { throw SystemCallError(number: number) }
        }
    }
}
