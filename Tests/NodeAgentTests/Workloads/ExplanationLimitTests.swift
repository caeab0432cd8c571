// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import NodeAgent

struct ExplanationLimitTests {
    @Test func `each second has so many explanations, and the next one says how many were left out`() {
        let limit = ExplanationLimit(most: 2)
        #expect((0..<5).map { _ in limit.take(at: Sample.now) } == [0, 0, nil, nil, nil])
        let next = Sample.now.advanced(by: 1)
        #expect((0..<3).map { _ in limit.take(at: next) } == [3, 0, nil])
        // Also when the clock goes back.
        #expect(limit.take(at: Sample.now) == 1)
    }
}
