// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import StoreConformance
import Testing

@testable import ACDC

@Suite("Processing registry events and credentials")
struct CredentialProcessorTests {
    /// A registry, and a schema that the receiver knows.
    private func scene() throws -> (RegistryScene, RegistryState, CredentialSchema) {
        let scene = RegistryScene()
        let schema = try RegistryScene.schema()
        try scene.processor.learn(schema)
        return (scene, try scene.registry(), schema)
    }

    @Test func acceptedThenKnown() throws {
        let (scene, state, schema) = try scene()
        let credential = try scene.credential("a", by: state.issuer, in: state.registry, schema: schema.said)
        let issuance = try scene.issuance(of: credential, in: state)
        #expect(try scene.feedSealed(issuance) == .accepted)
        #expect(try scene.feed(credential, issuance: issuance.said) == .accepted)
        #expect(try scene.feed(credential) == .duplicate)
        #expect(try scene.isKept(credential))
        #expect(try !scene.processor.learn(schema))
    }

    // MARK: What is missing

    /// Whatever arrives first, everything is accepted in the end, and nothing waits any more.
    @Test func everyOrderLeadsToTheSame() throws {
        let source = RegistryScene()
        let schema = try RegistryScene.schema()
        let registry = try source.inception()
        let state = RegistryState(
            registry: registry.said, issuer: try source.issuer(), sn: .zero, event: registry.said,
            isBackerless: true, backers: [], backerThreshold: 0, anchor: SealSource(sn: .zero, said: registry.said))
        let far = try source.credential("far", by: state.issuer, in: state.registry, schema: schema.said)
        let near = try source.credential(
            "near", by: state.issuer, in: state.registry, schema: schema.said, far: [far])
        let (issuedFar, issuedNear) = (
            try source.issuance(of: far, in: state), try source.issuance(of: near, in: state)
        )
        let revoked = try RegistryEventBuilder.revocation(
            of: CredentialStatus(
                credential: near.said, registry: state.registry, kind: .issuance, sn: .zero, event: issuedNear.said,
                issuance: issuedNear.said, dated: RegistryScene.now, anchor: state.anchor,
                issuanceAnchor: state.anchor), in: state, dated: RegistryScene.now)
        let seals = [registry, issuedFar, issuedNear, revoked].map(\.seal)
        let events = [registry, issuedFar, issuedNear, revoked]
        var generator = SeededGenerator(seed: 20_261_121)
        for _ in 0..<60 {
            let receiver = RegistryScene()
            enum Message { case log, schema, event(Int), near, far }
            let messages = [Message.log, .schema, .event(0), .event(1), .event(2), .event(3), .near, .far]
                .shuffled(using: &generator)
            for message in messages {
                var arrivals: [CredentialArrival] = []
                switch message {
                case .log:
                    try receiver.issuer()
                    try receiver.seal(seals)
                    arrivals = [.keyEvents(state.issuer)]
                case .schema:
                    try receiver.processor.learn(schema)
                    arrivals = [.schema(schema.said)]
                case .event(let number):
                    if try receiver.feed(events[number]) == .accepted { arrivals = [events[number].arrival] }
                case .near: if try receiver.feed(near) == .accepted { arrivals = [.credential(near.said)] }
                case .far: if try receiver.feed(far) == .accepted { arrivals = [.credential(far.said)] }
                }
                let round = try receiver.processor.resume(after: arrivals, now: RegistryScene.now)
                #expect(round.remaining.isEmpty)
            }
            #expect(try receiver.reasons().isEmpty, "\(messages)")
            #expect(try receiver.isKept(near) && receiver.isKept(far), "\(messages)")
            let status = try receiver.status(near.said, in: state.registry)
            #expect(status?.isRevoked == true && status?.event == revoked.said, "\(messages)")
        }
    }

