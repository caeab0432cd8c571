// SPDX-License-Identifier: Apache-2.0

import CESR
import Testing

/// Rules of values that no vector covers.
@Suite struct ValueRuleTests {
    @Test func offsetsHaveASign() throws {
        #expect(try DateTime(text: "2024-01-01T00:00:00.000000-01:00").text.hasSuffix("-01:00"))
        for sign in ["*", "Z", "p", "0"] {
            #expect(throws: CESRError(.invalidDateTime, offset: 26)) {
                try DateTime(text: "2024-01-01T00:00:00.000000\(sign)01:00")
            }
        }
    }

    @Test func valuesOfVariableSizeEndSomewhere() throws {
        #expect(throws: CESRError(.outOfRange)) {
            try Primitive(code: .bytes, raw: [UInt8](repeating: 0, count: 3 << 24))
        }
    }

    /// The shorter one is followed by zeros where the longer one says zero.
    @Test func zerosAtTheEndCount() throws {
        let short = try Primitive(code: .bytes, raw: [1, 2, 3])
        let long = try Primitive(code: .bytes, raw: [1, 2, 3, 0, 0, 0])
        #expect(short.code == long.code)
        #expect(short != long)
    }

    @Test func clausesHaveWeights() throws {
        #expect(throws: Never.self) { try Limen(clauses: [["1/2", "1/2"], ["1"]]) }
        for clauses in [[], [[]], [["1"], []]] as [[[String]]] {
            #expect(throws: CESRError(.invalidThreshold)) { try Limen(clauses: clauses) }
        }
    }

    @Test func codesOfGroupsBeginWithAHyphen() {
        #expect(CountCode("-A") != nil)
        for text in ["", "-", "A", "AA", "_A", "-AA", "-A------------"] { #expect(CountCode(text) == nil) }
    }
}
