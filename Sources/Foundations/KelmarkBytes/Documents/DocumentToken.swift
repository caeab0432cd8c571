// SPDX-License-Identifier: Apache-2.0

/// One value of a scanned document: what it is and where its bytes are.
///
/// Tokens stand in document order. Behind the token of a map follow its members, each a label token (always text)
/// and then the tokens of its value; behind the token of a list follow its elements.
public struct DocumentToken: Hashable, Sendable {
    /// What a value is.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case map, list, text, integer, float, boolean, null, bytes
    }

    /// First byte of the value: behind the opening quote or the head for text and bytes, else the first byte of all.
    public internal(set) var start: UInt32
    /// Behind the last byte of the value: at the closing quote for JSON text.
    public internal(set) var end: UInt32
    /// Members of a map or elements of a list; 0 for all else.
    public internal(set) var count: UInt32
    /// Index of the token behind this value and everything in it.
    public internal(set) var next: UInt32
    /// What the value is.
    public internal(set) var kind: Kind
    /// Whether JSON text has escapes, so that its bytes are not the text itself.
    public internal(set) var hasEscapes: Bool

    init(kind: Kind, start: Int, end: Int, next: Int, hasEscapes: Bool = false) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
        self.count = 0
        self.next = UInt32(truncatingIfNeeded: next)
        self.kind = kind
        self.hasEscapes = hasEscapes
    }

    /// `start..<end`.
    @inlinable public var range: Range<Int> { Int(start)..<max(Int(start), Int(end)) }
    /// How many bytes `range` has.
    @inlinable public var byteCount: Int { Int(end) &- Int(start) }
}
