// SPDX-License-Identifier: Apache-2.0

import KelmarkConcurrency
import Testing

struct ExplanationLimitTests {
    @Test func `each second has so many explanations, and the next one says how many were left out`() {
        let limit = ExplanationLimit(most: 2)
        #expect((0..<5).map { _ in limit.take(at: 7) } == [0, 0, nil, nil, nil])
        #expect((0..<3).map { _ in limit.take(at: 8) } == [3, 0, nil])
        // Also when the clock goes back.
        #expect(limit.take(at: 7) == 1)
    }

    @Test func `who asks all the time takes nothing from others`() {
        let limit = ExplanationLimit(most: 2)
        #expect((0..<3).map { _ in limit.take(at: 7, for: 1000) } == [0, 0, nil])
        #expect((0..<3).map { _ in limit.take(at: 7, for: 1001) } == [1, 0, nil])
        #expect(limit.take(at: 7) == 1)
    }

    @Test func `a second tells of so many callers`() {
        let limit = ExplanationLimit()
        for caller in 0..<UInt32(ExplanationLimit.mostCallers) { #expect(limit.take(at: 7, for: caller) == 0) }
        #expect(limit.take(at: 7, for: 1_000_000) == nil)
        // Who has been told of may be told of again.
        #expect(limit.take(at: 7, for: 0) == 1)
        #expect(limit.take(at: 8, for: 1_000_000) == 0)
    }
}
