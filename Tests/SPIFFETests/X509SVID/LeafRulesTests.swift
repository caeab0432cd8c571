// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SPIFFE

struct LeafRulesTests {
    /// What go-spiffe accepts of the refused cases, but for the ID without a path.
    static let tolerated: Set<String> = [
        "bad-eku-client-only", "bad-eku-code-signing-only", "bad-key-encipherment-only", "bad-key-usage-not-critical",
        "bad-no-key-usage",
    ]

    @Test(arguments: X509Case.all)
    func peersAreJudgedMoreMildlyOnlyWhereSaid(_ vector: X509Case) throws {
        let outcome = try vector.outcome(leafRules: .peerCompatible)
        let accepts = vector.expect == "accept" || Self.tolerated.contains(vector.name)
        #expect((outcome.svid != nil) == accepts, "\(outcome.faults)")
    }
}