    @Test func everythingIsTriedAtAStart() throws {
        let source = RegistryScene()
        let schema = try RegistryScene.schema()
        let state = try source.registry()
        let far = try source.credential("far", by: state.issuer, in: state.registry, schema: schema.said)
        let near = try source.credential(
            "near", by: state.issuer, in: state.registry, schema: schema.said, far: [far])
        let inception = try source.inception()
        let receiver = RegistryScene()
        #expect(try receiver.feed(near) == .escrowed(.missingRegistry))
        #expect(try receiver.feed(far) == .escrowed(.missingRegistry))
        let events = [try source.issuance(of: near, in: state), try source.issuance(of: far, in: state)]
        for event in events { #expect(try receiver.feed(event) == .escrowed(.outOfOrder)) }
        #expect(try receiver.feed(inception) == .escrowed(.missingAnchor))
        try receiver.processor.learn(schema)
        try receiver.issuer()
        try receiver.seal([inception.seal] + events.map(\.seal))
        let resumed = try receiver.processor.resume(now: RegistryScene.now)
        #expect(resumed.filter { $0.outcome == .accepted }.count == 5)
        #expect(try receiver.reasons().isEmpty && receiver.isKept(near) && receiver.isKept(far))
    }

    @Test func aLimitLeavesTheRestForLater() throws {
        let (scene, state, _) = try scene()
        let events = try (0..<7).map { try scene.issuance("\($0)", in: state) }
        for event in events { #expect(try scene.feed(event) == .escrowed(.missingAnchor)) }
        try scene.seal(events.map(\.seal))
        var round = try scene.processor.resume(after: [.keyEvents(state.issuer)], now: RegistryScene.now, limit: 3)
        #expect(round.resumed.count == 3 && !round.remaining.isEmpty)
        round = try scene.processor.resume(round.remaining, now: RegistryScene.now, limit: 3)
        #expect(round.resumed.count == 3 && !round.remaining.isEmpty)
        round = try scene.processor.resume(round.remaining, now: RegistryScene.now, limit: 99)
        #expect(round.resumed.count == 1 && round.remaining.isEmpty)
        #expect(try scene.reasons().isEmpty)
    }

    // MARK: What strangers may not do

    /// A false seal takes nothing away: neither the copy that waits nor the next one.
    @Test func aFalseSealPoisonsNothing() throws {
        let (scene, state, schema) = try scene()
        let credential = try scene.credential("a", by: state.issuer, in: state.registry, schema: schema.said)
        let stray = RegistryScene.said("stray")
        #expect(try scene.feed(credential, issuance: stray) == .escrowed(.missingRegistry))
        let issuance = try scene.issuance(of: credential, in: state)
        #expect(try scene.feedSealed(issuance) == .accepted)
        #expect(try scene.feed(credential, issuance: stray) == .rejected(.issuanceMismatch))
        #expect(try scene.reasons() == [.missingRegistry])
        let round = try scene.processor.resume(after: [.status(credential.said)], now: RegistryScene.now)
        #expect(round.resumed.map(\.outcome) == [.accepted])

        let other = try scene.issuance("b", in: state)
        var attachments = Attachments()
        attachments.sealSourceCouples = [SealSourceCouple(sn: 1, said: stray.primitive)]
        #expect(
            try scene.processor.process(other, with: attachments, now: RegistryScene.now)
                == .escrowed(.missingAnchor))
        try scene.seal([other.seal])
        let woken = try scene.processor.resume(after: [.keyEvents(state.issuer)], now: RegistryScene.now)
        #expect(woken.resumed.map(\.outcome) == [.accepted])
    }

    /// A credential with a SAID for all its forms, whole and without its attributes.
    private func forms(_ state: RegistryState, _ schema: SAID) throws -> (whole: Credential, compact: Credential) {
        let draft = CredentialDraft(
            issuer: state.issuer, registry: state.registry, schema: schema, content: .attributes(["note": "x"]),
            dated: RegistryScene.now)
        let whole = try CredentialBuilder.credential(draft, addressing: .mostCompact)
        return (whole, try whole.disclosing([]).credential)
    }

    @Test func aFullerCopyTakesThePlaceOfALesserOne() throws {
        let (scene, state, schema) = try scene()
        let (whole, compact) = try forms(state, schema.said)
        #expect(compact.said == whole.said && compact.shownBlocks < whole.shownBlocks)
        func kept() throws -> [UInt8]? {
            try store(scene) { $0.credential(whole.said)?.bytes }
        }
        #expect(try scene.feedSealed(try scene.issuance(of: whole, in: state)) == .accepted)
        #expect(try scene.feed(compact) == .accepted)
        #expect(try kept() == compact.bytes)
        #expect(try scene.feed(whole) == .accepted)
        #expect(try kept() == whole.bytes)
        #expect(try scene.feed(compact) == .duplicate)
        #expect(try kept() == whole.bytes)
    }

    /// Copies that show different parts are put together: nobody takes away what another one showed.
    @Test func copiesAreJoined() throws {
        let (scene, state, schema) = try scene()
        let draft = CredentialDraft(
            issuer: state.issuer, registry: state.registry, schema: schema.said, content: .attributes(["note": "x"]),
            dated: RegistryScene.now, rules: ["terms": ["l": "be kind"]])
        let whole = try CredentialBuilder.credential(draft, addressing: .mostCompact)
        let attributes = try whole.disclosing([DisclosurePath(["a"])]).credential
        let rules = try whole.disclosing([DisclosurePath(["r"])]).credential
        #expect(try scene.feedSealed(try scene.issuance(of: whole, in: state)) == .accepted)
        #expect(try scene.feed(attributes) == .accepted)
        #expect(try scene.feed(rules) == .accepted)
        #expect(try store(scene) { $0.credential(whole.said)?.bytes } == whole.bytes)
        #expect(try scene.feed(rules) == .duplicate)
    }

    private func store<R: Sendable>(
        _ scene: RegistryScene, _ body: (MemoryCredentialTransaction) throws -> R
    ) throws -> R { try scene.store.read(credentials: { try body($0) }) }

    /// Whoever shows less of a credential must not take away what another one showed.
    @Test(arguments: [true, false]) func copiesWaitForThemselves(_ compactFirst: Bool) throws {
        let (scene, state, schema) = try scene()
        let (whole, compact) = try forms(state, schema.said)
        for copy in compactFirst ? [compact, whole] : [whole, compact] {
            #expect(try scene.feed(copy) == .escrowed(.missingRegistry))
        }
        #expect(try scene.escrows().count == 2)
        #expect(try scene.feedSealed(try scene.issuance(of: whole, in: state)) == .accepted)
        let round = try scene.processor.resume(after: [.status(whole.said)], now: RegistryScene.now)
        #expect(round.resumed.map(\.outcome) == [.accepted, compactFirst ? .accepted : .duplicate])
        #expect(try store(scene) { $0.credential(whole.said)?.bytes } == whole.bytes)
        #expect(try scene.escrows().isEmpty)
    }

    /// Whoever holds a credential can fold it in many ways; all wait for one schema, and only the fullest are kept.
    @Test func onlyTheFullestCopiesWait() throws {
        let (scene, state, _) = try scene()
        scene.limits = CredentialEscrowLimits(copiesPerCredential: 2)
        let missing = try RegistryScene.schema("missing")
        let whole = try CredentialBuilder.credential(
            CredentialDraft(
                issuer: state.issuer, registry: state.registry, schema: missing.said,
                content: .attributes(["note": "x"]), dated: RegistryScene.now, rules: ["terms": ["l": "be kind"]]),
            addressing: .mostCompact)
        func copy(_ paths: String...) throws -> Credential {
            try whole.disclosing(Set(paths.map { DisclosurePath([$0]) })).credential
        }
        #expect(try scene.feedSealed(try scene.issuance(of: whole, in: state)) == .accepted)
        #expect(try scene.feed(copy()) == .escrowed(.missingSchema))
        #expect(try scene.feed(copy("a")) == .escrowed(.missingSchema))
        #expect(try scene.feed(copy("r")) == .escrowed(.missingSchema))
        #expect(try scene.feed(copy()) == .rejected(.escrowFull))
        #expect(try scene.feed(whole) == .escrowed(.missingSchema))
        #expect(try scene.escrows().count == 2)
        // One that waits already is no other.
        #expect(try scene.feed(whole) == .escrowed(.missingSchema))
        _ = try scene.processor.learn(missing)
        _ = try scene.processor.resume(after: [.schema(missing.said)], now: RegistryScene.now)
        #expect(try store(scene) { $0.credential(whole.said)?.bytes } == whole.bytes)
        #expect(try scene.escrows().isEmpty)
    }

    @Test func strangersEvictOnlyStrangers() throws {
        let (scene, state, schema) = try scene()
        scene.limits = CredentialEscrowLimits(
            perIssuer: 2, total: 3, unverifiedPerIssuer: 2, unverifiedTotal: 3)
        // Vouched for: one waits for backers' signatures that never come, others for a schema.
        let missing = try RegistryScene.schema("missing")
        for note in ["1", "2", "3"] {
            let credential = try scene.credential(note, by: state.issuer, in: state.registry, schema: missing.said)
            #expect(try scene.feedSealed(try scene.issuance(of: credential, in: state)) == .accepted)
            #expect(
                try scene.feed(credential) == (note == "3" ? .rejected(.escrowFull) : .escrowed(.missingSchema)))
        }
        // Unknown: the oldest of the same issuer makes room, then the oldest of all.
        let stray = RegistryScene.said("stray registry")
        for note in ["a", "b", "c"] {
            let credential = try scene.credential(note, by: state.issuer, in: stray, schema: schema.said)
            #expect(try scene.feed(credential) == .escrowed(.missingRegistry))
        }
        #expect(try scene.reasons() == [.missingSchema, .missingSchema, .missingRegistry, .missingRegistry])
        for name in ["x", "y"] {
            let other = try scene.credential(name, by: scene.issuer(name), in: stray, schema: schema.said)
            #expect(try scene.feed(other) == .escrowed(.missingRegistry))
        }
        let counts = try scene.store.read(credentials: { transaction in
            [true, false].map { transaction.credentialEscrowCount(isVerified: $0, issuer: nil) }
        })
        #expect(counts == [2, 3])
    }

