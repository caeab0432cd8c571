// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

extension Primitive {
    /// A sequence number or first-seen ordinal as attachments carry it: `0A` and 16 bytes, big endian. Also called
    /// Seqner in KERIpy.
    public init(ordinal: UInt128) {
        var storage = RawBytes(zeroes: 16)
        var target = storage.mutableSpan
        for index in 0..<16 {
            target[index] = UInt8(truncatingIfNeeded: ordinal >> (8 * UInt128(15 - index)))
        }
        self.init(code: .salt128, tag: "", storage: storage)
    }

    /// The sequence number or first-seen ordinal of an `0A` primitive, nil for every other code.
    public var ordinal: UInt128? {
        guard code == .salt128 else { return nil }
        var value: UInt128 = 0
        let bytes = span
        for index in bytes.indices { value = value << 8 | UInt128(bytes[index]) }
        return value
    }
}
