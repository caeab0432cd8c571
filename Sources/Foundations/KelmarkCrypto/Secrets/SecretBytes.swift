// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// Bytes that nobody else may see: private keys, seeds, salts, passphrases.
///
/// They lie in memory of their own from libsodium: between two guard pages, kept out of swap and core dumps where the
/// system allows it, read-only once filled, and wiped before it is given back. There is no description and no coding;
/// the bytes are seen only inside ``withBytes(_:)``. Each instance costs a few pages, so many small secrets that live
/// long belong into a ``KeyVault``.
///
/// Instances are shared by reference and never change, so no lock is needed.
public final class SecretBytes: @unchecked Sendable {
    // `@unchecked`: the memory is written before `init` returns and only read afterwards.
    private let storage: UnsafePointer<UInt8>

    /// How many bytes there are.
    public let count: Int

    /// Takes `count` bytes of guarded memory, zero at first, and lets `body` fill them.
    /// - Throws: ``CryptoError/outOfMemory`` when the system gives no such memory, ``CryptoError/libraryUnusable``, or
    ///   what `body` throws; the memory is wiped then.
    public convenience init(
        count: Int, filling body: (inout MutableSpan<UInt8>) throws(CryptoError) -> Void
    ) throws(CryptoError) {
        var failure: CryptoError?
        try self.init(count: count, orThrow: .outOfMemory) { pointer in
            var span = UnsafeMutableBufferPointer(start: pointer, count: count).mutableSpan
            do throws(CryptoError) {
                try body(&span)
            } catch {
                failure = error
            }
            return true
        }
        if let failure { throw failure }
    }

    /// Takes `count` bytes of guarded memory, zero at first, and lets `body`, a call into C, fill them; when it answers
    /// false, throws `error`.
    init(
        count: Int, orThrow error: CryptoError, _ body: (UnsafeMutablePointer<UInt8>) -> Bool
    ) throws(CryptoError) {
        try Sodium.require()
        guard count >= 0, let storage = sodium_malloc(count) else { throw .outOfMemory }
        let bytes = storage.bindMemory(to: UInt8.self, capacity: count)
        bytes.initialize(repeating: 0, count: count)
        guard body(bytes) else {
            sodium_free(storage)
            throw error
        }
        sodium_mprotect_readonly(storage)
        self.storage = UnsafePointer(bytes)
        self.count = count
    }

    /// Copies `bytes`. The caller still has to wipe them.
    /// - Throws: ``CryptoError/outOfMemory``, ``CryptoError/libraryUnusable``.
    public convenience init(copying bytes: Span<UInt8>) throws(CryptoError) {
        try self.init(count: bytes.count) { (target: inout MutableSpan<UInt8>) throws(CryptoError) in
            for index in bytes.indices { target[index] = bytes[index] }
        }
    }

    /// Copies `bytes`, then overwrites them with zeros, also when it throws.
    /// - Throws: ``CryptoError/outOfMemory``, ``CryptoError/libraryUnusable``.
    public convenience init(moving bytes: inout [UInt8]) throws(CryptoError) {
        defer { wipe(&bytes) }
        try self.init(copying: bytes.span)
    }

    /// Fresh random bytes.
    /// - Throws: ``CryptoError/outOfMemory``, ``CryptoError/libraryUnusable``.
    public static func random(count: Int) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: count) { (target: inout MutableSpan<UInt8>) throws(CryptoError) in
            try RandomBytes.fill(&target)
        }
    }

    deinit {
        // Overwrites with zeros, checks the canary, and unmaps.
        sodium_free(UnsafeMutableRawPointer(mutating: storage))
    }

    /// Calls `body` with the bytes. They must not be copied to memory that is not wiped.
    public func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { extendLifetime(self) }
        return try body(UnsafeBufferPointer(start: storage, count: count).span)
    }

    /// Calls `body`, a call into C, with the address of the first byte.
    func withPointer<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        defer { extendLifetime(self) }
        return body(storage)
    }
}

extension SecretBytes: Equatable {
    /// Compares in a time that depends on the lengths only.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.withBytes { one in right.withBytes { other in constantTimeEquals(one, other) } }
    }
}

extension SecretBytes: CustomReflectable {
    /// Shows nothing, so that dumps and test reports stay clean.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .class) }
}

/// Overwrites `bytes` with zeros in a way that the compiler keeps.
public func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { buffer in
        if let start = buffer.baseAddress { sodium_memzero(start, buffer.count) }
    }
}
