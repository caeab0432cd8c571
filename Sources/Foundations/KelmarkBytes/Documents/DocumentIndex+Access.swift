// SPDX-License-Identifier: Apache-2.0

/// Reading the values of a scanned document. `bytes` is always the document that was scanned.
extension DocumentIndex {
    /// Whether text is exactly `expected`, compared byte by byte. Nothing is allocated.
    @inlinable
    public func text(_ token: DocumentToken, equals expected: StaticString, in bytes: Span<UInt8>) -> Bool {
        guard token.kind == .text, expected.hasPointerRepresentation else { return false }
        let count = expected.utf8CodeUnitCount
        if token.hasEscapes { return escapedText(token, equals: expected, in: bytes) }
        guard token.byteCount == count else { return false }
        let start = Int(token.start)
        for index in 0..<count {
            guard unsafe bytes[start &+ index] == expected.utf8Start[index] else { return false }
        }
        return true
    }

    /// Whether text is exactly the UTF-8 bytes `expected`. Nothing is allocated unless the text has escapes.
    public func text(_ token: DocumentToken, equals expected: Span<UInt8>, in bytes: Span<UInt8>) -> Bool {
        guard token.kind == .text else { return false }
        if token.hasEscapes {
            let unescaped = utf8(of: token, in: bytes)
            guard unescaped.count == expected.count else { return false }
            for index in unescaped.indices where unescaped[index] != expected[index] { return false }
            return true
        }
        guard token.byteCount == expected.count else { return false }
        let start = Int(token.start)
        for index in 0..<expected.count where bytes[start + index] != expected[index] { return false }
        return true
    }

    /// Token index of the value that stands behind `label` in the map whose token index is `map`; nil without one.
    public func value(of label: StaticString, inMap map: Int, of bytes: Span<UInt8>) -> Int? {
        guard tokens.indices.contains(map), tokens[map].kind == .map else { return nil }
        var index = map + 1
        for _ in 0..<tokens[map].count {
            if text(tokens[index], equals: label, in: bytes) { return index + 1 }
            index = Int(tokens[index + 1].next)
        }
        return nil
    }

    /// The text of a text token, escapes resolved; empty for any other token.
    public func string(of token: DocumentToken, in bytes: Span<UInt8>) -> String {
        guard token.kind == .text else { return "" }
        if token.hasEscapes { return String(decoding: utf8(of: token, in: bytes), as: UTF8.self) }
        guard let text = try? UTF8Span(validating: bytes.extracting(token.range)) else { return "" }
        return String(copying: text)
    }

    /// The text of a text token as UTF-8, escapes resolved, or the content of a bytes token; empty for all else.
    public func utf8(of token: DocumentToken, in bytes: Span<UInt8>) -> [UInt8] {
        guard token.kind == .text || token.kind == .bytes else { return [] }
        var output: [UInt8] = []
        output.reserveCapacity(token.byteCount)
        var position = Int(token.start)
        let end = Int(token.end)
        while position < end {
            let byte = bytes[position]
            if token.hasEscapes, byte == UInt8(ascii: "\\"),
                let escape = try? JSONText.Escape(in: bytes, at: position)
            {
                output.append(contentsOf: UTF8.encode(escape.scalar) ?? .init())
                position += escape.byteCount
            } else {
                output.append(byte)
                position += 1
            }
        }
        return output
    }

    /// The bytes that spell a value in the document, with its quotes or its head.
    public func rawRange(of token: DocumentToken) -> Range<Int> {
        let range = token.range
        guard token.kind == .text || token.kind == .bytes else { return range }
        switch format {
        case .json: return (range.lowerBound - 1)..<(range.upperBound + 1)
        case .cbor: return (range.lowerBound - Self.cborHead(range.count))..<range.upperBound
        case .messagePack:
            let head = Self.messagePackHead(range.count, isText: token.kind == .text)
            return (range.lowerBound - head)..<range.upperBound
        }
    }

    /// The value of a boolean token; nil for any other token.
    public func boolean(of token: DocumentToken, in bytes: Span<UInt8>) -> Bool? {
        guard token.kind == .boolean else { return nil }
        switch format {
        case .json: return bytes[Int(token.start)] == UInt8(ascii: "t")
        case .cbor: return bytes[Int(token.start)] == 0xf5
        case .messagePack: return bytes[Int(token.start)] == 0xc3
        }
    }

    /// The value of an integer token that is not negative and fits 64 bits; nil for any other token.
    public func unsignedInteger(of token: DocumentToken, in bytes: Span<UInt8>) -> UInt64? {
        guard token.kind == .integer else { return nil }
        let start = Int(token.start)
        let first = bytes[start]
        switch format {
        case .json:
            var value: UInt64 = 0
            for index in token.range {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else { return nil }
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[index] - UInt8(ascii: "0")))
                if overflow || carry { return nil }
                value = sum
            }
            return value
        case .cbor:
            if first < 24 { return UInt64(first) }
            return first < 0x20 ? Self.bigEndian(bytes, (start + 1)..<Int(token.end)) : nil
        case .messagePack:
            if first < 0x80 { return UInt64(first) }
            return (0xcc...0xcf).contains(first) ? Self.bigEndian(bytes, (start + 1)..<Int(token.end)) : nil
        }
    }

    @usableFromInline
    func escapedText(_ token: DocumentToken, equals expected: StaticString, in bytes: Span<UInt8>) -> Bool {
        let unescaped = utf8(of: token, in: bytes)
        guard unescaped.count == expected.utf8CodeUnitCount else { return false }
        for index in unescaped.indices {
            guard unsafe unescaped[index] == expected.utf8Start[index] else { return false }
        }
        return true
    }

    static func bigEndian(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var value: UInt64 = 0
        for index in range { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    /// Bytes of the shortest CBOR head for a length.
    static func cborHead(_ length: Int) -> Int {
        if length < 24 { return 1 }
        if length < 1 << 8 { return 2 }
        return length < 1 << 16 ? 3 : 5
    }

    /// Bytes of the shortest MessagePack head for a length.
    static func messagePackHead(_ length: Int, isText: Bool) -> Int {
        if isText, length < 32 { return 1 }
        if length < 1 << 8 { return 2 }
        return length < 1 << 16 ? 3 : 5
    }
}
