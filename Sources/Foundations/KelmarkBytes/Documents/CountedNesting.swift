// SPDX-License-Identifier: Apache-2.0

/// Where a scan of a binary format stands: which container is open and how many items it still needs.
///
/// Nesting needs no stack: while a container is open, its token's `next` holds the token index of its parent and,
/// while a child is open, its `end` holds the number of items that are missing.
struct CountedNesting {
    private(set) var open = DocumentIndex.noContainer
    private(set) var isComplete = false
    private var openIsMap = false
    private var missing = 0
    private var depth = 0
    private var values = 0

    /// Whether the next item is the label of a member.
    @inline(__always) var expectsLabel: Bool { openIsMap && missing & 1 == 0 }

    /// Counts the item that starts at `position`.
    @inline(__always)
    mutating func begin(at position: Int, isLabel: Bool, limits: Limits) throws(DocumentError) {
        if isLabel { return }
        values &+= 1
        guard values <= limits.documentValues else { throw DocumentError(.tooManyValues, at: position) }
    }

    /// Opens a container of `count` members or elements whose head is at `start` and whose content is at `position`.
    @inline(__always)
    mutating func openContainer(
        _ kind: DocumentToken.Kind, count: Int, start: Int, position: Int, in index: inout DocumentIndex,
        bytes: Span<UInt8>, limits: Limits
    ) throws(DocumentError) {
        depth &+= 1
        guard depth <= min(limits.nestingDepth, DocumentIndex.deepestNesting) else {
            throw DocumentError(.nestingTooDeep, at: start)
        }
        // Every item needs a byte: a count beyond what is there can't come true.
        let available = bytes.count &- position
        let items = kind == .map ? count &* 2 : count
        guard count <= available, items <= available else { throw DocumentError(.truncated, at: bytes.count) }
        if open != DocumentIndex.noContainer { index.tokens[open].end = UInt32(truncatingIfNeeded: missing) }
        var token = DocumentToken(kind: kind, start: start, end: 0, next: open)
        token.count = UInt32(truncatingIfNeeded: count)
        open = index.tokens.count
        openIsMap = kind == .map
        missing = items
        index.tokens.append(token)
        if items == 0 { try closeContainer(at: position, in: &index, bytes: bytes) }
    }

    /// Notes that an item has ended before `position`, and with it every container that it completes.
    @inline(__always)
    mutating func end(at position: Int, in index: inout DocumentIndex, bytes: Span<UInt8>) throws(DocumentError) {
        while open != DocumentIndex.noContainer {
            missing &-= 1
            if missing > 0 { return }
            try closeContainer(at: position, in: &index, bytes: bytes)
        }
        isComplete = true
    }

    @inline(__always)
    private mutating func closeContainer(
        at position: Int, in index: inout DocumentIndex, bytes: Span<UInt8>
    ) throws(DocumentError) {
        if openIsMap {
            try index.refuseEqualLabels(ofMapAt: open, count: Int(index.tokens[open].count), in: bytes)
        }
        let parent = Int(index.tokens[open].next)
        index.tokens[open].end = UInt32(truncatingIfNeeded: position)
        index.tokens[open].next = UInt32(truncatingIfNeeded: index.tokens.count)
        depth &-= 1
        open = parent
        openIsMap = false
        missing = 0
        if parent != DocumentIndex.noContainer {
            openIsMap = index.tokens[parent].kind == .map
            missing = Int(index.tokens[parent].end)
        }
    }
}

/// Big-endian numbers in a document.
enum BigEndian {
    /// The number in the `count` (at most 8) bytes at `position`.
    @inline(__always)
    static func read(_ count: Int, from bytes: Span<UInt8>, at position: Int) throws(DocumentError) -> UInt64 {
        guard count <= bytes.count &- position else { throw DocumentError(.truncated, at: bytes.count) }
        var value: UInt64 = 0
        for index in position..<(position &+ count) { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    /// Appends the low `count` bytes of `value`.
    static func append(_ value: UInt64, bytes count: Int, to output: inout [UInt8]) {
        for index in (0..<count).reversed() { output.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }
}
