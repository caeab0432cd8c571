// SPDX-License-Identifier: Apache-2.0

import KERI
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERINetwork

/// What an introduction leads to, and what it must not (facts 9.4).
struct IntroducerTests {
    static let aid = "EKcui4S--aMhBVRpjP8r2Q9buW8W1nwHU_W-Udd_0qHm"
    static let witness = "BGjHh7QmvFg6b-TpXC9no8XMJ9bKlA6YUh_07L0uykeL"

    @Test(arguments: [
        "http://h/oobi", "http://h:5642/oobi/\(aid)", "https://h/oobi/\(aid)/controller",
        "http://h/oobi/\(aid)/witness/\(witness)", "http://h/.well-known/keri/oobi/\(aid)",
        "http://h/oobi/\(aid)/witness/\(witness)?name=alice&tag=x",
    ])
    func readsTheForms(_ text: String) throws {
        let oobi = try #require(OOBI(text))
        #expect(OOBI(oobi.description) == oobi)
        #expect(oobi.name == (text.contains("name=") ? "alice" : nil))
    }

    @Test(arguments: [
        "", "oobi", "tcp://h:1/oobi", "http://h/", "http://h/oobi/", "http://h/oobi/x", "http://h/oobi/\(aid)/Witness",
        "http://h/oobi/\(aid)/witness/x", "http://h/oobi/\(aid)/witness/\(witness)/more", "http://h/x/oobi/\(aid)",
        "http://h/.well-known/keri/oobi", "http://h/.well-known/keri/oobi/x", "http://h/.well-known/keri/other/\(aid)",
        "http://u@h/oobi", "http://h/oobi/\(aid)/\(String(repeating: "a", count: 33))",
    ])
    func refusesOthers(_ text: String) { #expect(OOBI(text) == nil) }

    @Test func learnsALogAtItsWitness() async throws {
        let network = try WitnessedNetwork(3)
        let wallet = try await network.wallet()
        let made = try await wallet.create(ReceiptorTests.plan(network), now: network.clock.now())
        _ = try await network.receiptor(wallet).deliver(made.event.aid)
        let other = Wallet(store: MemoryKeyEventStore(), vault: nil, book: MemoryWalletBook())
        let introducer = Introducer(other, transport: network, clock: network.clock)
        let oobis = try wallet.introductions(of: made.event.aid)
        #expect(oobis.count == 3)
        let found = try await introducer.follow(oobis[0])
        #expect(found.aid == made.event.aid && found.state.said == made.event.said)
        // Now it knows where all the witnesses listen.
        #expect(try other.introductions(of: made.event.aid).count == 3)
    }

    @Test(arguments: [
        (WitnessedNetwork.Mood.away, IntroductionError.Code.unreachable), (.slow, .unreachable), (.garbage, .notALog),
        (.silent, .notALog), (.refusing(404), .refused), (.refusing(406), .refused), (.refusing(301), .refused),
        (.another, .answersAnother),
    ])
    func failures(_ mood: WitnessedNetwork.Mood, _ code: IntroductionError.Code) async throws {
        let network = try WitnessedNetwork(2)
        network.set(mood, of: 0)
        let wallet = Wallet(store: MemoryKeyEventStore(), vault: nil, book: MemoryWalletBook())
        let oobi = try #require(OOBI("http://w0/oobi/\(network.aids[0])"))
        await #expect {
            try await Introducer(wallet, transport: network, clock: network.clock).follow(oobi)
        } throws: { ($0 as? IntroductionError)?.code == code }
        #expect(try wallet.keyState(of: network.aids[0]) == nil)
    }

    /// A host that serves a log under the name of a witness that the log does not name.
    @Test func onlyWitnessesIntroduceAsWitnesses() async throws {
        let network = try WitnessedNetwork(2)
        let wallet = Wallet(store: MemoryKeyEventStore(), vault: nil, book: MemoryWalletBook())
        let oobi = try #require(OOBI("http://w0/oobi/\(network.aids[0])/witness/\(network.aids[1])"))
        await #expect {
            try await Introducer(wallet, transport: network, clock: network.clock).follow(oobi)
        } throws: { ($0 as? IntroductionError)?.code == .notAWitness }
    }

    @Test func contactsAreReadBack() throws {
        let contact = Contact(
            alias: "bob", aid: try #require(AID(Self.aid)), oobi: "http://h/oobi", since: Timestamp(seconds: 7))
        #expect(try ContactCoding.decode(ContactCoding.encode([contact])) == [contact])
        #expect(throws: ControllerError.self) { try ContactCoding.decode(["version": 2, "contacts": []]) }
        #expect(throws: ControllerError.self) { try ContactCoding.decode(["version": 1]) }
        #expect(throws: ControllerError.self) {
            try ContactCoding.decode(["version": 1, "contacts": [["alias": "x"]]])
        }
    }
}
