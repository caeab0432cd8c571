// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes
private import Synchronization

/// A vault in one file that is not sealed: the permissions of the file alone protect it.
///
/// For servers that start without anybody there to type a passphrase. Every change writes the whole file anew and puts it
/// in place of the old one at once; the file is for its owner only, and one that is open to others is refused.
///
/// One process at a time uses the file; the calls block on the disk for a few milliseconds.
public final class PlainFileVault: KeyVault {
    /// What the file begins with: mark and version.
    private static let head: [UInt8] = [0x89, 0x4b, 0x50, 0x4c, 0x41, 0x49, 0x4e, 0x0a, 0x00, 0x01]
    private static let checksumByteCount = 16

    private let file: VaultFile
    private let content: Mutex<VaultContent>

    private init(file: VaultFile, content: VaultContent) {
        self.file = file
        self.content = Mutex(content)
    }

    /// Opens a vault; makes an empty one where there is none. Its directory must be there.
    /// - Throws: ``VaultError/notAVault``, ``VaultError/damaged(_:)``, ``VaultError/permissionsTooOpen(mode:)``,
    ///   ``VaultError/noDirectory``, or why the file can't be read or written.
    public static func open(at path: String) throws(VaultError) -> PlainFileVault {
        try open(at: path, fileSystem: POSIXFileSystem())
    }

    /// Opens a vault in a given file system.
    package static func open(
        at path: String, fileSystem: any VaultFileSystem
    ) throws(VaultError) -> PlainFileVault {
        let file = VaultFile(path: path, fileSystem: fileSystem)
        let content = try file.withLock { () throws(VaultError) in
            guard try file.exists() else {
                let empty = VaultContent()
                try save(empty, to: file)
                return empty
            }
            return try read(file)
        }
        return PlainFileVault(file: file, content: content)
    }

    /// The names and versions of all secrets, sorted by name.
    public func list() -> [VaultEntry] { content.withLock { $0.entries } }

    /// The secret with this name.
    /// - Throws: ``VaultError/noSuchName(_:)``.
    public func load(_ name: String) throws(VaultError) -> SecretBytes {
        try content.withLock { (content) throws(VaultError) in try content.load(name) }
    }

    /// Makes all changes or none. When it returns, they are on the disk.
    /// - Throws: as ``KeyVault/apply(_:)``; ``VaultError/rolledBack`` when another process has written the file.
    public func apply(_ changes: [VaultChange]) throws(VaultError) {
        try content.withLock { (content) throws(VaultError) in
            content = try file.withLock { () throws(VaultError) in
                guard try Self.read(file).generation == content.generation else { throw .rolledBack }
                var next = content
                try next.apply(changes)
                try Self.save(next, to: file)
                return next
            }
        }
    }

    // MARK: The file: head, checksum, content

    private static func read(_ file: VaultFile) throws(VaultError) -> VaultContent {
        let before = head.count + checksumByteCount
        var (bytes, isWhole) = try file.read(limit: before + VaultContent.maximumByteCount)
        defer { wipe(&bytes) }
        guard isWhole else { throw .tooLarge }
        guard bytes.starts(with: head.dropLast(2)) else { throw .notAVault }
        guard bytes.count >= before else { throw .damaged(.header) }
        guard Array(bytes[..<head.count]) == head else {
            throw .vaultTooNew(version: Int(bytes[head.count - 2]) << 8 | Int(bytes[head.count - 1]))
        }
        let body = bytes.span.extracting(droppingFirst: before)
        let sum = bytes.span.extracting(head.count..<before)
        guard constantTimeEquals(sum, BLAKE3.hash(body, count: checksumByteCount).span) else {
            throw .damaged(.content)
        }
        let secret: SecretBytes
        do throws(CryptoError) {
            secret = try SecretBytes(copying: body)
        } catch {
            throw .crypto(error)
        }
        return try VaultContent(parsing: secret)
    }

    private static func save(_ content: VaultContent, to file: VaultFile) throws(VaultError) {
        let secret: SecretBytes
        do throws(CryptoError) {
            secret = try content.encoded()
        } catch {
            throw .crypto(error)
        }
        // Room for all of it at first, so that no copy is left behind by growing.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.count + checksumByteCount + secret.count)
        defer { wipe(&bytes) }
        bytes += head
        secret.withBytes { secret in
            bytes += BLAKE3.hash(secret, count: checksumByteCount)
            for index in secret.indices { bytes.append(secret[index]) }
        }
        try file.replace(with: bytes)
    }
}
