// SPDX-License-Identifier: Apache-2.0

/// Hashes of ranges of leaves.
enum SubtreeHash {
    /// The largest power of two below `count`, which is 2 or more.
    static func split(_ count: UInt64) -> UInt64 { 1 << UInt64(63 - (count - 1).leadingZeroBitCount) }

    /// The hash of a range that is a subtree: complete, or at the right edge. Its parts are read, not its leaves.
    static func of(_ range: Range<UInt64>, from store: some TreeReader) throws -> TreeHash {
        let count = range.upperBound - range.lowerBound
        if count.nonzeroBitCount == 1 {
            let level = count.trailingZeroBitCount
            let node = TreeNode(checkedLevel: level, index: range.lowerBound >> UInt64(level))
            guard let hash = try store.hash(of: node) else { throw TreeError.missing(node) }
            return hash
        }
        let middle = range.lowerBound + split(count)
        let left = try of(range.lowerBound..<middle, from: store)
        return .node(left, try of(middle..<range.upperBound, from: store))
    }
}
