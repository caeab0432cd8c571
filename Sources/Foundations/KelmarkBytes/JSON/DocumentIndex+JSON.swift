// SPDX-License-Identifier: Apache-2.0

extension DocumentIndex {
    /// Scans JSON that must be spelt as `json.dumps(value, separators=(",", ":"), ensure_ascii=False)` spells it.
    mutating func scanCanonicalJSON(_ bytes: Span<UInt8>, limits: Limits) throws(DocumentError) {
        try scanJSON(bytes, limits: limits, canonical: true)
    }

    /// Scans JSON in any spelling of RFC 8259. Labels are not compared here: their escapes may differ.
    mutating func scanAnyJSON(_ bytes: Span<UInt8>, limits: Limits) throws(DocumentError) {
        try scanJSON(bytes, limits: limits, canonical: false)
    }

    /// One loop for both strictnesses; `canonical` is a constant in each caller and the loop is specialised for it.
    ///
    /// Nesting needs no stack: while a container is open, its token's `next` holds the token index of its parent.
    @inline(__always)
    private mutating func scanJSON(
        _ bytes: Span<UInt8>, limits: Limits, canonical: Bool
    ) throws(DocumentError) {
        let end = bytes.count
        let deepest = min(limits.nestingDepth, Self.deepestNesting)
        var position = 0
        var open = Self.noContainer
        var openIsMap = false
        var depth = 0
        var values = 0

        nextValue: while true {
            if !canonical { position = Self.skipWhiteSpace(bytes, from: position) }
            guard position < end else { throw DocumentError(.truncated, at: end) }
            values &+= 1
            guard values <= limits.documentValues else { throw DocumentError(.tooManyValues, at: position) }
            let first = bytes[position]
            if first == UInt8(ascii: "\"") {
                position = try scanJSONText(bytes, from: position &+ 1, canonical: canonical)
            } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                depth &+= 1
                guard depth <= deepest else { throw DocumentError(.nestingTooDeep, at: position) }
                openIsMap = first == UInt8(ascii: "{")
                let index = tokens.count
                tokens.append(
                    DocumentToken(kind: openIsMap ? .map : .list, start: position, end: position, next: open))
                open = index
                position &+= 1
                if !canonical { position = Self.skipWhiteSpace(bytes, from: position) }
                if position < end, bytes[position] != (openIsMap ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if openIsMap { position = try scanJSONLabel(bytes, from: position, canonical: canonical) }
                    tokens[open].count = 1
                    continue nextValue
                }
            } else {
                position = try scanJSONScalar(bytes, from: position, canonical: canonical)
            }

            // A value has ended (or an empty container waits for its end).
            while open != Self.noContainer {
                if !canonical { position = Self.skipWhiteSpace(bytes, from: position) }
                guard position < end else { throw DocumentError(.truncated, at: end) }
                let separator = bytes[position]
                if separator == UInt8(ascii: ",") {
                    position &+= 1
                    tokens[open].count &+= 1
                    if openIsMap { position = try scanJSONLabel(bytes, from: position, canonical: canonical) }
                    continue nextValue
                }
                guard separator == (openIsMap ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw Self.unexpected(separator, at: position)
                }
                position &+= 1
                if openIsMap, canonical {
                    try refuseEqualLabels(ofMapAt: open, count: Int(tokens[open].count), in: bytes)
                }
                let parent = Int(tokens[open].next)
                tokens[open].end = UInt32(truncatingIfNeeded: position)
                tokens[open].next = UInt32(truncatingIfNeeded: tokens.count)
                depth &-= 1
                open = parent
                openIsMap = open != Self.noContainer && tokens[open].kind == .map
            }
            if !canonical { position = Self.skipWhiteSpace(bytes, from: position) }
            guard position == end else { throw DocumentError(.trailingBytes, at: position) }
            return
        }
    }

    /// Stands for "no container is open" where a token index is kept.
    static var noContainer: Int { Int(UInt32.max) }

    /// Scans a label and its colon; returns the position of the value.
    @inline(__always)
    private mutating func scanJSONLabel(
        _ bytes: Span<UInt8>, from start: Int, canonical: Bool
    ) throws(DocumentError) -> Int {
        var position = start
        if !canonical { position = Self.skipWhiteSpace(bytes, from: position) }
        guard position < bytes.count else { throw DocumentError(.truncated, at: bytes.count) }
        guard bytes[position] == UInt8(ascii: "\"") else {
            let error = Self.unexpected(bytes[position], at: position)
            let startsValue = Self.startsValue(bytes[position])
            throw startsValue ? DocumentError(.labelNotText, at: position) : error
        }
        position = try scanJSONText(bytes, from: position &+ 1, canonical: canonical)
        if !canonical { position = Self.skipWhiteSpace(bytes, from: position) }
        guard position < bytes.count else { throw DocumentError(.truncated, at: bytes.count) }
        guard bytes[position] == UInt8(ascii: ":") else { throw Self.unexpected(bytes[position], at: position) }
        return position &+ 1
    }

    /// Scans text whose first byte behind the quote is at `start`; returns the position behind the closing quote.
    @inline(__always)
    private mutating func scanJSONText(
        _ bytes: Span<UInt8>, from start: Int, canonical: Bool
    ) throws(DocumentError) -> Int {
        var position = start
        var hasEscapes = false
        while true {
            position = JSONText.plainEnd(in: bytes, from: position)
            guard position < bytes.count else { throw DocumentError(.truncated, at: bytes.count) }
            if bytes[position] == UInt8(ascii: "\"") { break }
            if bytes[position] == UInt8(ascii: "\\") { hasEscapes = true }
            position = try JSONText.skipSpecial(in: bytes, at: position, canonical: canonical)
        }
        tokens.append(
            DocumentToken(
                kind: .text, start: start, end: position, next: tokens.count &+ 1, hasEscapes: hasEscapes))
        return position &+ 1
    }

    /// Scans a number, `true`, `false` or `null`; returns the position behind it.
    @inline(never)
    private mutating func scanJSONScalar(
        _ bytes: Span<UInt8>, from start: Int, canonical: Bool
    ) throws(DocumentError) -> Int {
        let end: Int
        let kind: DocumentToken.Kind
        switch bytes[start] {
        case UInt8(ascii: "t"): (end, kind) = (try Self.scanWord("true", in: bytes, at: start), .boolean)
        case UInt8(ascii: "f"): (end, kind) = (try Self.scanWord("false", in: bytes, at: start), .boolean)
        case UInt8(ascii: "n"): (end, kind) = (try Self.scanWord("null", in: bytes, at: start), .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let number = try JSONNumber(in: bytes, from: start, canonical: canonical)
            (end, kind) = (number.end, number.isFloat ? .float : .integer)
        case UInt8(ascii: "N"), UInt8(ascii: "I"): throw DocumentError(.nonFiniteNumber, at: start)
        default: throw Self.unexpected(bytes[start], at: start)
        }
        tokens.append(DocumentToken(kind: kind, start: start, end: end, next: tokens.count &+ 1))
        return end
    }

    private static func scanWord(
        _ word: StaticString, in bytes: Span<UInt8>, at start: Int
    ) throws(DocumentError) -> Int {
        for index in 0..<word.utf8CodeUnitCount {
            guard start + index < bytes.count else { throw DocumentError(.truncated, at: bytes.count) }
            guard unsafe bytes[start + index] == word.utf8Start[index] else {
                throw DocumentError(.unexpectedByte, at: start + index)
            }
        }
        return start + word.utf8CodeUnitCount
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }

    private static func skipWhiteSpace(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var position = start
        while position < bytes.count, isWhiteSpace(bytes[position]) { position += 1 }
        return position
    }

    private static func startsValue(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            true
        default: false
        }
    }

    @inline(never)
    private static func unexpected(_ byte: UInt8, at position: Int) -> DocumentError {
        DocumentError(isWhiteSpace(byte) ? .whiteSpace : .unexpectedByte, at: position)
    }
}
