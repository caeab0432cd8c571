// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

extension SealedFileVault {
    /// A vault file without its secrets: how the key is made from the passphrase, and the sealed content.
    ///
    /// The form, numbers big-endian: mark (8 bytes), version (2), key derivation (1), cipher (1), passes (4), memory in KiB
    /// (4), salt (16), nonce (24), key check (16), length of the sealed bytes (4), checksum of all that (16), sealed
    /// bytes. All bytes before the sealed ones are authenticated with them.
    public struct Envelope: Hashable, Sendable {
        /// What the file begins with.
        public static let mark: [UInt8] = [0x89, 0x4b, 0x56, 0x41, 0x55, 0x4c, 0x54, 0x0a]
        /// The version that this program writes, and the newest that it reads.
        public static let currentVersion = 1
        /// Bytes before the sealed ones.
        public static let headerByteCount = 96
        /// The most work that a file may ask for.
        public static let maximumCost = Argon2id.Cost(operations: 16, memoryBytes: 1 << 30)

        static let checkByteCount = 16
        static let nonceByteCount = 24
        static let tagByteCount = 16
        static let maximumSealedByteCount = VaultContent.maximumByteCount + tagByteCount
        static let argon2id: UInt32 = 1
        static let xchacha20poly1305: UInt32 = 1

        /// How the key is made.
        public let cost: Argon2id.Cost
        /// The salt of the key.
        public let salt: [UInt8]
        /// Fresh with every save.
        public let nonce: [UInt8]
        /// Bytes that only the right passphrase gives.
        public let check: [UInt8]
        /// Ciphertext and tag.
        public internal(set) var sealed: [UInt8]

        /// Reads a file. Pure: no key is derived, nothing is opened.
        /// - Throws: ``VaultError/notAVault``, ``VaultError/vaultTooNew(version:)``, ``VaultError/damaged(_:)``,
        ///   ``VaultError/costOutOfBounds``, ``VaultError/tooLarge``.
        public static func parse(_ bytes: Span<UInt8>) throws(VaultError) -> Envelope {
            var envelope = try parseHeader(bytes)
            let count = Int(envelope.sealedByteCount)
            guard bytes.count == headerByteCount + count else { throw .damaged(.seal) }
            let sealed = bytes.extracting(droppingFirst: headerByteCount)
            envelope.sealed = sealed.indices.map { sealed[$0] }
            return envelope
        }

        /// The length that the header gives; that of `sealed` once it is read.
        private(set) var sealedByteCount: UInt32

        init(cost: Argon2id.Cost, salt: [UInt8], nonce: [UInt8], check: [UInt8], sealedByteCount: Int) {
            self.cost = cost
            self.salt = salt
            self.nonce = nonce
            self.check = check
            self.sealedByteCount = UInt32(sealedByteCount)
            sealed = []
        }

        /// Reads the first ``headerByteCount`` bytes and leaves `sealed` empty.
        static func parseHeader(_ bytes: Span<UInt8>) throws(VaultError) -> Envelope {
            guard bytes.count >= mark.count, mark.indices.allSatisfy({ bytes[$0] == mark[$0] }) else {
                throw .notAVault
            }
            var cursor = ByteCursor(bytes)
            _ = try copy(&cursor, mark.count)
            let version = try number(&cursor, byteCount: 2)
            guard version <= currentVersion else { throw .vaultTooNew(version: Int(version)) }
            let kind = (try number(&cursor, byteCount: 1), try number(&cursor, byteCount: 1))
            let operations = try number(&cursor, byteCount: 4)
            let kibibytes = try number(&cursor, byteCount: 4)
            let salt = try copy(&cursor, Argon2id.saltByteCount)
            let nonce = try copy(&cursor, nonceByteCount)
            let check = try copy(&cursor, checkByteCount)
            let count = try number(&cursor, byteCount: 4)
            let covered = cursor.offset
            guard try copy(&cursor, checksumByteCount) == checksum(bytes.extracting(first: covered)),
                version == currentVersion, kind == (argon2id, xchacha20poly1305), count >= tagByteCount
            else { throw .damaged(.header) }
            let cost = Argon2id.Cost(operations: Int(operations), memoryBytes: Int(kibibytes) << 10)
            guard isAcceptable(cost) else { throw .costOutOfBounds }
            guard count <= maximumSealedByteCount else { throw .tooLarge }
            return Envelope(cost: cost, salt: salt, nonce: nonce, check: check, sealedByteCount: Int(count))
        }

        /// The bytes before the sealed ones.
        var header: [UInt8] {
            var bytes = Self.mark
            Self.append(UInt64(Self.currentVersion), byteCount: 2, to: &bytes)
            Self.append(UInt64(Self.argon2id), byteCount: 1, to: &bytes)
            Self.append(UInt64(Self.xchacha20poly1305), byteCount: 1, to: &bytes)
            Self.append(UInt64(cost.operations), byteCount: 4, to: &bytes)
            Self.append(UInt64(cost.memoryBytes >> 10), byteCount: 4, to: &bytes)
            bytes += salt + nonce + check
            Self.append(UInt64(sealedByteCount), byteCount: 4, to: &bytes)
            return bytes + Self.checksum(bytes.span)
        }

        /// The whole file.
        public var encoded: [UInt8] { header + sealed }

        static func isAcceptable(_ cost: Argon2id.Cost) -> Bool {
            (1...maximumCost.operations).contains(cost.operations)
                && (8 << 10...maximumCost.memoryBytes).contains(cost.memoryBytes)
                && cost.memoryBytes % 1024 == 0
        }

        private static let checksumByteCount = 16

        private static func checksum(_ bytes: Span<UInt8>) -> [UInt8] {
            BLAKE3.hash(bytes, count: checksumByteCount)
        }

        private static func number(_ cursor: inout ByteCursor, byteCount: Int) throws(VaultError) -> UInt32 {
            try copy(&cursor, byteCount).reduce(0) { $0 << 8 | UInt32($1) }
        }

        private static func copy(_ cursor: inout ByteCursor, _ count: Int) throws(VaultError) -> [UInt8] {
            do throws(CursorError) {
                let bytes = try cursor.take(count)
                return bytes.indices.map { bytes[$0] }
            } catch {
                throw .damaged(.header)
            }
        }

        private static func append(_ number: UInt64, byteCount: Int, to bytes: inout [UInt8]) {
            for shift in (0..<byteCount).reversed() {
                bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * shift)))
            }
        }
    }
}
