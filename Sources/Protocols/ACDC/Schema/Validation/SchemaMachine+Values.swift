// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Numbers, text, and equality of values.
extension SchemaMachine {
    mutating func isWithin(_ instruction: SchemaInstruction, _ value: DocumentToken, in bytes: Span<UInt8>) -> Bool {
        guard value.kind == .integer || value.kind == .float else { return true }
        let bound: ExactNumber
        switch instruction {
        case .multipleOf(let number), .maximum(let number), .exclusiveMaximum(let number), .minimum(let number),
            .exclusiveMinimum(let number):
            bound = program.bounds[Int(number)]
        default: return true
        }
        guard take(1 + (value.byteCount + bound.long.count) >> 4) else { return false }
        guard let number = index.exactNumber(value, in: bytes) else { return true }
        switch instruction {
        case .multipleOf: return number.isMultiple(of: bound)
        case .maximum: return ExactNumber.compare(number, bound) <= 0
        case .exclusiveMaximum: return ExactNumber.compare(number, bound) < 0
        case .minimum: return ExactNumber.compare(number, bound) >= 0
        default: return ExactNumber.compare(number, bound) > 0
        }
    }

    /// How many Unicode scalars text has.
    mutating func length(of value: DocumentToken, in bytes: Span<UInt8>) -> Int {
        guard take(value.byteCount >> 4) else { return 0 }
        if value.hasEscapes {
            return index.utf8(of: value, in: bytes).reduce(0) { $0 + ($1 & 0xc0 != 0x80 ? 1 : 0) }
        }
        var count = 0
        for position in value.range where bytes[position] & 0xc0 != 0x80 { count &+= 1 }
        return count
    }

    /// Whether text matches a regular expression; false as well when the steps are used up, which `stop` says.
    mutating func matches(_ number: Int32, _ value: DocumentToken, in bytes: Span<UInt8>) -> Bool {
        let pattern = program.patterns[Int(number)]
        let result: Bool?
        if value.hasEscapes {
            guard take(value.byteCount >> 4) else { return false }
            let text = index.utf8(of: value, in: bytes)
            result = matcher.matches(pattern, text.span, in: 0..<text.count, steps: &steps)
        } else {
            result = matcher.matches(pattern, bytes, in: value.range, steps: &steps)
        }
        guard let result else {
            end(.bound(.steps))
            return false
        }
        return result
    }

    mutating func isOf(_ format: SchemaFormat, _ value: DocumentToken, in bytes: Span<UInt8>) -> Bool {
        guard take(value.byteCount) else { return false }
        if value.hasEscapes {
            let text = index.utf8(of: value, in: bytes)
            return format.matches(text.span, in: 0..<text.count)
        }
        return format.matches(bytes, in: value.range)
    }

    // Equality: numbers by value, text by its bytes, maps without regard to order.

    /// Whether a value is one of a list in the schema.
    mutating func isAmong(_ list: Int32, _ token: Int, in bytes: Span<UInt8>) -> Bool {
        var element = Int(list) + 1
        let tokens = program.document.index.tokens
        for _ in 0..<tokens[Int(list)].count {
            if equals(Int32(element), token, in: bytes) { return true }
            if stop != nil { return false }
            element = Int(tokens[element].next)
        }
        return false
    }

    /// Whether a value of the schema document equals one of the document.
    mutating func equals(_ constant: Int32, _ token: Int, in bytes: Span<UInt8>) -> Bool {
        let document = program.document
        let own = document.bytes
        return equals(document.index, Int(constant), own.span, index, token, bytes)
    }

    mutating func equals(
        _ one: DocumentIndex, _ left: Int, _ leftBytes: Span<UInt8>, _ other: DocumentIndex, _ right: Int,
        _ rightBytes: Span<UInt8>
    ) -> Bool {
        let (a, b) = (one.tokens[left], other.tokens[right])
        guard a.kind == b.kind || a.isNumber && b.isNumber, take(Self.effort(of: a, b)) else { return false }
        switch (a.kind, b.kind) {
        case (.null, .null): return true
        case (.boolean, .boolean): return one.boolean(of: a, in: leftBytes) == other.boolean(of: b, in: rightBytes)
        case (.integer, .integer), (.float, .float), (.integer, .float), (.float, .integer):
            return one.exactNumber(a, in: leftBytes) == other.exactNumber(b, in: rightBytes)
        case (.text, .text): return Self.sameText(one, a, leftBytes, other, b, rightBytes)
        case (.bytes, .bytes): return one.utf8(of: a, in: leftBytes) == other.utf8(of: b, in: rightBytes)
        case (.list, .list):
            guard a.count == b.count else { return false }
            var (first, second) = (left + 1, right + 1)
            for _ in 0..<a.count {
                guard equals(one, first, leftBytes, other, second, rightBytes) else { return false }
                first = Int(one.tokens[first].next)
                second = Int(other.tokens[second].next)
            }
            return true
        case (.map, .map): return equalMaps(one, left, leftBytes, other, right, rightBytes)
        default: return false
        }
    }

