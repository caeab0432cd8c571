// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A listening Unix socket with its file, which nobody may connect to before it listens and has its permissions.
struct UnixSocketFile: Sendable {
    /// Most bytes of a path that a socket address takes. Facts (SPIFFE) 24.25.
    static let longestPath = 107

    let path: String
    /// Whoever takes this closes it.
    let descriptor: CInt
    private let device: dev_t
    private let inode: ino_t

    /// Listens at a path. A socket file at which nobody answers is replaced; anything else is left alone. The folder must
    /// be such that nobody else can put a socket of his own in the place of this one, and speak for it.
    /// - Throws: ``ListenerError``.
    init(listeningAt path: String, permissions: mode_t, backlog: CInt = 4096) throws(ListenerError) {
        guard !path.isEmpty, path.utf8.count <= Self.longestPath, !path.utf8.contains(0) else {
            throw ListenerError(.pathLength, path)
        }
        try Self.requireOwnFolder(of: path)
        try Self.clear(path)
        let descriptor = try Self.makeSocket(path)
        do throws(ListenerError) {
            var status = stat()
            // The file is made with the permissions of the descriptor: none yet.
            guard fchmod(descriptor, 0) == 0, Self.withAddress(path, { bind(descriptor, $0, $1) }) == 0,
                listen(descriptor, backlog) == 0, lstat(path, &status) == 0, chmod(path, permissions) == 0
            else { throw Self.systemError(path) }
            device = status.st_dev
            inode = status.st_ino
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
    }

    /// Removes the file, unless another one has taken its place.
    func remove() {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }

    /// Refuses a folder that belongs to another user, or in which everybody may replace everything.
    private static func requireOwnFolder(of path: String) throws(ListenerError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        var status = stat()
        guard stat(folder, &status) == 0 else { throw systemError(folder) }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw ListenerError(.folder, folder, detail: "it belongs to another user, who could replace the socket")
        }
        // Writable for all, and without the bit that keeps everybody to his own files.
        guard status.st_mode & 0o1002 != 0o002 else {
            throw ListenerError(.folder, folder, detail: "everybody may write there, and replace the socket")
        }
    }

    /// Removes a socket file at which nobody answers.
    private static func clear(_ path: String) throws(ListenerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw systemError(path) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw ListenerError(.notASocket, path) }
        let probe = try makeSocket(path)
        defer { close(probe) }
        if withAddress(path, { connect(probe, $0, $1) }) == 0 { throw ListenerError(.inUse, path) }
        // A full backlog also means that somebody is there.
        guard errno == ECONNREFUSED || errno == ENOENT else {
            throw ListenerError(.inUse, path, detail: systemText())
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw systemError(path) }
    }

    private static func makeSocket(_ path: String) throws(ListenerError) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw systemError(path) }
        return descriptor
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            room.copyBytes(from: path.utf8.prefix(room.count - 1))
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func systemError(_ address: String) -> ListenerError {
        ListenerError(.system, address, detail: systemText())
    }

    private static func systemText() -> String { String(cString: strerror(errno)) }
}
