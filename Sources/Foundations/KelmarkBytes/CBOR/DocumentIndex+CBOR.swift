// SPDX-License-Identifier: Apache-2.0

extension DocumentIndex {
    /// Scans CBOR as cbor2 writes it: definite lengths, shortest heads, text labels, 64-bit floats, bignums only
    /// beyond 64 bits, no other tags.
    mutating func scanCBOR(_ bytes: Span<UInt8>, limits: Limits) throws(DocumentError) {
        var nesting = CountedNesting()
        var position = 0
        repeat {
            let start = position
            let isLabel = nesting.expectsLabel
            try nesting.begin(at: start, isLabel: isLabel, limits: limits)
            let head = try CBORHead(in: bytes, at: start)
            guard head.major == .text || !isLabel else { throw DocumentError(.labelNotText, at: start) }
            position = start &+ head.byteCount
            switch head.major {
            case .text, .bytes:
                let length = try head.length(in: bytes, from: position)
                if head.major == .text { try UTF8Text.validate(bytes, from: position, to: position &+ length) }
                append(head.major == .text ? .text : .bytes, position, position &+ length)
                position &+= length
            case .list, .map:
                guard let count = Int32(exactly: head.argument) else {
                    throw DocumentError(.truncated, at: bytes.count)
                }
                let parent = nesting.open
                try nesting.openContainer(
                    head.major == .map ? .map : .list, count: Int(count), start: start, position: position,
                    in: &self, bytes: bytes, limits: limits)
                if nesting.open != parent { continue }
            case .unsigned, .negative:
                append(.integer, start, position)
            case .tag:
                position = try Self.scanBignum(tag: head.argument, in: bytes, at: start, from: position)
                append(.integer, start, position)
            case .simple:
                append(try head.simpleKind(in: bytes, at: start), start, position)
            }
            try nesting.end(at: position, in: &self, bytes: bytes)
        } while !nesting.isComplete
        guard position == bytes.count else { throw DocumentError(.trailingBytes, at: position) }
    }

    /// Appends the token of a value that is no container.
    @inline(__always)
    mutating func append(_ kind: DocumentToken.Kind, _ start: Int, _ end: Int) {
        tokens.append(DocumentToken(kind: kind, start: start, end: end, next: tokens.count &+ 1))
    }

    /// Checks the byte string behind tag 2 or 3 at `start`; returns the position behind it.
    private static func scanBignum(
        tag: UInt64, in bytes: Span<UInt8>, at start: Int, from content: Int
    ) throws(DocumentError) -> Int {
        guard tag == 2 || tag == 3 else { throw DocumentError(.unsupportedType, at: start) }
        let head = try CBORHead(in: bytes, at: content)
        guard head.major == .bytes else { throw DocumentError(.unexpectedByte, at: content) }
        let position = content + head.byteCount
        let length = try head.length(in: bytes, from: position)
        guard length > 8, bytes[position] != 0 else { throw DocumentError(.nonCanonicalInteger, at: start) }
        let end = position + length
        // 256^1785 has 4299 digits; with one byte more it depends.
        var digits = 0
        if length == 1786 {
            let text = IntegerText.decimal(of: bytes.extracting(position..<end), negative: tag == 3)
            digits = text.utf8.count - (tag == 3 ? 1 : 0)
        }
        guard length <= 1786, digits <= integerDigits else { throw DocumentError(.integerTooLong, at: start) }
        return end
    }
}

/// The first bytes of a CBOR item: its major type and argument, in the shortest form.
struct CBORHead {
    /// The major types of RFC 8949 3.1.
    enum Major: UInt8 {
        case unsigned, negative, bytes, text, list, map, tag, simple
    }

    let major: Major
    let argument: UInt64
    /// How many bytes the head has.
    let byteCount: Int

    /// Reads the head at `position`.
    @inline(__always)
    init(in bytes: Span<UInt8>, at position: Int) throws(DocumentError) {
        guard position < bytes.count else { throw DocumentError(.truncated, at: bytes.count) }
        let first = bytes[position]
        major = Major(rawValue: first >> 5) ?? .simple
        let low = first & 31
        if low < 24 {
            argument = UInt64(low)
            byteCount = 1
            return
        }
        (argument, byteCount) = try Self.longArgument(major, low, in: bytes, at: position)
    }

    @inline(never)
    private static func longArgument(
        _ major: Major, _ low: UInt8, in bytes: Span<UInt8>, at position: Int
    ) throws(DocumentError) -> (UInt64, Int) {
        guard low < 28 else {
            let indefinite = low == 31 && (2...5).contains(major.rawValue)
            throw DocumentError(indefinite ? .indefiniteLength : .unsupportedType, at: position)
        }
        let size = 1 << Int(low - 24)
        let argument = try BigEndian.read(size, from: bytes, at: position + 1)
        if major != .simple {
            let least: UInt64 = size == 1 ? 24 : 1 << (UInt64(size) * 4)
            guard argument >= least else {
                let code: DocumentError.Code = major.rawValue < 2 ? .nonCanonicalInteger : .nonCanonicalLength
                throw DocumentError(code, at: position)
            }
        }
        return (argument, 1 + size)
    }

    /// The argument as the length of content that starts at `position`.
    @inline(__always)
    func length(in bytes: Span<UInt8>, from position: Int) throws(DocumentError) -> Int {
        guard argument <= UInt64(bytes.count &- position) else {
            throw DocumentError(.truncated, at: bytes.count)
        }
        return Int(truncatingIfNeeded: argument)
    }

    /// What a head of major type 7 at `start` stands for.
    func simpleKind(in bytes: Span<UInt8>, at start: Int) throws(DocumentError) -> DocumentToken.Kind {
        switch bytes[start] {
        case 0xf4, 0xf5: return .boolean
        case 0xf6: return .null
        case 0xf9, 0xfa: throw DocumentError(.nonCanonicalFloat, at: start)
        case 0xfb:
            guard Double(bitPattern: argument).isFinite else { throw DocumentError(.nonFiniteNumber, at: start) }
            return .float
        default: throw DocumentError(.unsupportedType, at: start)
        }
    }
}
