// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The part of an incremental stream that is still needed.
struct StreamBuffer: Sendable {
    private var storage: [UInt8] = []
    /// How many bytes at the start of `storage` are no longer needed.
    private var released = 0
    /// Offset in the stream of the first byte that is held.
    private(set) var start = 0
    /// Whether the stream has ended.
    var isFinal = false

    /// How many bytes are held.
    var count: Int { storage.count - released }

    /// The bytes that are held.
    var bytes: Span<UInt8> {
        @_lifetime(borrow self) get { storage.span.extracting(droppingFirst: released) }
    }

    mutating func append(_ chunk: Span<UInt8>) {
        // Moving the rest to the front costs as much as what is dropped, so each byte is moved at most once.
        if released > 4096, released > storage.count / 2 {
            storage.removeFirst(released)
            released = 0
        }
        unsafe chunk.withUnsafeBufferPointer { unsafe storage.append(contentsOf: $0) }
    }

    /// Lets go of everything before `offset` of the stream.
    mutating func release(before offset: Int) {
        guard offset > start else { return }
        let count = min(offset - start, count)
        released += count
        start += count
    }

    /// A copy of `range` of the stream, or nil when not all of it is held.
    func copy(_ range: Range<Int>) -> [UInt8]? {
        // What was released stays readable until the next chunk comes.
        let first = start - released
        guard range.lowerBound >= first, range.upperBound <= start + count else { return nil }
        return Array(storage[(range.lowerBound - first)..<(range.upperBound - first)])
    }
}
