// SPDX-License-Identifier: Apache-2.0

/// The one way to walk through bytes that somebody sent: forward, bounded, without copies.
///
/// A cursor borrows a `Span<UInt8>` and remembers how far it has read. Reading past the end throws
/// ``CursorError``; nothing else can go wrong. `offset` counts from the start of the outermost input, also in a
/// child made by ``sub(_:)``, so that an error names the place in the bytes that were sent.
public struct ByteCursor: ~Copyable, ~Escapable {
    /// The bytes that this cursor may read.
    public let bytes: Span<UInt8>
    /// Index in `bytes` of the next byte.
    @usableFromInline var position: Int
    /// Offset of `bytes[0]` in the outermost input.
    @usableFromInline let base: Int

    /// Starts at the first byte of `bytes`; `base` is the offset of that byte in the outermost input.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, base: Int = 0) {
        self.bytes = bytes
        self.position = 0
        self.base = base
    }

    /// Offset of the next byte in the outermost input.
    @inlinable public var offset: Int { base + position }
    /// How many bytes are left.
    @inlinable public var remaining: Int { bytes.count - position }
    /// Whether nothing is left.
    @inlinable public var isAtEnd: Bool { position == bytes.count }
    /// The next byte without taking it, or nil at the end.
    @inlinable public var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// The byte `ahead` places from here without taking it, or nil past the end.
    @inlinable
    public func peek(_ ahead: Int) -> UInt8? {
        guard ahead >= 0, ahead < remaining else { return nil }
        return bytes[position + ahead]
    }

    /// Takes one byte.
    /// - Throws: ``CursorError`` at the end.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func u8() throws(CursorError) -> UInt8 {
        guard position < bytes.count else { throw CursorError(offset: offset, needed: 1, available: 0) }
        defer { position += 1 }
        return bytes[position]
    }

    /// Takes `count` bytes as a view of the input.
    /// - Throws: ``CursorError`` when fewer are left; nothing is taken then.
    @inlinable
    @_lifetime(copy self)
    public mutating func take(_ count: Int) throws(CursorError) -> Span<UInt8> {
        guard count >= 0, count <= remaining else {
            throw CursorError(offset: offset, needed: count, available: remaining)
        }
        defer { position += count }
        return bytes.extracting(position..<(position + count))
    }

    /// Skips `count` bytes.
    /// - Throws: ``CursorError`` when fewer are left; nothing is skipped then.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func skip(_ count: Int) throws(CursorError) {
        guard count >= 0, count <= remaining else {
            throw CursorError(offset: offset, needed: count, available: remaining)
        }
        position += count
    }

    /// Takes the next `count` bytes as a cursor of their own, which can't read past them.
    /// - Throws: ``CursorError`` when fewer are left; nothing is taken then.
    @inlinable
    @_lifetime(copy self)
    public mutating func sub(_ count: Int) throws(CursorError) -> ByteCursor {
        let start = offset
        return ByteCursor(try take(count), base: start)
    }
}

/// The input ended before what was asked for.
public struct CursorError: Error, Hashable, Sendable {
    /// Where the missing bytes should have been, from the start of the outermost input.
    public let offset: Int
    /// How many bytes were asked for.
    public let needed: Int
    /// How many were left.
    public let available: Int

    /// Creates the error; the parser that ran out of bytes does this.
    @inlinable
    public init(offset: Int, needed: Int, available: Int) {
        self.offset = offset
        self.needed = needed
        self.available = available
    }
}
