// SPDX-License-Identifier: Apache-2.0

extension DocumentIndex {
    /// Scans MessagePack as msgpack-python writes it: shortest forms, text labels, 64-bit floats, no extensions.
    mutating func scanMessagePack(_ bytes: Span<UInt8>, limits: Limits) throws(DocumentError) {
        var nesting = CountedNesting()
        var position = 0
        repeat {
            let start = position
            let isLabel = nesting.expectsLabel
            try nesting.begin(at: start, isLabel: isLabel, limits: limits)
            let head = try MessagePackHead(in: bytes, at: start)
            guard head.kind == .text || !isLabel else { throw DocumentError(.labelNotText, at: start) }
            position = start &+ head.byteCount
            switch head.kind {
            case .text, .bytes:
                guard head.count <= bytes.count &- position else {
                    throw DocumentError(.truncated, at: bytes.count)
                }
                if head.kind == .text { try UTF8Text.validate(bytes, from: position, to: position &+ head.count) }
                append(head.kind, position, position &+ head.count)
                position &+= head.count
            case .list, .map:
                let parent = nesting.open
                try nesting.openContainer(
                    head.kind, count: head.count, start: start, position: position, in: &self, bytes: bytes,
                    limits: limits)
                if nesting.open != parent { continue }
            case .integer, .float, .boolean, .null:
                append(head.kind, start, position)
            }
            try nesting.end(at: position, in: &self, bytes: bytes)
        } while !nesting.isComplete
        guard position == bytes.count else { throw DocumentError(.trailingBytes, at: position) }
    }
}

/// The first bytes of a MessagePack item: what it is and how long, in the shortest form.
struct MessagePackHead {
    let kind: DocumentToken.Kind
    /// Bytes, members or elements that follow; 0 for all else.
    let count: Int
    /// How many bytes the head has; for numbers that is all.
    let byteCount: Int

    /// Reads the head at `position`.
    @inline(__always)
    init(in bytes: Span<UInt8>, at position: Int) throws(DocumentError) {
        guard position < bytes.count else { throw DocumentError(.truncated, at: bytes.count) }
        let first = bytes[position]
        switch first {
        case 0xa0...0xbf: self.init(.text, Int(first & 31))
        case 0x80...0x8f: self.init(.map, Int(first & 15))
        case 0x90...0x9f: self.init(.list, Int(first & 15))
        case 0x00...0x7f, 0xe0...0xff: self.init(.integer, 0)
        default: try self.init(long: first, in: bytes, at: position)
        }
    }

    @inline(__always)
    private init(_ kind: DocumentToken.Kind, _ count: Int, _ byteCount: Int = 1) {
        self.kind = kind
        self.count = count
        self.byteCount = byteCount
    }

    @inline(never)
    private init(long first: UInt8, in bytes: Span<UInt8>, at position: Int) throws(DocumentError) {
        switch first {
        case 0xc0: self.init(.null, 0)
        case 0xc2, 0xc3: self.init(.boolean, 0)
        case 0xc4: try self.init(.bytes, size: 1, least: 0, in: bytes, at: position)
        case 0xc5: try self.init(.bytes, size: 2, least: 1 << 8, in: bytes, at: position)
        case 0xc6: try self.init(.bytes, size: 4, least: 1 << 16, in: bytes, at: position)
        case 0xd9: try self.init(.text, size: 1, least: 32, in: bytes, at: position)
        case 0xda: try self.init(.text, size: 2, least: 1 << 8, in: bytes, at: position)
        case 0xdb: try self.init(.text, size: 4, least: 1 << 16, in: bytes, at: position)
        case 0xdc: try self.init(.list, size: 2, least: 16, in: bytes, at: position)
        case 0xdd: try self.init(.list, size: 4, least: 1 << 16, in: bytes, at: position)
        case 0xde: try self.init(.map, size: 2, least: 16, in: bytes, at: position)
        case 0xdf: try self.init(.map, size: 4, least: 1 << 16, in: bytes, at: position)
        case 0xca: throw DocumentError(.nonCanonicalFloat, at: position)
        case 0xcb:
            let pattern = try BigEndian.read(8, from: bytes, at: position + 1)
            guard Double(bitPattern: pattern).isFinite else {
                throw DocumentError(.nonFiniteNumber, at: position)
            }
            self.init(.float, 0, 9)
        case 0xcc...0xd3:
            let size = 1 << Int(first & 3)
            let value = try BigEndian.read(size, from: bytes, at: position + 1)
            guard Self.isShortest(value, size: size, signed: first >= 0xd0) else {
                throw DocumentError(.nonCanonicalInteger, at: position)
            }
            self.init(.integer, 0, 1 + size)
        default: throw DocumentError(.unsupportedType, at: position)
        }
    }

    private init(
        _ kind: DocumentToken.Kind, size: Int, least: UInt64, in bytes: Span<UInt8>, at position: Int
    ) throws(DocumentError) {
        let count = try BigEndian.read(size, from: bytes, at: position + 1)
        guard count >= least else { throw DocumentError(.nonCanonicalLength, at: position) }
        self.init(kind, Int(truncatingIfNeeded: count), 1 + size)
    }

    /// Whether no shorter form holds the integer; those that are not negative belong in unsigned forms.
    private static func isShortest(_ value: UInt64, size: Int, signed: Bool) -> Bool {
        guard signed else { return value >= (size == 1 ? 0x80 : 1 << (UInt64(size) * 4)) }
        let unused = Int64(64 - 8 * size)
        let number = Int64(bitPattern: value << UInt64(unused)) >> unused
        return number < (size == 1 ? -32 : -(1 << (Int64(size) * 4 - 1)))
    }
}
