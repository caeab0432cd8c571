// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// What proves alone that a controller said two things, and what does not (facts 7.5, 7.9).
struct ControllerEvidenceTests {
    typealias Scene = EvidenceScene

    @Test func twoInteractionsProveIt() throws {
        var author = try Author("a", keys: 2, threshold: .count(2), witnesses: TestKey.witnesses("w", 3), toad: 2)
        try author.rotate()
        var fork = author
        let one = try author.interact()
        let other = try fork.interact(["other"])
        let bytes = try Scene.bytes(log: Array(author.events.prefix(2)), [one], [other])
        let verified = try VerifiedDuplicity(reading: bytes)
        #expect(verified.statement.accusedAID == author.aid)
        #expect(verified.statement.sn.value == 2)
        #expect(Set([verified.statement.first, verified.statement.second]) == [one.event.said, other.event.said])
        #expect(verified.statement.seenAt == Scene.seenAt)
        #expect(verified.bytes == bytes)
        #expect(verified.accusesController(of: author.aid))
        // Which of the two is named first does not matter.
        #expect(
            try VerifiedDuplicity(reading: Scene.bytes(log: Array(author.events.prefix(2)), [other], [one])) == verified
        )
    }

    /// The controller's signatures are enough: that no event reached its threshold of receipts excuses nobody.
    @Test func unreceiptedEventsProveIt() throws {
        var author = try Author("a", witnesses: TestKey.witnesses("w", 3), toad: 2)
        var fork = author
        let one = try author.rotate()
        let other = try fork.rotate(branch: "other")
        var bare = [one, other]
        for place in bare.indices { bare[place].attachments.witnessSignatures = [] }
        #expect(Scene.fault(try Scene.bytes(log: [author.events[0]], [bare[0]], [bare[1]])) == nil)
    }

    @Test func twoRotationsProveIt() throws {
        var author = try Author("a")
        var fork = author
        let before = author.events
        #expect(Scene.fault(try Scene.bytes(log: before, [author.rotate()], [fork.rotate(branch: "other")])) == nil)
    }

    /// A rotation that would recover, had the other branch not rotated itself with the same pre-rotated keys.
    @Test func rotationsAtDifferentPlacesProveIt() throws {
        var author = try Author("a")
        var fork = author
        let before = author.events
        let branch = try [author.interact(), author.interact(), author.rotate()]
        let other = try fork.rotate(branch: "other")
        #expect(Scene.fault(try Scene.bytes(log: before, branch, [other])) == nil)
        #expect(Scene.fault(try Scene.bytes(log: before, Array(branch.prefix(2)), [other])) == .recovery)
        // Nothing that is not needed.
        let more = try author.interact()
        #expect(Scene.fault(try Scene.bytes(log: before, branch + [more], [other])) == .foreignMessage)
    }

    @Test func secondInceptionsProveIt() throws {
        let first = try Author("a", isBasic: true)
        let second = try Author("a", next: 2, isBasic: true)
        #expect(Scene.fault(try Scene.bytes(log: [], [first.latest], [second.latest])) == nil)
        #expect(Scene.fault(try Scene.bytes(log: [], [first.latest], [second.latest.bare])) == .unsigned)
    }

    @Test func delegatedInteractionsProveItWithTheDelegatorsLog() throws {
        var delegator = try Author("boss")
        var delegate = try Author("a", delegator: delegator.aid)
        try delegator.seal(delegate.latest)
        _ = delegate.pointLatest(at: delegator.latest)
        var fork = delegate
        let (one, other) = (try delegate.interact(), try fork.interact(["other"]))
        #expect(Scene.fault(try Scene.bytes(log: delegator.events + [delegate.events[0]], [one], [other])) == nil)
        #expect(Scene.fault(try Scene.bytes(log: [delegate.events[0]], [one], [other])) == .incompleteLog)
    }

    // MARK: No evidence

    @Test func recoveriesProveNothing() throws {
        var author = try Author("a")
        var recovered = author
        let before = author.events
        #expect(Scene.fault(try Scene.bytes(log: before, [author.interact()], [recovered.rotate()])) == .recovery)
    }

    @Test func delegatedRotationsProveNothing() throws {
        var delegator = try Author("boss")
        var delegate = try Author("a", delegator: delegator.aid)
        try delegator.seal(delegate.latest)
        _ = delegate.pointLatest(at: delegator.latest)
        var fork = delegate
        let log = delegator.events + delegate.events
        let (one, other) = (try delegate.rotate(branch: "one"), try fork.rotate(branch: "other"))
        #expect(Scene.fault(try Scene.bytes(log: log, [one], [other])) == .delegatorDecides)
    }

    /// Behind a recovery that keeps its keys every place is used anew, and the same keys sign there again.
    @Test func eventsOfDifferentHistoriesProveNothing() throws {
        var author = try Author("a")
        var other = author
        try author.interact()
        try other.interact(["other"])
        let (one, two) = (try author.interact(), try other.interact(["more"]))
        #expect(Scene.fault(try Scene.bytes(log: Array(author.events.prefix(2)), [one], [two])) == .notOnePlace)
    }

    @Test(arguments: [[Int](), [0], [1]])
    func tooFewSignaturesProveNothing(_ places: [Int]) throws {
        var author = try Author("a", keys: 2, threshold: .count(2))
        var fork = author
        let before = author.events
        let keys = fork.keys
        let one = try author.interact()
        let other = try fork.interact(["other"]).bare.signed(by: keys, at: places)
        #expect(Scene.fault(try Scene.bytes(log: before, [one], [other])) == .unsigned)
        #expect(Scene.fault(try Scene.bytes(log: before, [other], [one])) == .unsigned)
    }

    @Test func rotationsByStrangersProveNothing() throws {
        var author = try Author("a")
        let before = author
        let thief = try TestKey.keys("thief", 1)
        let forged = Signed(
            try EventBuilder.rotation(
                of: before.state,
                Establishment(
                    signingThreshold: .count(1), keys: thief.verificationKeys, nextThreshold: .count(0),
                    nextDigests: [])))
        #expect(
            Scene.fault(try Scene.bytes(log: before.events, [author.rotate()], [forged.signed(by: thief)])) == .unsigned
        )
    }

    @Test func eventsThatNobodyWouldAcceptProveNothing() throws {
        var author = try Author("a", traits: ["EO"])
        let before = author.events
        let (one, other) = try (
            Signed.interaction(after: author.latest).signed(by: author.keys),
            Signed.interaction(after: author.latest, anchors: ["other"]).signed(by: author.keys)
        )
        #expect(Scene.fault(try Scene.bytes(log: before, [one], [other])) == .refusedEvent)
        try author.rotate()
    }

    @Test func theLogMustReachThePlace() throws {
        var author = try Author("a", witnesses: TestKey.witnesses("w", 2), toad: 2)
        let inception = author.latest
        let middle = try author.interact()
        var fork = author
        let (one, other) = (try author.interact(), try fork.interact(["other"]))
        #expect(Scene.fault(try Scene.bytes(log: [inception, middle], [one], [other])) == nil)
        #expect(Scene.fault(try Scene.bytes(log: [inception], [one], [other])) == .incompleteLog)
        #expect(Scene.fault(try Scene.bytes(log: [], [one], [other])) == .incompleteLog)
        #expect(Scene.fault(try Scene.bytes(log: [middle, inception], [one], [other])) == .incompleteLog)
        #expect(Scene.fault(try Scene.bytes(log: [inception, middle, middle], [one], [other])) == .incompleteLog)
        #expect(Scene.fault(try Scene.bytes(log: [inception, middle.bare], [one], [other])) == .incompleteLog)
    }

    @Test func nothingElseMayBeInIt() throws {
        var author = try Author("a")
        var fork = author
        let log = author.events
        let (one, other) = (try author.interact(), try fork.interact(["other"]))
        let stranger = try Author("stranger").latest
        #expect(Scene.fault(try Scene.bytes(log: log + [stranger], [one], [other])) == .foreignMessage)
        let good = try Scene.bytes(log: log, [one], [other])
        #expect(Scene.fault(good) == nil)
        #expect(Scene.fault(try good + stranger.bytes) == .foreignMessage)
        #expect(Scene.fault(try good + one.bytes) == .foreignMessage)
        #expect(Scene.fault(try good + Routed.receipt(of: one)) == .foreignMessage)
        #expect(Scene.fault(good + Array("junk".utf8)) == .unreadable)
    }

    /// What is needed must stand where it is needed: the logs before the branches, the branches unbroken.
    @Test func theOrderIsFixed() throws {
        var delegator = try Author("boss")
        var delegate = try Author("a", delegator: delegator.aid)
        try delegator.seal(delegate.latest)
        _ = delegate.pointLatest(at: delegator.latest)
        var fork = delegate
        let log = delegator.events + delegate.events
        let (one, other) = (try delegate.interact(), try fork.interact(["other"]))
        let late = try delegator.interact()
        #expect(Scene.fault(try Scene.bytes(log: log, [one], [other]) + late.bytes) == .foreignMessage)
        var author = try Author("b")
        var second = author
        var third = author
        let before = author.events
        let branch = try [author.interact(), author.rotate()]
        try third.interact(["third"])
        let broken = try [branch[0], third.rotate()]
        let rotation = try second.rotate(branch: "other")
        #expect(Scene.fault(try Scene.bytes(log: before, branch, [rotation])) == nil)
        #expect(Scene.fault(try Scene.bytes(log: before, broken, [rotation])) == .foreignMessage)
    }

    @Test func theStatementMustFit() throws {
        var author = try Author("a")
        var fork = author
        let log = author.events
        let (one, other) = (try author.interact(), try fork.interact(["other"]))
        #expect(Scene.fault([]) == .notEvidence)
        #expect(Scene.fault(try one.bytes) == .notEvidence)
        #expect(Scene.fault(try Scene.bytes(log: log, [one], [other], at: .zero)) == .notEvidence)
        #expect(Scene.fault(try Scene.bytes(log: log, [one], [one])) == .notEvidence)
        let good = try Scene.bytes(log: log, [one], [other])
        var reader = StreamReader()
        guard case .message(let head) = reader.next(in: good.span) else { return }
        let tail = Array(good[head.range.upperBound...])
        #expect(Scene.fault(Array(good[..<head.range.upperBound])) == .notEvidence)
        #expect(Scene.fault(tail) == .notEvidence)
        let bodies: [(String, OrderedMap)] = [
            ("/duplicity/witness", ["i": .text(author.aid.text), "s": "1", "d": [.text(one.event.said.text)]]),
            ("/duplicity/somebody", ["i": .text(author.aid.text), "s": "1", "d": []]),
            ("/duplicity/controller", ["i": "x", "s": "1", "d": []]),
            (
                "/duplicity/controller",
                [
                    "s": "1", "i": .text(author.aid.text),
                    "d": .identifiers([
                        min(one.event.said, other.event.said), max(one.event.said, other.event.said),
                    ]),
                ]
            ),
            (
                "/duplicity/controller",
                [
                    "i": .text(author.aid.text), "s": "1",
                    "d": .identifiers([
                        max(one.event.said, other.event.said), min(one.event.said, other.event.said),
                    ]),
                ]
            ),
        ]
        for (route, payload) in bodies {
            let statement = try MessageBuilder.body(
                .bare,
                [("d", ""), ("dt", .text(Scene.seenAt.description)), ("r", .text(route)), ("a", .map(payload))],
                digests: ["d"])
            #expect(Scene.fault(statement + tail) == .notEvidence, "\(route)")
        }
        // Nobody signs a statement; what hangs on it is no part of it.
        var signed = Attachments()
        signed.controllerSignatures = one.attachments.controllerSignatures
        let attached = try signed.following(Array(good[head.bodyRange]))
        #expect(Scene.fault(attached + tail) == .notEvidence)
    }

    @Test func sizesAreBounded() {
        #expect(Scene.fault([UInt8](repeating: 0x7B, count: DuplicityEvidence.largest + 1)) == .tooLarge)
    }

    @Test func kindsDecideWhatForksAmountTo() {
        #expect(ForkRule.finding([.interaction], [.interaction, .rotation]) == .contradiction(first: 1, second: 1))
        #expect(ForkRule.finding([.rotation], [.rotation]) == .contradiction(first: 1, second: 1))
        #expect(ForkRule.finding([.interaction, .rotation], [.rotation]) == .contradiction(first: 2, second: 1))
        #expect(ForkRule.finding([.rotation], [.interaction, .interaction]) == .recovery)
        #expect(ForkRule.finding([], [.interaction]) == .recovery)
        #expect(ForkRule.finding([.delegatedRotation], [.delegatedRotation]) == .delegatorDecides)
        #expect(ForkRule.finding([.delegatedRotation], [.interaction]) == .recovery)
        #expect(ForkRule.finding([.interaction], [.interaction]) == .contradiction(first: 1, second: 1))
    }
}