    @Test func whatIsInAllVouchedForIsBounded() throws {
        let (scene, state, _) = try scene()
        scene.limits = CredentialEscrowLimits(perIssuer: 9, total: 1)
        let missing = try RegistryScene.schema("missing")
        for (note, expected) in [("1", CredentialOutcome.escrowed(.missingSchema)), ("2", .rejected(.escrowFull))] {
            let credential = try scene.credential(note, by: state.issuer, in: state.registry, schema: missing.said)
            #expect(try scene.feedSealed(try scene.issuance(of: credential, in: state)) == .accepted)
            #expect(try scene.feed(credential) == expected)
        }
    }

    @Test func largeMessagesOfStrangersAreNotKept() throws {
        let (scene, state, schema) = try scene()
        scene.limits = CredentialEscrowLimits(unverifiedBytes: 600)
        let stray = RegistryScene.said("stray registry")
        let long = try scene.credential(
            String(repeating: "x", count: 600), by: state.issuer, in: stray, schema: schema.said)
        #expect(try scene.feed(long) == .rejected(.escrowFull))
        let short = try scene.credential("x", by: state.issuer, in: stray, schema: schema.said)
        #expect(try scene.feed(short) == .escrowed(.missingRegistry))
    }

    // MARK: Age

    @Test func strangersWordsAreForgottenFirst() throws {
        let (scene, state, schema) = try scene()
        let missing = try RegistryScene.schema("missing")
        let vouched = try scene.credential("1", by: state.issuer, in: state.registry, schema: missing.said)
        #expect(try scene.feedSealed(try scene.issuance(of: vouched, in: state)) == .accepted)
        #expect(try scene.feed(vouched) == .escrowed(.missingSchema))
        let stray = try scene.credential(
            "2", by: state.issuer, in: RegistryScene.said("stray"), schema: schema.said)
        #expect(try scene.feed(stray) == .escrowed(.missingRegistry))
        func expire(_ seconds: Int64) throws -> [CredentialEscrowReason] {
            try scene.processor.expire(now: RegistryScene.now.advanced(bySeconds: seconds)).map(\.key.reason)
        }
        #expect(try expire(3600).isEmpty)
        // A later copy does not make it younger.
        #expect(try scene.feed(stray, now: RegistryScene.now.advanced(bySeconds: 3599)) == .escrowed(.missingRegistry))
        #expect(try expire(3601) == [.missingRegistry])
        #expect(try expire(604_800).isEmpty)
        #expect(try expire(604_801) == [.missingSchema])
        #expect(try scene.reasons().isEmpty)
    }

