// SPDX-License-Identifier: Apache-2.0

extension OrderedValue {
    /// Which spellings of JSON are read.
    public enum Strictness: UInt8, Hashable, Sendable, CaseIterable {
        /// Only the bytes that KERIpy would write (facts 3.1).
        case canonical
        /// All of RFC 8259, for configuration and REST: white space, any escape, any number. Numbers are kept as
        /// Python would write them. Equal labels, half surrogate pairs and bad UTF-8 stay refused.
        case interoperable
    }

    /// Reads one canonical document.
    /// - Throws: ``DocumentError`` as ``DocumentIndex/scan(_:format:limits:)``.
    public init(
        parsing bytes: Span<UInt8>, format: DocumentFormat, limits: Limits = .standard
    ) throws(DocumentError) {
        let index = try DocumentIndex(bytes, format: format, limits: limits)
        try self.init(tree: index, at: 0, in: bytes)
    }

    /// Reads one JSON document.
    /// - Throws: ``DocumentError`` when the bytes are no JSON of the given strictness.
    public init(
        parsingJSON bytes: Span<UInt8>, strictness: Strictness, limits: Limits = .standard
    ) throws(DocumentError) {
        var index = DocumentIndex()
        switch strictness {
        case .canonical: try index.scan(bytes, format: .json, limits: limits)
        case .interoperable: try index.scanInteroperableJSON(bytes, limits: limits)
        }
        try self.init(tree: index, at: 0, in: bytes)
    }

    /// Copies a part of a scanned document: the value whose token index is `token`. `bytes` is what was scanned.
    /// Null when the index has no such token.
    public init(_ index: DocumentIndex, at token: Int, in bytes: Span<UInt8>) {
        do throws(DocumentError) {
            try self.init(tree: index, at: token, in: bytes)
        } catch {
            self = .null
        }
    }

    /// The recursion is as deep as the document, whose depth the scan has bounded.
    private init(tree index: DocumentIndex, at position: Int, in bytes: Span<UInt8>) throws(DocumentError) {
        guard index.tokens.indices.contains(position) else {
            self = .null
            return
        }
        let token = index.tokens[position]
        switch token.kind {
        case .null: self = .null
        case .boolean: self = .boolean(index.boolean(of: token, in: bytes) ?? false)
        case .integer: self = .integer(index.integerText(of: token, in: bytes))
        case .float: self = .float(index.floatText(of: token, in: bytes))
        case .text: self = .text(index.string(of: token, in: bytes))
        case .bytes: self = .bytes(index.utf8(of: token, in: bytes))
        case .list:
            var list: [OrderedValue] = []
            list.reserveCapacity(Int(token.count))
            var child = position + 1
            for _ in 0..<token.count {
                list.append(try OrderedValue(tree: index, at: child, in: bytes))
                child = Int(index.tokens[child].next)
            }
            self = .list(list)
        case .map:
            var map = OrderedMap()
            map.reserveCapacity(Int(token.count))
            var child = position + 1
            for _ in 0..<token.count {
                let label = index.tokens[child]
                let value = try OrderedValue(tree: index, at: child + 1, in: bytes)
                guard map.append(value, for: index.string(of: label, in: bytes)) else {
                    throw DocumentError(.duplicateLabel, at: Int(label.start))
                }
                child = Int(index.tokens[child + 1].next)
            }
            self = .map(map)
        }
    }
}

extension DocumentIndex {
    /// Decimal text of an integer token of any size; empty for any other token.
    public func integerText(of token: DocumentToken, in bytes: Span<UInt8>) -> String {
        guard token.kind == .integer else { return "" }
        let start = Int(token.start)
        let first = bytes[start]
        switch format {
        case .json:
            let text = Self.ascii(bytes, token.range)
            return text == "-0" ? "0" : text
        case .cbor:
            if first >> 5 == CBORHead.Major.tag.rawValue {
                // The tag is one byte; the head of the byte string is what its length needs.
                let content = token.byteCount - 1
                let head = content - 1 < 24 ? 1 : content - 2 < 1 << 8 ? 2 : 3
                return IntegerText.decimal(
                    of: bytes.extracting((start + 1 + head)..<Int(token.end)), negative: first & 1 == 1)
            }
            let low = first & 31
            let argument = low < 24 ? UInt64(low) : Self.bigEndian(bytes, (start + 1)..<Int(token.end))
            return first < 0x20 ? String(argument) : String(-1 - Int128(argument))
        case .messagePack:
            if first < 0x80 { return String(first) }
            if first >= 0xe0 { return String(Int8(bitPattern: first)) }
            let value = Self.bigEndian(bytes, (start + 1)..<Int(token.end))
            if first < 0xd0 { return String(value) }
            let unused = Int64(64 - 8 * (token.byteCount - 1))
            return String(Int64(bitPattern: value << UInt64(unused)) >> unused)
        }
    }

    /// Text of a float token as Python's `repr` writes it; empty for any other token.
    public func floatText(of token: DocumentToken, in bytes: Span<UInt8>) -> String {
        guard let value = double(of: token, in: bytes) else { return "" }
        return String(decoding: FloatText.python(value), as: UTF8.self)
    }

    /// The value of a float token; nil for any other token.
    public func double(of token: DocumentToken, in bytes: Span<UInt8>) -> Double? {
        guard token.kind == .float else { return nil }
        switch format {
        case .json: return FloatText.value(of: bytes, in: token.range)
        case .cbor, .messagePack:
            return Double(bitPattern: Self.bigEndian(bytes, (Int(token.start) + 1)..<Int(token.end)))
        }
    }

    private static func ascii(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        guard let text = try? UTF8Span(validating: bytes.extracting(range)) else { return "" }
        return String(copying: text)
    }
}
