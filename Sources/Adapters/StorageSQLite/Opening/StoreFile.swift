// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import Synchronization

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

/// The file of a store before SQLite sees it: made with the right permissions, or checked to be ours without touching
/// it.
struct StoreFile {
    let path: String
    var format = Format.keyEvents

    /// How the first page of a file tells what it is.
    struct Format: Hashable, Sendable {
        /// At offset 68 of the file.
        let applicationID: UInt32
        /// The newest version that this program knows, at offset 60.
        let version: UInt32
        /// What such a file is called.
        let name: String

        static let keyEvents = Format(
            applicationID: StoreSchema.applicationID, version: StoreSchema.version, name: "store")
    }

    /// Files that this process has open. Closing any descriptor of a file drops every lock that the process holds on
    /// it, so a file that is open here may not be opened a second time to look at its first page.
    private static let openFiles = Mutex<[Identity: Int]>([:])

    struct Identity: Hashable, Sendable {
        let device: UInt64
        let node: UInt64
    }

    /// Prepares the file, runs `open` while no other thread can prepare one, and counts the file as open.
    /// - Returns: what `open` returned and what ``release(_:)`` takes.
    static func claim<R>(
        _ path: String, format: Format = .keyEvents, open: () throws -> R
    ) throws -> (R, Identity) {
        try openFiles.withLock { files in
            let file = StoreFile(path: path, format: format)
            if let identity = try file.identity(), files[identity] != nil {
                files[identity, default: 0] += 1
                do {
                    return (try open(), identity)
                } catch {
                    files[identity, default: 1] -= 1
                    throw error
                }
            }
            try file.prepare()
            let result = try open()
            guard let identity = try file.identity() else { throw StoreError(.unavailable, "\(path) disappeared") }
            files[identity, default: 0] += 1
            return (result, identity)
        }
    }

    /// Counts the file as closed once.
    static func release(_ identity: Identity) {
        openFiles.withLock { files in
            let left = (files[identity] ?? 1) - 1
            files[identity] = left > 0 ? left : nil
        }
    }

    // MARK: Preparation

    private func prepare() throws {
        let directory = parent(of: path)
        try makeDirectory(directory)
        guard faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0 else {
            throw failure("writing to the directory \(directory)")
        }
        guard let size = try makeFile() else { return }
        if size > 0 { try checkHeader() }
        // Files of ours are for their owner only, also those that a backup tool restored.
        guard chmod(path, 0o600) == 0 || errno == EPERM else { throw failure("restricting \(path)") }
    }

    /// Makes a directory and what is missing above it, for their owner only; what exists stays as it is.
    private func makeDirectory(_ directory: String) throws {
        if mkdir(directory, 0o700) == 0 { return try synchronise(parent(of: directory)) }
        let above = parent(of: directory)
        if errno == ENOENT, above != directory {
            try makeDirectory(above)
            guard mkdir(directory, 0o700) == 0 else { throw failure("making the directory \(directory)") }
            return try synchronise(above)
        }
        guard errno == EEXIST else { throw failure("making the directory \(directory)") }
    }

    /// Makes the file, empty and for its owner only, unless it exists.
    /// - Returns: its size if it exists, nil if it was made.
    private func makeFile() throws -> Int? {
        let made = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if made >= 0 {
            close(made)
            try synchronise(parent(of: path))
            return nil
        }
        guard errno == EEXIST else { throw failure("making \(path)") }
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure("looking at \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError(.unavailable, "\(path) is no file") }
        guard faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0 else { throw failure("opening \(path)") }
        return Int(status.st_size)
    }

    /// Checks the first 100 bytes: SQLite's magic, our mark, our version or an older one.
    private func checkHeader() throws {
        // What a crash left half written is put right by SQLite when it opens the file, which checks again.
        var journal = stat()
        if stat(path + "-journal", &journal) == 0, journal.st_size > 0 { return }

        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("opening \(path)") }
        defer { close(file) }
        var header = [UInt8](repeating: 0, count: 100)
        let count = read(file, &header, header.count)
        guard count >= 0 else { throw failure("reading \(path)") }
        guard count == header.count, header.starts(with: "SQLite format 3\0".utf8) else {
            throw StoreError(
                .corrupt, "\(path) is not a \(format.name): it does not begin as an SQLite file does")
        }
        func number(at offset: Int) -> UInt32 { header[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) } }
        try Self.check(applicationID: number(at: 68), version: number(at: 60), path: path, format: format)
    }

    /// Refuses files of other applications and of newer versions.
    static func check(
        applicationID: UInt32, version: UInt32, path: String, format: Format = .keyEvents
    ) throws {
        guard applicationID == format.applicationID else {
            throw StoreError(.unavailable, "\(path) is a database of another application; choose another path")
        }
        guard version <= format.version else {
            throw StoreError(
                .tooNew,
                "\(path) has version \(version), and this program knows versions up to \(format.version); "
                    + "use a newer program")
        }
    }

    /// Makes a file beside the store and removes it.
    /// - Throws: ``StoreError/Code/full`` when there is no space for it.
    func checkSpace() throws {
        let probe = "\(path)-probe"
        let file = open(probe, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            let error = failure("making a file beside \(path)")
            if error.code == .full { throw error }
            return
        }
        close(file)
        unlink(probe)
    }

    // MARK: System calls

    private func identity() throws -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR || errno == EACCES else { throw failure("looking at \(path)") }
            return nil
        }
        return Identity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
    }

    private func parent(of path: String) -> String {
        var trimmed = path[...]
        while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// Makes the entries of a directory durable.
    private func synchronise(_ directory: String) throws {
        let file = open(directory, O_RDONLY | O_CLOEXEC)
        // A directory that may be written but not read can't be synchronised; SQLite does without as well.
        guard file >= 0 else { return }
        defer { close(file) }
        guard fsync(file) == 0 || errno == EINVAL else { throw failure("synchronising \(directory)") }
    }

    private func failure(_ action: String) -> StoreError { StoreError(errno: errno, while: action) }
}
