// SPDX-License-Identifier: Apache-2.0

import Testing

/// Random numbers that follow from a seed, which the name of the test shows.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// A seed as argument of a test.
struct Seed: CustomTestStringConvertible, Sendable {
    let value: UInt64

    var testDescription: String { "seed \(value)" }
    var generator: SeededGenerator { SeededGenerator(seed: value) }

    /// The same in every run, one that once found a fault, and a few fresh ones.
    static let some =
        ((1...12) + [13_422_054_799_871_478_446]).map { Seed(value: $0) }
        + (0..<3).map { _ in Seed(value: .random(in: 1_000...(.max))) }
}
