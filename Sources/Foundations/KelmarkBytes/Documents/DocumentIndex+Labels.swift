// SPDX-License-Identifier: Apache-2.0

extension DocumentIndex {
    /// Maps up to this size are checked pair by pair behind a bit filter, larger ones by sorting.
    private static var pairwiseLabels: Int { 24 }

    /// Refuses a map whose raw labels repeat. The tokens of the map are complete but for `end` and `next`.
    @inline(__always)
    mutating func refuseEqualLabels(ofMapAt map: Int, count: Int, in bytes: Span<UInt8>) throws(DocumentError) {
        if count < 2 { return }
        if count > Self.pairwiseLabels {
            try refuseEqualLabelsBySorting(ofMapAt: map, count: count, in: bytes)
            return
        }
        var seen: UInt64 = 0
        var index = map &+ 1
        for _ in 0..<count {
            let label = tokens[index]
            let mark = Self.mark(of: label, in: bytes)
            if seen & mark != 0 {
                try refuse(label, at: index, ifAlreadyInMapAt: map, in: bytes)
            }
            seen |= mark
            index = Int(tokens[index &+ 1].next)
        }
    }

    /// One bit that depends on the length, the first and the last byte of a label.
    @inline(__always)
    private static func mark(of label: DocumentToken, in bytes: Span<UInt8>) -> UInt64 {
        let length = label.byteCount
        if length == 0 { return 1 }
        let first = UInt64(bytes[Int(label.start)])
        let last = UInt64(bytes[Int(label.end) &- 1])
        return 1 &<< ((first &+ last &* 9 &+ UInt64(truncatingIfNeeded: length) &* 21) & 63)
    }

    @inline(never)
    private func refuse(
        _ label: DocumentToken, at own: Int, ifAlreadyInMapAt map: Int, in bytes: Span<UInt8>
    ) throws(DocumentError) {
        var index = map + 1
        while index < own {
            let earlier = tokens[index]
            if earlier.byteCount == label.byteCount, Self.compare(earlier, label, in: bytes) == 0 {
                throw DocumentError(.duplicateLabel, at: Int(label.start))
            }
            index = Int(tokens[index + 1].next)
        }
    }

    /// Sorting bounds the work for any input: n log n comparisons, each no longer than the shorter label.
    @inline(never)
    private mutating func refuseEqualLabelsBySorting(
        ofMapAt map: Int, count: Int, in bytes: Span<UInt8>
    ) throws(DocumentError) {
        labels.removeAll(keepingCapacity: true)
        var index = map + 1
        for _ in 0..<count {
            labels.append(UInt32(truncatingIfNeeded: index))
            index = Int(tokens[index + 1].next)
        }
        sortLabels(in: bytes)
        var duplicate: UInt32?
        for index in 1..<labels.count {
            let label = tokens[Int(labels[index])]
            if Self.compare(tokens[Int(labels[index - 1])], label, in: bytes) == 0 {
                duplicate = min(duplicate ?? label.start, label.start)
            }
        }
        if let duplicate { throw DocumentError(.duplicateLabel, at: Int(duplicate)) }
    }

    /// Merge sort from the bottom up: stable, so that of equal labels the later one stays behind.
    private mutating func sortLabels(in bytes: Span<UInt8>) {
        var source = labels
        var target = labels
        var width = 1
        while width < source.count {
            var start = 0
            while start < source.count {
                let middle = min(start + width, source.count)
                let end = min(middle + width, source.count)
                var left = start
                var right = middle
                for position in start..<end {
                    let takeLeft =
                        left < middle
                        && (right >= end
                            || Self.compare(tokens[Int(source[left])], tokens[Int(source[right])], in: bytes) <= 0)
                    target[position] = takeLeft ? source[left] : source[right]
                    if takeLeft { left += 1 } else { right += 1 }
                }
                start = end
            }
            swap(&source, &target)
            width *= 2
        }
        labels = source
    }

    /// Order of the raw bytes of two labels: negative, 0 or positive.
    private static func compare(_ one: DocumentToken, _ other: DocumentToken, in bytes: Span<UInt8>) -> Int {
        let common = min(one.byteCount, other.byteCount)
        for index in 0..<common {
            let difference = Int(bytes[Int(one.start) + index]) - Int(bytes[Int(other.start) + index])
            if difference != 0 { return difference }
        }
        return one.byteCount - other.byteCount
    }
}
