// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import Testing

@testable import ACDC

struct ExchangeThreadTests {
    let scene = ExchangeScene()

    func content(_ kind: CredentialExchangeKind) throws -> CredentialExchange.Content {
        let credential = try scene.credential(to: scene.holder)
        return switch kind {
        case .apply: .apply(schema: scene.schema, attributes: [:])
        case .offer: .offer(credential)
        case .agree: .agree
        case .grant: scene.grant(credential)
        case .admit: .admit
        case .spurn: .spurn
        }
    }

    /// An exchange after messages of these kinds, the first of which begins it.
    func thread(_ kinds: [CredentialExchangeKind]) throws -> ExchangeThread {
        let first = try message(kinds[0], nil)
        var thread = try ExchangeThread(
            opening: first, to: kinds[0] == .apply ? scene.issuer : scene.holder)
        for kind in kinds.dropFirst() { try advance(&thread, kind) }
        return thread
    }

    func message(_ kind: CredentialExchangeKind, _ thread: ExchangeThread?) throws -> CredentialExchange {
        guard let thread else {
            return kind == .apply
                ? try scene.message(content(kind), from: scene.holder, to: scene.issuer)
                : try scene.message(content(kind), from: scene.issuer, to: scene.holder)
        }
        let sender = thread.other(than: thread.latest.sender)
        return try scene.message(
            content(kind), from: sender, to: thread.latest.sender, answering: thread.latest.said)
    }

    func advance(_ thread: inout ExchangeThread, _ kind: CredentialExchangeKind) throws {
        let next = try message(kind, thread)
        #expect(try thread.take(next, to: thread.latest.sender))
    }

    @Test func walksAllLegalExchanges() throws {
        let whole = try thread([.apply, .offer, .agree, .grant, .admit])
        #expect(whole.isOver)
        #expect(whole.actor == nil)
        #expect(whole.discloser == scene.issuer)
        #expect(whole.disclosee == scene.holder)
        #expect(whole.subject.credential == (try scene.credential(to: scene.holder)).said)
        let unasked = try thread([.grant])
        #expect(unasked.actor == scene.holder)
        #expect(unasked.expected == [.admit, .spurn])
        #expect(unasked.discloser == scene.issuer)
        #expect(try thread([.offer, .agree, .grant, .spurn]).isOver)
        #expect(try thread([.apply]).actor == scene.issuer)
    }

    /// Every pair of a state and a message: what is not legal is refused and changes nothing.
    static let table: [([CredentialExchangeKind], CredentialExchangeKind)] = [
        [CredentialExchangeKind.apply], [.offer], [.apply, .offer], [.offer, .agree], [.grant],
        [.offer, .agree, .grant],
        [.grant, .admit], [.apply, .spurn],
    ].flatMap { state in CredentialExchangeKind.allCases.map { (state, $0) } }

    @Test(arguments: table)
    func refusesIllegalTransitions(_ row: ([CredentialExchangeKind], CredentialExchangeKind)) throws {
        var thread = try thread(row.0)
        let before = thread
        let next = try message(row.1, thread)
        let legal: [CredentialExchangeKind: [CredentialExchangeKind]] = [
            .apply: [.offer, .spurn], .offer: [.agree, .spurn], .agree: [.grant, .spurn], .grant: [.admit, .spurn],
        ]
        if legal[thread.latest.kind]?.contains(row.1) ?? false {
            #expect(try thread.take(next, to: thread.latest.sender))
            #expect(thread.steps.count == before.steps.count + 1)
        } else {
            #expect(throws: ExchangeRefusal.wrongPrior) { try thread.take(next, to: before.latest.sender) }
            #expect(thread == before)
        }
    }

    @Test(arguments: CredentialExchangeKind.allCases)
    func beginsOnlyWithThoseThatMay(_ kind: CredentialExchangeKind) throws {
        let (sender, recipient) = kind == .apply ? (scene.holder, scene.issuer) : (scene.issuer, scene.holder)
        let first = try scene.message(content(kind), from: sender, to: recipient)
        if [.apply, .offer, .grant].contains(kind) {
            #expect(try ExchangeThread(opening: first, to: recipient).id == first.said)
        } else {
            #expect(throws: ExchangeRefusal.cannotOpen) { try ExchangeThread(opening: first, to: recipient) }
        }
        let answer = try scene.message(
            content(kind), from: sender, to: recipient, answering: ExchangeScene.said("unknown"))
        #expect(throws: ExchangeRefusal.unknownPrior) { try ExchangeThread(opening: answer, to: recipient) }
    }

    @Test func takesAMessageOnce() throws {
        var thread = try thread([.grant])
        let admit = try message(.admit, thread)
        #expect(try thread.take(admit, to: scene.issuer))
        let after = thread
        #expect(try thread.take(admit, to: scene.issuer) == false)
        #expect(thread == after)
    }

    @Test func takesOneAnswerForEachMessage() throws {
        var thread = try thread([.offer])
        let agree = try message(.agree, thread)
        let spurn = try message(.spurn, thread)
        try thread.take(agree, to: scene.issuer)
        #expect(throws: ExchangeRefusal.answered) { try thread.take(spurn, to: scene.issuer) }
        let second = try scene.message(
            .agree, from: scene.holder, to: scene.issuer, answering: thread.id, note: "again")
        #expect(throws: ExchangeRefusal.answered) { try thread.take(second, to: scene.issuer) }
    }

    @Test func refusesAnswersToWhatIsNotKnown() throws {
        var thread = try thread([.grant])
        for prior in [ExchangeScene.said("unknown"), nil] {
            let admit = try scene.message(.admit, from: scene.holder, to: scene.issuer, answering: prior)
            #expect(throws: ExchangeRefusal.unknownPrior) { try thread.take(admit, to: scene.issuer) }
        }
    }

