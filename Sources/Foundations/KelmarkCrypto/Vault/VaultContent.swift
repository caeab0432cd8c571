// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The secrets of a vault in memory, the rules of its changes, and their one form in bytes.
///
/// The form: generation (8 bytes), number of entries (4), then the entries in ascending order of their names: length of
/// the name (1), name, version (8), length of the secret (4), secret. Numbers are big-endian.
struct VaultContent: Sendable {
    static let maximumNameByteCount = 255
    static let maximumSecretByteCount = 64 << 10
    static let maximumByteCount = 16 << 20

    private struct Item {
        let version: UInt64
        let secret: Secret
    }

    /// Many small secrets share one piece of guarded memory once they have been written.
    private enum Secret {
        case own(SecretBytes)
        case part(of: SecretBytes, Range<Int>)

        var count: Int {
            switch self {
            case .own(let secret): secret.count
            case .part(_, let range): range.count
            }
        }

        func withBytes<Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Void) throws(Failure) {
            switch self {
            case .own(let secret): try secret.withBytes(body)
            case .part(let whole, let range):
                try whole.withBytes { (bytes: Span<UInt8>) throws(Failure) in try body(bytes.extracting(range)) }
            }
        }
    }

    /// How often the vault has been changed.
    private(set) var generation: UInt64 = 0
    private var items: [String: Item] = [:]

    init() {}

    var entries: [VaultEntry] {
        items.map { VaultEntry(name: $0.key, version: $0.value.version) }.sorted { Self.precedes($0.name, $1.name) }
    }

    func load(_ name: String) throws(VaultError) -> SecretBytes {
        guard let item = items[name] else { throw .noSuchName(name) }
        switch item.secret {
        case .own(let secret): return secret
        case .part(let whole, let range):
            do throws(CryptoError) {
                return try whole.withBytes { (bytes: Span<UInt8>) throws(CryptoError) in
                    try SecretBytes(copying: bytes.extracting(range))
                }
            } catch {
                throw .crypto(error)
            }
        }
    }

    /// Makes all changes; on an error `self` must be thrown away.
    mutating func apply(_ changes: [VaultChange]) throws(VaultError) {
        generation += 1
        for change in changes {
            switch change {
            case .store(let secret, let name, let version):
                guard Self.isValid(name) else { throw .invalidName }
                guard secret.count <= Self.maximumSecretByteCount else { throw .tooLarge }
                if let version {
                    try expect(version, of: name)
                } else if items[name] != nil {
                    throw .nameTaken(name)
                }
                items[name] = Item(version: generation, secret: .own(secret))
            case .delete(let name, let version):
                guard let item = items[name] else { throw .noSuchName(name) }
                try expect(version ?? item.version, of: name)
                items[name] = nil
            }
        }
        guard byteCount <= Self.maximumByteCount else { throw .tooLarge }
    }

    private func expect(_ version: UInt64, of name: String) throws(VaultError) {
        guard let item = items[name] else { throw .noSuchName(name) }
        guard item.version == version else { throw .versionConflict(name, expected: version, found: item.version) }
    }

    private static func isValid(_ name: String) -> Bool {
        (1...maximumNameByteCount).contains(name.utf8.count) && name.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension VaultContent {
    private static let fixedByteCount = 12
    private static let itemByteCount = 13

    private var byteCount: Int {
        items.reduce(Self.fixedByteCount) { $0 + Self.itemByteCount + $1.key.utf8.count + $1.value.secret.count }
    }

    /// The one form in bytes.
    func encoded() throws(CryptoError) -> SecretBytes {
        let names = items.keys.sorted(by: Self.precedes)
        return try SecretBytes(count: byteCount) { (target: inout MutableSpan<UInt8>) throws(CryptoError) in
            var position = 0
            Self.put(generation, byteCount: 8, &target, &position)
            Self.put(UInt64(names.count), byteCount: 4, &target, &position)
            for name in names {
                guard let item = items[name] else { continue }
                Self.put(UInt64(name.utf8.count), byteCount: 1, &target, &position)
                for byte in name.utf8 { Self.put(UInt64(byte), byteCount: 1, &target, &position) }
                Self.put(item.version, byteCount: 8, &target, &position)
                Self.put(UInt64(item.secret.count), byteCount: 4, &target, &position)
                item.secret.withBytes { bytes in
                    for index in bytes.indices { target[position + index] = bytes[index] }
                }
                position += item.secret.count
            }
        }
    }

    private static func put(
        _ number: UInt64, byteCount: Int, _ target: inout MutableSpan<UInt8>, _ position: inout Int
    ) {
        for shift in (0..<byteCount).reversed() {
            target[position] = UInt8(truncatingIfNeeded: number >> UInt64(8 * shift))
            position += 1
        }
    }

    /// Reads the one form; anything else is damaged. The secrets stay where they are.
    init(parsing bytes: SecretBytes) throws(VaultError) {
        let parsed: VaultContent?
        do throws(CursorError) {
            parsed = try bytes.withBytes { (span: Span<UInt8>) throws(CursorError) in
                try Self.parse(span, of: bytes)
            }
        } catch {
            throw .damaged(.content)
        }
        guard let parsed else { throw .damaged(.content) }
        self = parsed
    }

    /// Nil when the form is broken otherwise than by its end.
    private static func parse(_ span: Span<UInt8>, of bytes: SecretBytes) throws(CursorError) -> VaultContent? {
        var content = VaultContent()
        var cursor = ByteCursor(span)
        content.generation = try number(&cursor, byteCount: 8)
        let count = try number(&cursor, byteCount: 4)
        var previous: String?
        for _ in 0..<count {
            let name = try self.name(&cursor)
            let version = try number(&cursor, byteCount: 8)
            let secretCount = Int(try number(&cursor, byteCount: 4))
            let start = cursor.offset
            try cursor.skip(secretCount)
            guard let name, previous.map({ precedes($0, name) }) ?? true, version <= content.generation,
                secretCount <= maximumSecretByteCount
            else { return nil }
            content.items[name] = Item(version: version, secret: .part(of: bytes, start..<cursor.offset))
            previous = name
        }
        return cursor.isAtEnd ? content : nil
    }

    private static func name(_ cursor: inout ByteCursor) throws(CursorError) -> String? {
        let bytes = try cursor.take(Int(try cursor.u8()))
        var text = ""
        for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        return isValid(text) ? text : nil
    }

    private static func number(_ cursor: inout ByteCursor, byteCount: Int) throws(CursorError) -> UInt64 {
        var number: UInt64 = 0
        for _ in 0..<byteCount { number = number << 8 | UInt64(try cursor.u8()) }
        return number
    }
}
