// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Logging
package import NIOPosix
package import NIOSSL
internal import Synchronization

/// Proves itself by a certificate and a key in files, as a public authority issues them: profile `https_web`.
///
/// The files are looked at before each connection and read again when they have changed. Files that are no pair, as they
/// are for a moment while somebody writes them, leave the former pair in place.
package final class FileTLSIdentity: TLSIdentity {
    /// Most bytes of a file.
    static let largestFile = 1 << 20

    private struct Pair {
        let chain: [NIOSSLCertificate]
        let key: NIOSSLPrivateKey
        let stamp: [FileStamp]
    }

    private let chainPath: String
    private let keyPath: String
    private let threads: NIOThreadPool
    private let logger: Logger
    private let state = Mutex((pair: Pair?.none, refused: [FileStamp]()))

    /// Takes a PEM chain, leaf first, and a PEM key.
    package init(
        chainPath: String, keyPath: String, threads: NIOThreadPool = .singleton, logger: Logger
    ) {
        self.chainPath = chainPath
        self.keyPath = keyPath
        self.threads = threads
        self.logger = logger
    }

    package func tlsContext() async throws -> NIOSSLContext {
        let pair = try await threads.runIfActive { try self.current() }
        return try NIOSSLContext(configuration: .identityServer(chain: pair.chain, key: pair.key))
    }

    /// Reads files: to be called on a thread that may block.
    private func current() throws -> Pair {
        let stamp = [FileStamp(chainPath), FileStamp(keyPath)]
        let (former, refused) = state.withLock { $0 }
        if let former, former.stamp == stamp || refused == stamp { return former }
        do {
            let pair = try read(stamp)
            state.withLock { $0 = (pair, []) }
            if former != nil { logger.info("certificate was replaced", metadata: ["path": "\(chainPath)"]) }
            return pair
        } catch {
            guard let former else { throw error }
            state.withLock { $0.refused = stamp }
            logger.warning(
                "new certificate can't be used; the former one is still shown",
                metadata: ["path": "\(chainPath)", "error": "\(error)"])
            return former
        }
    }

    private func read(_ stamp: [FileStamp]) throws -> Pair {
        let chain = try NIOSSLCertificate.fromPEMBytes(try contents(chainPath))
        guard !chain.isEmpty else { throw TLSIdentityError.file(chainPath, "no certificate") }
        let key = try NIOSSLPrivateKey(bytes: try contents(keyPath), format: .pem)
        // Fails unless the key is the leaf's.
        _ = try NIOSSLContext(configuration: .identityServer(chain: chain, key: key))
        return Pair(chain: chain, key: key, stamp: stamp)
    }

    private func contents(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TLSIdentityError.file(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw TLSIdentityError.file(path, String(cString: strerror(errno))) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= Self.largestFile else { throw TLSIdentityError.file(path, "too large") }
        }
    }
}

/// What tells a file from its successor.
private struct FileStamp: Hashable, Sendable {
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    init(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            (inode, size, seconds, nanoseconds) = (0, -1, 0, 0)
            return
        }
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
    }
}
