// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import KERINetwork

/// Words that are told by another way and come back signed.
struct ChallengesTests {
    private func pair() async throws -> (alice: NetworkMember, bob: NetworkMember) {
        let network = try GroupNetwork(2)
        let (alice, bob) = (try await NetworkMember("alice", network), try await NetworkMember("bob", network))
        try await alice.incept()
        try await bob.incept()
        try await alice.meet(bob)
        try await bob.meet(alice)
        return (alice, bob)
    }

    private func code(_ body: () throws -> ChallengeAnswer) -> ChallengeError.Code? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? ChallengeError)?.code }
    }

    @Test func `An answer is believed once`() async throws {
        let (alice, bob) = try await pair()
        let words = try alice.challenges.give(now: groupMoment(61))
        #expect(words.words.count == 12 && Set(words.words).count > 1)
        try await bob.challenges.answer(words, to: alice.aid, as: "bob", now: groupMoment(62))
        let items = try await alice.readMail()
        guard
            case .challenge(let answer)? = items.map(\.content).first(where: {
                if case .challenge = $0 { true } else { false }
            })
        else { throw ChallengeError(.unanswered, "\(items)") }
        #expect(answer.sender == (try bob.aid))
        #expect(try alice.challenges.verify(words, from: bob.aid, as: alice.aid, now: groupMoment(63)) == answer)
        let (sender, own) = (try bob.aid, try alice.aid)
        #expect(code { try alice.challenges.verify(words, from: sender, as: own, now: groupMoment(64)) } == .notGiven)
        // The same message again brings nothing: the words are spent.
        try await bob.challenges.answer(words, to: alice.aid, as: "bob", now: groupMoment(62))
        _ = try await alice.readMail()
        #expect(code { try alice.challenges.verify(words, from: sender, as: own, now: groupMoment(65)) } == .notGiven)
    }

    @Test func `Words must be ours, fresh, and answered by whom they were told`() async throws {
        let (alice, bob) = try await pair()
        let (own, other) = (try alice.aid, try bob.aid)
        let words = try alice.challenges.give(now: groupMoment(61))
        let foreign = try ChallengeWords.random()
        #expect(code { try alice.challenges.verify(foreign, from: other, as: own, now: groupMoment(62)) } == .notGiven)
        #expect(code { try alice.challenges.verify(words, from: other, as: own, now: groupMoment(62)) } == .unanswered)
        try await bob.challenges.answer(words, to: own, as: "bob", now: groupMoment(62))
        _ = try await alice.readMail()
        // Somebody else's answer is none of him, and one that was meant for another AID none for this one.
        #expect(code { try alice.challenges.verify(words, from: own, as: own, now: groupMoment(63)) } == .unanswered)
        #expect(
            code { try alice.challenges.verify(words, from: other, as: other, now: groupMoment(63)) } == .unanswered)
        let late = groupMoment(61).advanced(bySeconds: ChallengeLedger.lifetime + 1)
        #expect(code { try alice.challenges.verify(words, from: other, as: own, now: late) } == .expired)
        #expect(code { try alice.challenges.verify(words, from: other, as: own, now: groupMoment(63)) } == nil)
    }

    @Test(arguments: [-86_400, -301, 301, 86_400] as [Int64])
    func `An answer from another time is not believed`(seconds: Int64) async throws {
        let (alice, bob) = try await pair()
        let (own, other) = (try alice.aid, try bob.aid)
        let words = try alice.challenges.give(now: groupMoment(61))
        try await bob.challenges.answer(
            words, to: own, as: "bob", now: groupMoment(61).advanced(bySeconds: seconds))
        _ = try await alice.readMail()
        #expect(code { try alice.challenges.verify(words, from: other, as: own, now: groupMoment(61)) } == .dated)
    }

    @Test func `Keys of the past answer nothing`() async throws {
        let (alice, bob) = try await pair()
        let words = try alice.challenges.give(now: groupMoment(61))
        let body = try ExchangeBody.bytes(
            from: bob.aid, route: "/challenge/response",
            payload: ["i": .text(try alice.aid.text), "words": .list(words.words.map { .text($0) })],
            form: .withoutRecipient, dated: groupMoment(62))
        let proof = try await Controller(bob.wallet, "bob").proof(of: body)
        _ = try await Controller(bob.wallet, "bob").rotate(RotationPlan(), now: groupMoment(63))
        #expect(try await bob.deliver(bob.aid).isMet)
        try await alice.meet(bob)
        let stored = try StoredMessage(body + proof)
        guard case .exchange(let exchange) = stored.message else { return }
        #expect(
            code { try alice.challenges.receive(exchange, stored.attachments, for: alice.aid, now: groupMoment(64)) }
                == .malformed)
    }

    @Test func `An answer that names its sender, as the command of keripy does, is for whose mailbox it lies in`()
        async throws
    {
        let (alice, bob) = try await pair()
        let (own, other) = (try alice.aid, try bob.aid)
        let words = try alice.challenges.give(now: groupMoment(61))
        let body = try ExchangeBody.bytes(
            from: other, route: "/challenge/response",
            payload: ["i": .text(other.text), "words": .list(words.words.map { .text($0) })],
            form: .withoutRecipient, dated: groupMoment(62))
        let stored = try StoredMessage(body + (try await Controller(bob.wallet, "bob").proof(of: body)))
        guard case .exchange(let exchange) = stored.message else { return }
        let answer = try alice.challenges.receive(exchange, stored.attachments, for: own, now: groupMoment(63))
        #expect(answer.recipient == own)
        #expect(
            code { try alice.challenges.receive(exchange, stored.attachments, for: other, now: groupMoment(63)) }
                == .notOurs)
        #expect(code { try alice.challenges.verify(words, from: other, as: own, now: groupMoment(63)) } == nil)
    }

    @Test func `Answers that are malformed, unsigned or for others are refused`() async throws {
        let (alice, bob) = try await pair()
        let own = OrderedValue.text(try alice.aid.text)
        let words = OrderedValue.list(["one", "two", "three", "four"])
        for (payload, expected) in [
            ([:], .malformed), (["i": own], .malformed), (["i": own, "words": ["one", "two"]], .malformed),
            (["i": own, "words": ["one", 2, "three", "four", "five"]], .malformed),
            (["i": own, "words": ["o n e", "two", "three", "four"]], .malformed),
            (["i": "EFN1mZya3sDG-vjRafqJWZmbWKoic3ypfgvTm5p4cI00", "words": words], .notOurs),
        ] as [(OrderedMap, ChallengeError.Code)] {
            let body = try ExchangeBody.bytes(
                from: bob.aid, route: "/challenge/response", payload: payload, form: .withoutRecipient,
                dated: groupMoment(62))
            let stored = try StoredMessage(body + (try await Controller(bob.wallet, "bob").proof(of: body)))
            guard case .exchange(let exchange) = stored.message else { continue }
            #expect(
                code {
                    try alice.challenges.receive(exchange, stored.attachments, for: alice.aid, now: groupMoment(63))
                } == expected,
                "\(payload)")
        }
        let body = try ExchangeBody.bytes(
            from: bob.aid, route: "/challenge/response", payload: ["i": own, "words": words], form: .withoutRecipient,
            dated: groupMoment(62))
        let stored = try StoredMessage(body + (try await Controller(alice.wallet, "alice").proof(of: body)))
        guard case .exchange(let exchange) = stored.message else { return }
        #expect(
            code { try alice.challenges.receive(exchange, stored.attachments, for: alice.aid, now: groupMoment(63)) }
                == .malformed)
    }

    @Test func `The ledger is read back as it was, and nothing else is`() async throws {
        let (alice, bob) = try await pair()
        let words = try alice.challenges.give(now: groupMoment(61))
        _ = try alice.challenges.give(now: groupMoment(61))
        try await bob.challenges.answer(words, to: alice.aid, as: "bob", now: groupMoment(62))
        _ = try await alice.readMail()
        let ledger = alice.challengeBook.load()
        #expect(ledger.given.count == 2 && ledger.answers.count == 1)
        let document = ChallengeLedgerCoding.encode(ledger)
        #expect(try ChallengeLedgerCoding.decode(document) == ledger)
        let text = String(decoding: try document.encoded(as: .json), as: UTF8.self)
        #expect(!text.contains(words.words[0]), "the words themselves are not kept")
        for (member, value) in [
            ("version", 2), ("version", .null), ("given", .null), ("answers", .null), ("given", [["words": "x"]]),
            ("answers", [["from": "x"]]),
        ] as [(String, OrderedValue)] {
            var broken = document
            broken[member] = value
            #expect(throws: ChallengeError.self) { try ChallengeLedgerCoding.decode(broken) }
        }
    }

    @Test func `Answers to words that nobody gave out push out none`() async throws {
        let (alice, bob) = try await pair()
        let words = try alice.challenges.give(now: groupMoment(61))
        try await bob.challenges.answer(words, to: alice.aid, as: "bob", now: groupMoment(62))
        _ = try await alice.readMail()
        try await bob.challenges.answer(try ChallengeWords.random(), to: alice.aid, as: "bob", now: groupMoment(62))
        try await bob.challenges.answer(words, to: alice.aid, as: "bob", now: groupMoment(63))
        let items = try await alice.readMail()
        #expect(items.contains { if case .refused = $0.content { true } else { false } })
        #expect(alice.challengeBook.load().answers.map(\.dated) == [groupMoment(63)])
    }

    @Test func `Old words make room`() async throws {
        let (alice, _) = try await pair()
        for _ in 0..<(ChallengeLedger.limit + 3) { _ = try alice.challenges.give(now: groupMoment(61)) }
        #expect(alice.challengeBook.load().given.count == ChallengeLedger.limit)
        _ = try alice.challenges.give(now: groupMoment(61).advanced(bySeconds: ChallengeLedger.lifetime + 1))
        #expect(alice.challengeBook.load().given.count == 1)
    }
}