    /// Steps for two scalars: what they would take to be read, unless their lengths alone tell them apart.
    private static func effort(of one: DocumentToken, _ other: DocumentToken) -> Int {
        switch one.kind {
        case .map, .list: return 1
        case .text where !one.hasEscapes && !other.hasEscapes && one.byteCount != other.byteCount: return 1
        default: return 1 + max(one.byteCount, other.byteCount) >> 4
        }
    }

    private mutating func equalMaps(
        _ one: DocumentIndex, _ left: Int, _ leftBytes: Span<UInt8>, _ other: DocumentIndex, _ right: Int,
        _ rightBytes: Span<UInt8>
    ) -> Bool {
        let count = one.tokens[left].count
        guard count == other.tokens[right].count else { return false }
        var label = left + 1
        // Labels mostly come in the same order: each search starts behind the last find.
        var candidate = right + 1
        for _ in 0..<count {
            var tried = 0
            while true {
                guard take(Self.effort(of: one.tokens[label], other.tokens[candidate])) else { return false }
                if Self.sameText(
                    one, one.tokens[label], leftBytes, other, other.tokens[candidate], rightBytes)
                {
                    break
                }
                tried += 1
                if tried == count { return false }
                candidate = next(candidate, in: other, of: right)
            }
            guard equals(one, label + 1, leftBytes, other, candidate + 1, rightBytes) else { return false }
            candidate = next(candidate, in: other, of: right)
            label = Int(one.tokens[label + 1].next)
        }
        return true
    }

    private func next(_ label: Int, in index: DocumentIndex, of map: Int) -> Int {
        let next = Int(index.tokens[label + 1].next)
        return next < Int(index.tokens[map].next) ? next : map + 1
    }

    private static func sameText(
        _ one: DocumentIndex, _ left: DocumentToken, _ leftBytes: Span<UInt8>, _ other: DocumentIndex,
        _ right: DocumentToken, _ rightBytes: Span<UInt8>
    ) -> Bool {
        if left.hasEscapes || right.hasEscapes {
            return one.utf8(of: left, in: leftBytes) == other.utf8(of: right, in: rightBytes)
        }
        guard left.byteCount == right.byteCount else { return false }
        let (first, second) = (Int(left.start), Int(right.start))
        for offset in 0..<left.byteCount where leftBytes[first &+ offset] != rightBytes[second &+ offset] {
            return false
        }
        return true
    }

    /// Whether no two elements are equal. Long lists are sorted by a hash first, so that only likely pairs are compared.
    mutating func hasUniqueElements(_ token: Int, _ value: DocumentToken, in bytes: Span<UInt8>) -> Bool {
        var elements: [(hash: UInt64, token: Int)] = []
        var child = token + 1
        for _ in 0..<value.count {
            guard take(1) else { return false }
            elements.append((ValueHash.hash(index, child, in: bytes, steps: &steps), child))
            child = Int(index.tokens[child].next)
        }
        elements.sort { $0.hash < $1.hash }
        for first in elements.indices {
            var second = first + 1
            while second < elements.count, elements[second].hash == elements[first].hash {
                if equals(index, elements[first].token, bytes, index, elements[second].token, bytes) { return false }
                if stop != nil { return false }
                second += 1
            }
        }
        return true
    }
}

extension DocumentToken {
    fileprivate var isNumber: Bool { kind == .integer || kind == .float }
}

/// A hash that equal values share: numbers by value, maps without regard to order.
enum ValueHash {
    static func hash(_ index: DocumentIndex, _ position: Int, in bytes: Span<UInt8>, steps: inout Int) -> UInt64 {
        let token = index.tokens[position]
        steps -= 1 + token.byteCount >> 4
        if steps < 0 { return 0 }
        var hasher = FNV(UInt64(token.kind.rawValue))
        switch token.kind {
        case .null: break
        case .boolean: hasher.add(index.boolean(of: token, in: bytes) == true ? 1 : 0)
        case .integer, .float:
            hasher = FNV(UInt64(DocumentToken.Kind.integer.rawValue))
            if let number = index.exactNumber(token, in: bytes) {
                hasher.add(number.isNegative ? 1 : 0)
                hasher.add(number.mantissa)
                for digit in number.long { hasher.add(UInt64(digit)) }
                hasher.add(UInt64(bitPattern: Int64(number.exponent)))
            }
        case .text, .bytes:
            if token.hasEscapes {
                for byte in index.utf8(of: token, in: bytes) { hasher.add(UInt64(byte)) }
            } else {
                for position in token.range { hasher.add(UInt64(bytes[position])) }
            }
        case .list:
            var child = position + 1
            for _ in 0..<token.count {
                hasher.add(hash(index, child, in: bytes, steps: &steps))
                child = Int(index.tokens[child].next)
            }
        case .map:
            var sum: UInt64 = 0
            var child = position + 1
            for _ in 0..<token.count {
                var member = FNV(hash(index, child, in: bytes, steps: &steps))
                member.add(hash(index, child + 1, in: bytes, steps: &steps))
                sum &+= member.value
                child = Int(index.tokens[child + 1].next)
            }
            hasher.add(sum)
        }
        return hasher.value
    }

    private struct FNV {
        private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

        init(_ first: UInt64) { add(first) }

        mutating func add(_ word: UInt64) {
            value = (value ^ word) &* 0x100_0000_01b3
            value ^= value >> 29
        }
    }
}
