// SPDX-License-Identifier: Apache-2.0

/// Many measured numbers, told as how many lay at or below each of a few bounds.
package struct Distribution: Hashable, Sendable {
    /// The bounds, growing.
    package let bounds: [Double]
    /// How many lay in each bucket and in none before it; the last one holds what is above every bound.
    package let counts: [UInt64]
    /// All numbers added up.
    package let sum: Double

    /// Joins the parts. Counts beyond one more than the bounds are not told.
    package init(bounds: [Double], counts: [UInt64], sum: Double) {
        self.bounds = bounds
        self.counts = Array(counts.prefix(bounds.count + 1))
        self.sum = sum
    }
}
