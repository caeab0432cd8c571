// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The folder of keys and logs: its files, its permissions, and who may change it.
struct HomeFolder: Sendable {
    /// Where it is.
    let path: String

    var events: String { path + "/" + Product.HomeFile.events }
    var vault: String { path + "/" + Product.HomeFile.vault }
    var book: String { path + "/" + Product.HomeFile.book }
    var contacts: String { path + "/" + Product.HomeFile.contacts }
    var documents: String { path + "/" + Product.HomeFile.documents }
    var groups: String { path + "/" + Product.HomeFile.groups }
    var challenges: String { path + "/" + Product.HomeFile.challenges }
    var registries: String { path + "/" + Product.HomeFile.registries }
    var exchanges: String { path + "/" + Product.HomeFile.exchanges }
    var cursors: String { path + "/" + Product.HomeFile.cursors }
    var watchers: String { path + "/" + Product.HomeFile.watchers }
    var witnesses: String { path + "/" + Product.HomeFile.witnesses }
    var issuers: String { path + "/" + Product.HomeFile.issuers }

    /// Whether `init` was run here.
    var isInitialised: Bool { access(book, F_OK) == 0 }

    /// Demands an initialised folder that only its owner can read.
    func requireUsable() throws {
        var status = stat()
        guard stat(path, &status) == 0, isInitialised else {
            if errno == EACCES {
                throw CommandFailure("KM-HOME-UNWRITABLE", "\(path) can't be read: \(systemMessage(EACCES))")
            }
            throw CommandFailure("KM-HOME-MISSING", "there is no home folder at \(path)", next: initCommand)
        }
        try Self.requirePrivate(path, status)
    }

    private var initCommand: String { "\(Product.command) init" }

    private static func requirePrivate(_ path: String, _ status: stat) throws {
        guard status.st_mode & 0o077 == 0 else {
            throw CommandFailure(
                "KM-HOME-PERMISSIONS", "\(path) has mode \(String(status.st_mode & 0o777, radix: 8)), not 700",
                next: "chmod 700 \(path)")
        }
        guard status.st_uid == geteuid() else {
            throw CommandFailure("KM-HOME-PERMISSIONS", "\(path) belongs to another user", next: "ls -ld \(path)")
        }
    }

    /// Makes the folder with all its parents.
    func create() throws {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o700) != 0, errno != EEXIST {
                throw Self.failure(errno, made)
            }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure("KM-HOME-UNWRITABLE", "\(path) is no folder")
        }
        try Self.requirePrivate(path, status)
        guard access(path, W_OK | X_OK) == 0 else { throw Self.failure(errno, path) }
    }

    /// Makes a folder inside the home that only its owner can read.
    ///
    /// One that is there already may be of another make, but not such that others put their files in the place of ours.
    static func makePrivate(_ path: String) throws {
        guard mkdir(path, 0o700) != 0 else { return }
        guard errno == EEXIST else { throw failure(errno, path) }
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure(errno, path) }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw CommandFailure("KM-FOLDER-SHARED", "\(path) belongs to another user", next: "ls -ld \(path)")
        }
        guard status.st_mode & 0o1002 != 0o002 else {
            throw CommandFailure("KM-FOLDER-SHARED", "everybody may write into \(path)", next: "chmod o-w \(path)")
        }
    }

    /// Names a failed system call.
    static func failure(_ number: Int32, _ path: String) -> CommandFailure {
        switch number {
        case ENOSPC, EDQUOT:
            CommandFailure("KM-HOME-FULL", "no space is left for \(path)")
        default:
            CommandFailure("KM-HOME-UNWRITABLE", "\(path) can't be written: \(systemMessage(number))")
        }
    }

    /// Runs `body` while no other process changes the folder.
    func locked<R>(_ body: () async throws -> R) async throws -> R {
        let descriptor = open(path + "/" + Product.HomeFile.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(errno, path) }
        defer { close(descriptor) }
        var tries = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw Self.failure(errno, path) }
            tries += 1
            guard tries < 200 else {
                throw CommandFailure("KM-HOME-BUSY", "another process has been changing \(path) for 10 s")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        return try await body()
    }
}
