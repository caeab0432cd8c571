// SPDX-License-Identifier: Apache-2.0

/// Lists of byte strings in one column: each with its length in four bytes before it, big end first.
enum PackedList {
    static func pack(_ items: some Sequence<[UInt8]>) -> [UInt8] {
        var bytes: [UInt8] = []
        for item in items {
            let count = UInt32(item.count)
            bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
            bytes += item
        }
        return bytes
    }

    /// The items of a list; nil when the bytes are none, or their count is no multiple of `width`.
    static func unpack(_ bytes: [UInt8], width: Int = 1) -> [[UInt8]]? {
        var items: [[UInt8]] = []
        var position = 0
        while position < bytes.count {
            guard bytes.count - position >= 4 else { return nil }
            let count = bytes[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
            position += 4
            guard bytes.count - position >= count else { return nil }
            items.append(Array(bytes[position..<(position + count)]))
            position += count
        }
        return items.count % width == 0 ? items : nil
    }
}
