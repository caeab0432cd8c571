// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The raw value of a primitive: up to 64 bytes in place, more on the heap. Keys, digests and signatures of all
/// algorithms in use fit in place, so that reading one allocates nothing.
@usableFromInline
struct RawBytes: Hashable, Sendable {
    /// The bytes when `count` is at most 64; unused ones are zero.
    private var inline: InlineArray<64, UInt8>
    /// How many bytes the value has.
    let count: Int
    /// The bytes when `count` is above 64, else empty.
    private var heap: [UInt8]

    /// `count` zero bytes.
    init(zeroes count: Int) {
        self.inline = InlineArray(repeating: 0)
        self.count = count
        self.heap = count > 64 ? [UInt8](repeating: 0, count: count) : []
    }

    /// A copy of `bytes`.
    init(_ bytes: Span<UInt8>) {
        self.init(zeroes: bytes.count)
        var target = mutableSpan
        for index in bytes.indices { target[index] = bytes[index] }
    }

    /// A view of the bytes.
    var span: Span<UInt8> {
        @_lifetime(borrow self) get {
            count > 64 ? heap.span : inline.span.extracting(first: count)
        }
    }

    /// A writable view of the bytes.
    var mutableSpan: MutableSpan<UInt8> {
        @_lifetime(&self) mutating get {
            if count > 64 { return heap.mutableSpan }
            return inline.mutableSpan._consumingExtracting(first: count)
        }
    }

    /// The bytes as an array.
    var array: [UInt8] {
        if count > 64 { return heap }
        return unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
    }

    @usableFromInline
    static func == (left: RawBytes, right: RawBytes) -> Bool {
        guard left.count == right.count else { return false }
        if left.count > 64 { return left.heap == right.heap }
        // Eight words instead of 64 bytes: keys and digests are compared several times with every event.
        return unsafe left.inline.span.withUnsafeBytes { left in
            unsafe right.inline.span.withUnsafeBytes { right in
                var difference: UInt64 = 0
                for word in 0..<8 {
                    unsafe difference |=
                        left.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
                        ^ right.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
                }
                return difference == 0
            }
        }
    }

    @usableFromInline
    func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        unsafe span.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}
