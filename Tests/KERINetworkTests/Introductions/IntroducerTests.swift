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
        "http://h/oobi?name=a b", "http://h/oobi?name=\u{1b}[31m", "http://h/oobi?name=\u{e9}",
        "http://h/oobi?name=a#b",
        "http://h/oobi?a=b\nc", "http://h/oobi?name=\(String(repeating: "a", count: 3000))", "http://u@h/oobi",
        "http://h/oobi/\(aid)/\(String(repeating: "a", count: 33))",
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

    /// Wherever an answer breaks off, what it was about is known as a whole or not at all.
    @Test func cutOffAnswersAreAppliedByWholeEvents() async throws {
        let network = try WitnessedNetwork(3)
        let wallet = try await network.wallet()
        let made = try await wallet.create(ReceiptorTests.plan(network), now: network.clock.now())
        _ = try await network.receiptor(wallet).deliver(made.event.aid)
        let oobi = try wallet.introductions(of: made.event.aid)[0]
        let state = try #require(try wallet.keyState(of: made.event.aid))
        var known = 0
        for count in stride(from: 0, to: 4000, by: 97) {
            let other = Wallet(store: MemoryKeyEventStore(), vault: nil, book: MemoryWalletBook())
            network.set(.cut(count), of: 0)
            do {
                let found = try await Introducer(other, transport: network, clock: network.clock).follow(oobi)
                #expect(found.state == state)
                known += 1
            } catch let error as IntroductionError {
                #expect(error.code == .notAccepted)
                #expect(try other.keyState(of: made.event.aid) == nil)
            }
        }
        #expect(known > 0 && known < 40)
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

    /// A host that answers with one document.
    private struct Library: PeerTransport {
        let type: String
        let body: [UInt8]

        func send(_ request: PeerRequest, timeout: Duration, limit: Int) async throws(TransportError) -> PeerResponse {
            PeerResponse(status: 200, headers: [("content-type", type)], body: body)
        }
        func events(
            _ request: PeerRequest, idle: Duration, receive: @escaping @Sendable (ServerSentEvent) async -> Bool
        ) async throws(TransportError) { throw TransportError(.unreachable, "\(request.url)") }
        func converse(
            _ stream: [UInt8], with url: PeerURL, idle: Duration, limit: Int, isEnough: @Sendable ([UInt8]) -> Bool
        ) async throws(TransportError) -> [UInt8] { throw TransportError(.unreachable, "\(url)") }
    }

    private func discover(_ text: String, _ type: String, _ body: [UInt8]) async -> Result<Discovery, IntroductionError>
    {
        let wallet = Wallet(store: MemoryKeyEventStore(), vault: nil, book: MemoryWalletBook())
        let introducer = Introducer(wallet, transport: Library(type: type, body: body), clock: GroupClock())
        do {
            return .success(try await introducer.discover(try #require(OOBI(text))))
        } catch {
            return .failure(error as? IntroductionError ?? IntroductionError(.unreachable, "\(error)"))
        }
    }

    @Test func dataIsWhatItsDigestSays() async throws {
        for label in ["d", "$id"] {
            var map: OrderedMap = [label: "", "title": "a schema"]
            let body = try SelfAddressing.seal(&map, labels: [label])
            let said = try #require(map[label]?.textValue)
            for type in ["application/schema+json", "application/json; charset=utf-8"] {
                guard case .success(.data(let found, body)) = await discover("http://h/oobi/\(said)", type, body) else {
                    Issue.record("\(label) \(type)")
                    continue
                }
                #expect(found.text == said)
            }
            map["title"] = "another"
            let forged = try map.encoded(as: .json)
            for (url, body) in [
                ("http://h/oobi/\(said)", forged), ("http://h/oobi/\(Self.aid)", body),
                ("http://h/oobi", body), ("http://h/oobi/\(said)", [UInt8]("{}".utf8)),
                ("http://h/oobi/\(said)", [UInt8]("[1]".utf8)), ("http://h/oobi/\(said)", body + [0x20]),
            ] {
                guard case .failure(let error) = await discover(url, "application/json", body) else {
                    Issue.record("\(url)")
                    continue
                }
                #expect(error.code == .forgedData || error.code == .notALog)
            }
        }
    }

    @Test func severalIntroductionsAreOfOneAID() async throws {
        func answer(_ route: String, _ aid: String, _ urls: [OrderedValue]) throws -> [UInt8] {
            try MessageBuilder.reply(
                route: route, payload: ["aid": .text(aid), "urls": .list(urls)], dated: Timestamp(seconds: 1))
        }
        let one = OrderedValue.text("http://a/oobi/\(Self.aid)/witness/\(Self.witness)")
        let good = try answer("/oobi/witness", Self.aid, [one, one])
        guard
            case .success(.several(let aid, let oobis)) = await discover(
                "http://h/oobi/\(Self.aid)", "application/json", good)
        else { throw IntroductionError(.notALog, "") }
        #expect(aid.text == Self.aid && oobis.count == 2)
        for (body, code) in [
            (try answer("/oobi/witness", Self.witness, [one]), .answersAnother),
            (try answer("/other", Self.aid, [one]), .forgedData),
            (try answer("/oobi/witness", Self.aid, []), .forgedData),
            (try answer("/oobi/witness", Self.aid, ["http://a/oobi"]), .forgedData),
            (try answer("/oobi/witness", Self.aid, ["x"]), .forgedData),
            (try answer("/oobi/witness", Self.aid, Array(repeating: one, count: 33)), .forgedData),
            (good.map { $0 == 0x61 ? 0x62 : $0 }, .forgedData),
        ] as [([UInt8], IntroductionError.Code)] {
            guard case .failure(let error) = await discover("http://h/oobi/\(Self.aid)", "application/json", body)
            else {
                Issue.record("\(String(decoding: body, as: UTF8.self))")
                continue
            }
            #expect(error.code == code, "\(String(decoding: body, as: UTF8.self))")
        }
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
