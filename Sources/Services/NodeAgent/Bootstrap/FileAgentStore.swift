// SPDX-License-Identifier: Apache-2.0

private import Glibc
private import KelmarkCrypto
public import SPIFFE

/// Keeps the record in a file of a folder of its own, mode 0600, replaced as a whole; the folder is locked for one agent.
public final class FileAgentStore: AgentStore {
    private let folder: String
    private let trustDomain: TrustDomain
    private let threads: BlockingThreads
    private let lock: OpenFile

    private var path: String { "\(folder)/agent.json" }

    /// Takes the folder, which must be there.
    /// - Throws: ``AgentRecordError/inUse``; what opening the lock fails with.
    public init(folder: String, trustDomain: TrustDomain, threads: BlockingThreads) throws {
        self.folder = folder
        self.trustDomain = trustDomain
        self.threads = threads
        let files = POSIXFileSystem()
        let lock = OpenFile(owning: try files.open("\(folder)/agent.lock", .lock))
        guard try files.lock(lock.descriptor) else { throw AgentRecordError.inUse }
        self.lock = lock
    }

    /// Reads the file; nil when there is none.
    /// - Throws: ``AgentRecordError``, or what reading fails with.
    public func load() async throws -> AgentRecord? {
        try await threads.run { [path, trustDomain] in
            let files = POSIXFileSystem()
            let file: OpenFile
            do throws(SystemFailure) {
                file = OpenFile(owning: try files.open(path, .read))
            } catch {
                guard error.errno == ENOENT else { throw error }
                return nil
            }
            let status = try files.status(file.descriptor)
            guard status.isRegular else { throw AgentRecordError.notAFile }
            guard status.mode & 0o077 == 0 else { throw AgentRecordError.permissionsTooOpen }
            guard try file.status().owner == geteuid() else { throw AgentRecordError.foreignOwner }
            var (bytes, isWhole) = try file.read(limit: AgentRecord.largest)
            defer { wipe(&bytes) }
            guard isWhole else { throw AgentRecordError.tooLarge }
            return try AgentRecord(parsing: bytes, trustDomain: trustDomain)
        }
    }

    /// Writes beside the file, synchronises, and puts it in the file's place.
    /// - Throws: what writing fails with; the old file is as it was then.
    public func save(_ record: AgentRecord) async throws {
        try await threads.run { [folder, path, trustDomain] in
            var bytes = try record.encoded(for: trustDomain)
            defer { wipe(&bytes) }
            let files = POSIXFileSystem()
            let unfinished = path + ".new"
            try? files.remove(unfinished)
            do {
                let file = OpenFile(owning: try files.open(unfinished, .create))
                try Self.write(bytes, to: file, files)
                try files.synchronize(file.descriptor)
                try files.rename(unfinished, to: path)
            } catch {
                try? files.remove(unfinished)
                throw error
            }
            let directory = OpenFile(owning: try files.open(folder, .directory))
            try files.synchronize(directory.descriptor)
        }
    }

    private static func write(_ bytes: [UInt8], to file: OpenFile, _ files: POSIXFileSystem) throws {
        var count = 0
        while count < bytes.count {
            let added = try bytes.withUnsafeBytes {
                try files.write(file.descriptor, UnsafeRawBufferPointer(rebasing: $0[count...]))
            }
            guard added > 0 else { throw SystemFailure(errno: EIO) }
            count += added
        }
    }
}
