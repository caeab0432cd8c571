// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// What too few or wrong signatures come to.
struct SignatureRuleTests {
    @Test func strangersCantEvenWait() throws {
        let verifier = Verifier()
        var author = try Author("a", keys: 2, threshold: .count(2))
        let thief = try TestKey.keys("thief", 2)
        #expect(try verifier.offer(author.latest.signed(by: thief)) == .rejected(.noValidSignature))
        try verifier.offer(author.latest)
        var other = author
        #expect(try verifier.offer(author.interact().signed(by: thief)) == .rejected(.noValidSignature))
        #expect(try verifier.offer(other.rotate().signed(by: thief)) == .rejected(.noValidSignature))
        #expect(try verifier.escrows().isEmpty)
    }

    /// The old threshold of the next keys is met, the one that the rotation states is not: no proof of anything.
    @Test func evidenceNeedsTheStatedThresholdToo() throws {
        let verifier = Verifier()
        var author = try Author("a", next: 3, nextThreshold: .count(1))
        var fork = author
        try verifier.offer([author.latest, author.rotate(threshold: .count(2), next: 3)])
        let other = try fork.rotate(threshold: .count(2), next: 3, branch: "other")
        #expect(try verifier.offer(other.signed(by: fork.keys, at: [1])) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().isEmpty)
        #expect(try verifier.offer(other) == .escrowed(.likelyDuplicitous))
        #expect(try verifier.duplicities().count == 1)
    }

    /// Only what lacks nothing but our seal asks for our approval.
    @Test func delegatesSignBeforeTheyAsk() throws {
        let delegator = try Author("delegator")
        let verifier = Verifier(ProcessingPolicy(ownAIDs: [delegator.aid]))
        try verifier.offer(delegator.latest, origin: .local)
        let delegate = try Author("delegate", keys: 2, threshold: .count(2), delegator: delegator.aid)
        let half = try delegate.latest.signed(by: delegate.keys, at: [0])
        #expect(try verifier.offer(half) == .escrowed(.partialSignatures))
        #expect(try verifier.offer(delegate.latest) == .escrowed(.delegable))
    }

    @Test func anInceptionSealsNoDelegate() throws {
        let verifier = Verifier()
        let delegator = try Author("delegator")
        let delegate = try Author("delegate", delegator: delegator.aid)
        try verifier.offer(delegator.latest)
        #expect(try verifier.offer(delegate.latest.sealed(in: delegator.latest)) == .rejected(.sealNotFound))
    }
}