    @Test func refusesAnswersOfOthers() throws {
        var thread = try thread([.grant])
        for sender in [scene.stranger, scene.issuer] {
            let admit = try scene.message(
                .admit, from: sender, to: sender == scene.issuer ? scene.holder : scene.issuer, answering: thread.id)
            #expect(throws: ExchangeRefusal.wrongSender) { try thread.take(admit, to: scene.issuer) }
        }
    }

    @Test func refusesAnswersToOthers() throws {
        var thread = try thread([.grant])
        let elsewhere = try scene.message(
            .admit, from: scene.holder, to: scene.stranger, answering: thread.id)
        #expect(throws: ExchangeRefusal.wrongRecipient) { try thread.take(elsewhere, to: scene.issuer) }
        let admit = try scene.message(.admit, from: scene.holder, to: scene.issuer, answering: thread.id)
        #expect(throws: ExchangeRefusal.wrongRecipient) { try thread.take(admit, to: scene.stranger) }
    }

    @Test func refusesBeginningsForOthers() throws {
        let grant = try message(.grant, nil)
        #expect(throws: ExchangeRefusal.wrongRecipient) { try ExchangeThread(opening: grant, to: scene.stranger) }
        let own = try scene.message(content(.grant), from: scene.issuer, to: scene.issuer)
        #expect(throws: ExchangeRefusal.wrongRecipient) { try ExchangeThread(opening: own, to: scene.issuer) }
    }

    @Test func refusesAnotherSchemaOrCredential() throws {
        var asked = try thread([.apply])
        let offer = try scene.message(
            .offer(scene.credential(to: scene.holder, schema: ExchangeScene.said("other"))), from: scene.issuer,
            to: scene.holder, answering: asked.id)
        #expect(throws: ExchangeRefusal.wrongSchema) { try asked.take(offer, to: scene.holder) }
        var agreed = try thread([.offer, .agree])
        let grant = try scene.message(
            scene.grant(scene.credential(by: scene.stranger, to: scene.issuer)), from: scene.issuer, to: scene.holder,
            answering: agreed.latest.said)
        #expect(throws: ExchangeRefusal.otherCredential) { try agreed.take(grant, to: scene.holder) }
    }

    /// Folded up, a credential does not tell whose it is: only its issuer is known to be entitled.
    @Test func refusesTheFoldedCredentialOfSomebodyElse() throws {
        let folded = try scene.credential(to: scene.holder, isCompact: true)
        #expect(folded.target == .undisclosed)
        for sender in [scene.stranger, scene.holder] {
            let grant = try scene.message(scene.grant(folded), from: sender, to: ExchangeScene.aid("verifier"))
            #expect(throws: ExchangeRefusal.wrongDiscloser) {
                try ExchangeThread(opening: grant, to: ExchangeScene.aid("verifier"))
            }
        }
        let issued = try scene.message(scene.grant(folded), from: scene.issuer, to: scene.holder)
        #expect(throws: Never.self) { try ExchangeThread(opening: issued, to: scene.holder) }
        // Nothing is handed over by an offer.
        let offer = try scene.message(.offer(folded), from: scene.holder, to: scene.stranger)
        #expect(throws: Never.self) { try ExchangeThread(opening: offer, to: scene.stranger) }
    }

    @Test func readsTheTargetAsTheParserDoes() throws {
        func target(_ members: OrderedMap) throws -> CredentialTarget {
            var map: OrderedMap = [
                "v": "ACDC10JSON000000_", "d": "", "i": .text(scene.issuer.text), "s": .text(scene.schema.text),
            ]
            for member in members.members { map[member.label] = member.value }
            return try DisclosedCredential(
                EmbeddedPart(message: SelfAddressing.seal(&map, version: true))
            ).target
        }
        let named: OrderedValue = ["d": "", "i": .text(scene.holder.text)]
        #expect(try target(["a": named]) == .issuee(scene.holder))
        #expect(try target(["a": ["d": "", "i": "somebody"]]) == .other)
        #expect(try target(["a": ["d": ""]]) == .untargeted)
        #expect(try target([:]) == .untargeted)
        #expect(try target(["A": "folded"]) == .undisclosed)
        #expect(try target(["A": ["digest", "hidden", named]]) == .issuee(scene.holder))
        #expect(try target(["A": ["digest", "hidden", ["d": ""]]]) == .undisclosed)
        #expect(try target(["A": ["digest", ["d": ""]]]) == .untargeted)
    }

    @Test func refusesWhoHasOnlySeenTheCredential() throws {
        let seen = try scene.message(
            scene.grant(scene.credential(to: scene.holder)), from: scene.stranger, to: scene.holder)
        #expect(throws: ExchangeRefusal.wrongDiscloser) { try ExchangeThread(opening: seen, to: scene.holder) }
        let held = try scene.message(
            scene.grant(scene.credential(to: scene.holder)), from: scene.holder, to: scene.stranger)
        #expect(throws: Never.self) { try ExchangeThread(opening: held, to: scene.stranger) }
        let anybody = try scene.message(scene.grant(scene.credential(to: nil)), from: scene.stranger, to: scene.holder)
        #expect(throws: Never.self) { try ExchangeThread(opening: anybody, to: scene.holder) }
        var asked = try thread([.apply])
        let late = try scene.message(
            .offer(scene.credential(by: scene.stranger, to: scene.holder)), from: scene.issuer, to: scene.holder,
            answering: asked.id)
        #expect(throws: ExchangeRefusal.wrongDiscloser) { try asked.take(late, to: scene.holder) }
    }
}