    @Test func whatIsTooOldIsNotDecidedAgain() throws {
        let (scene, state, _) = try scene()
        let issuance = try scene.issuance("a", in: state)
        #expect(try scene.feed(issuance) == .escrowed(.missingAnchor))
        try scene.seal([issuance.seal])
        let late = RegistryScene.now.advanced(bySeconds: 3601)
        let round = try scene.processor.resume(after: [.keyEvents(state.issuer)], now: late)
        #expect(round.resumed.map(\.outcome) == [nil])
        #expect(try scene.status(issuance.subject, in: state.registry) == nil)
    }

    /// Being out of order is no shame when the issuer's log seals the event.
    @Test func aSealedRevocationIsMoreThanAStrangersWords() throws {
        let (scene, state, _) = try scene()
        let issuance = try scene.issuance("a", in: state)
        let status = CredentialStatus(
            credential: issuance.subject, registry: state.registry, kind: .issuance, sn: .zero,
            event: issuance.said, issuance: issuance.said, dated: RegistryScene.now, anchor: state.anchor,
            issuanceAnchor: state.anchor)
        let revocation = try RegistryEventBuilder.revocation(of: status, in: state, dated: RegistryScene.now)
        #expect(try scene.feed(revocation) == .escrowed(.outOfOrder))
        #expect(try scene.escrows().map(\.isVerified) == [false])
        try scene.seal([revocation.seal])
        let round = try scene.processor.resume(after: [.keyEvents(state.issuer)], now: RegistryScene.now)
        #expect(round.resumed.isEmpty)
        #expect(try scene.escrows().map(\.isVerified) == [true])
    }
}

/// The same numbers for the same seed.
private struct SeededGenerator: RandomNumberGenerator {
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
