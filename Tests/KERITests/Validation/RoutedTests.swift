// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import KERI

/// Replies, queries and exchange messages beyond the vectors (facts 9.2, 9.3, 11.1).
struct RoutedTests {
    let verifier = Verifier()
    let endpoint: CreatedKey

    init() throws { endpoint = try TestKey.named("endpoint", isTransferable: false) }

    // MARK: Replies

    @Test func boundsTheDate() throws {
        for (ahead, isRight) in [(0, true), (300, true), (301, false), (1_000_000_000, false)] as [(Int64, Bool)] {
            let key = try TestKey.named("endpoint \(ahead)", isTransferable: false)
            let body = try Routed.location(of: key.aid, dated: verifier.now.advanced(bySeconds: ahead))
            #expect(
                try verifier.offer(body: body, Routed.signed(body, by: key))
                    == (isRight ? .verified : .rejected(.futureDated)))
        }
        verifier.processor.policy.futureTolerance = 0
        let body = try Routed.location(of: endpoint.aid, dated: verifier.now.advanced(bySeconds: 1))
        #expect(try verifier.offer(body: body, Routed.signed(body, by: endpoint)) == .rejected(.futureDated))
    }

    struct Payload: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let route: String
        let payload: OrderedMap
        let expected: Rejection?
    }

    static let payloads: [Payload] = {
        let aid = "BGjHh7QmvFg6b-TpXC9no8XMJ9bKlA6YUh_07L0uykeL"
        func location(_ scheme: OrderedValue, _ url: OrderedValue) -> OrderedMap {
            ["eid": .text(aid), "scheme": scheme, "url": url]
        }
        func role(_ role: OrderedValue, _ endpoint: OrderedValue) -> OrderedMap {
            ["cid": .text(aid), "role": role, "eid": endpoint]
        }
        return [
            Payload(testDescription: "no members", route: "/loc/scheme", payload: [:], expected: .badPayload),
            Payload(
                testDescription: "unknown scheme", route: "/loc/scheme", payload: location("ftp", "ftp://h/"),
                expected: .badPayload),
            Payload(
                testDescription: "other scheme in the URL", route: "/loc/scheme",
                payload: location("http", "https://h/"),
                expected: .badPayload),
            Payload(
                testDescription: "URL that is no text", route: "/loc/scheme", payload: location("http", 1),
                expected: .badPayload),
            Payload(
                testDescription: "URL without scheme", route: "/loc/scheme", payload: location("http", "h/path"),
                expected: .wrongSigner),
            Payload(
                testDescription: "unknown role", route: "/end/role/add", payload: role("king", .text(aid)),
                expected: .badPayload),
            Payload(
                testDescription: "endpoint that is none", route: "/end/role/cut", payload: role("agent", "nobody"),
                expected: .badPayload),
            Payload(
                testDescription: "other verb", route: "/end/role/set", payload: role("agent", .text(aid)),
                expected: .unknownRoute),
            Payload(testDescription: "state of nobody", route: "/ksn/nobody", payload: [:], expected: .unknownRoute),
            Payload(
                testDescription: "state without digest", route: "/ksn/\(aid)", payload: ["i": .text(aid)],
                expected: .badPayload),
        ]
    }()

    @Test(arguments: payloads)
    func checksPayloads(_ row: Payload) throws {
        let body = try Routed.reply(row.route, row.payload, dated: verifier.now)
        let outcome = try verifier.offer(body: body, Routed.signed(body, by: endpoint))
        #expect(outcome == row.expected.map(EventOutcome.rejected) ?? .verified)
    }

    @Test func needsASignatureOfTheRightAID() throws {
        let body = try Routed.location(of: endpoint.aid, dated: verifier.now)
        #expect(try verifier.offer(body: body, Attachments()) == .rejected(.wrongSigner))
        let other = try TestKey.named("other", isTransferable: false)
        var attachments = try Routed.signed(body, by: other)
        #expect(try verifier.offer(body: body, attachments) == .rejected(.wrongSigner))
        attachments.nonTransferableReceipts = [
            NonTransferableReceipt(key: endpoint.verificationKey.primitive, signature: try other.signature(over: body))
        ]
        #expect(try verifier.offer(body: body, attachments) == .rejected(.noValidSignature))
        // A good couple behind bad ones is found.
        attachments.nonTransferableReceipts += try Routed.signed(body, by: endpoint).nonTransferableReceipts
        #expect(try verifier.offer(body: body, attachments) == .verified)
    }

    @Test func latestWordUnderTheLatestKeys() throws {
        var author = try Author("author")
        let early = author
        try verifier.offer([author.latest, author.rotate()])
        let key = ReplyKey(route: "/end/role", aid: author.aid, detail: "mailbox/\(endpoint.aid)")
        func say(_ verb: String, by signer: Author, after seconds: Int64) throws -> EventOutcome {
            let body = try Routed.role(
                of: author.aid, at: endpoint.aid, verb: verb, dated: verifier.now.advanced(bySeconds: seconds))
            return try verifier.offer(body: body, Routed.signed(body, by: signer))
        }
        #expect(try say("add", by: early, after: 10) == .verified)
        #expect(try say("cut", by: author, after: 0) == .verified)
        #expect(try verifier.reply(key)?.value == "false")
        #expect(try say("add", by: early, after: 20) == .rejected(.staleReply))
        #expect(try say("add", by: author, after: 0) == .rejected(.staleReply))
        #expect(try say("add", by: author, after: 1) == .verified)
        #expect(try verifier.reply(key)?.signerSn?.value == 1)
        let stored = try StoredMessage(try #require(try verifier.reply(key)).message)
        #expect(stored.attachments.transferableGroups.count == 1)
    }

    @Test func collectsSignaturesOfAGroup() throws {
        let author = try Author("group", keys: 3, threshold: .count(2))
        try verifier.offer(author.latest)
        let body = try Routed.role(of: author.aid, at: endpoint.aid, dated: verifier.now)
        func offer(_ places: [Int]) throws -> EventOutcome {
            try verifier.offer(body: body, Routed.signed(body, by: author, at: places))
        }
        let thief = try Author("thief")
        let forged = try Attachments {
            var group = try thief.group(over: body)
            group.prefix = author.aid.primitive
            group.said = author.state.said.primitive
            $0.transferableGroups = [group]
        }
        #expect(try verifier.offer(body: body, forged) == .rejected(.noValidSignature))
        #expect(try offer([0]) == .escrowed(.partialReply))
        #expect(try offer([0]) == .escrowed(.partialReply))
        #expect(try verifier.resume().isEmpty)
        #expect(try offer([2]) == .verified)
        #expect(try verifier.escrows().isEmpty)
    }

    @Test func keyStatesOfTheAIDAndItsWitnesses() throws {
        let witnesses = try TestKey.witnesses("w", 1)
        let author = try Author("author", witnesses: witnesses)
        let record = author.state.record
        func notice(by source: AID) throws -> [UInt8] {
            try Routed.reply("/ksn/\(source)", record, dated: verifier.now)
        }
        var body = try notice(by: witnesses[0].aid)
        // Nobody knows yet whether that is a witness.
        #expect(try verifier.offer(body: body, Routed.signed(body, by: witnesses[0])) == .rejected(.wrongSigner))
        body = try notice(by: author.aid)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: author)) == .escrowed(.partialReply))
        try verifier.offer(author.latest)
        #expect(try verifier.resume().map(\.outcome) == [.verified])
        body = try notice(by: witnesses[0].aid)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: witnesses[0])) == .verified)
        body = try notice(by: endpoint.aid)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: endpoint)) == .rejected(.wrongSigner))
        let kept = try verifier.store.read { $0.replies(of: author.aid) }
        #expect(Set(kept.map(\.key.detail)) == [author.aid.text, witnesses[0].aid.text])
        #expect(Set(kept.map(\.value)) == [author.state.said.text])
    }

    // MARK: Queries

    @Test func queriesMustBeSigned() throws {
        let author = try Author("author", keys: 2, threshold: .count(2))
        let asker = try Author("asker", keys: 2, threshold: .count(2))
        try verifier.offer([author.latest, asker.latest])
        for route in ["logs", "ksn", "mbx"] {
            let body = try Routed.query(route, about: author.aid, dated: verifier.now)
            #expect(try verifier.offer(body: body, Attachments()) == .rejected(.wrongSigner))
            #expect(
                try verifier.offer(body: body, Routed.asked(body, by: asker, at: [0])) == .rejected(.noValidSignature))
            #expect(
                try verifier.offer(body: body, Routed.asked(Array("other".utf8), by: asker))
                    == .rejected(.noValidSignature))
            #expect(try verifier.offer(body: body, Routed.asked(body, by: asker)) == .verified)
            #expect(try verifier.offer(body: body, Routed.signed(body, by: endpoint)) == .verified)
            #expect(
                try verifier.offer(body: body, Routed.signed(Array("other".utf8), by: endpoint))
                    == .rejected(.noValidSignature))
        }
        #expect(try verifier.escrows().isEmpty)
    }

    @Test func queriesWaitForTheAsker() throws {
        let author = try Author("author")
        let asker = try Author("asker")
        try verifier.offer(author.latest)
        let body = try Routed.query("ksn", about: author.aid, dated: verifier.now)
        #expect(try verifier.offer(body: body, Routed.asked(body, by: asker)) == .escrowed(.queryNotFound))
        #expect(try verifier.escrows().map(\.missing) == ["the log of \(asker.aid)"])
        try verifier.offer(asker.latest)
        #expect(try verifier.resume().map(\.outcome) == [.verified])
    }

    @Test func queriesWaitForTheirCondition() throws {
        var author = try Author("author")
        let other = try Author("other")
        try verifier.offer([author.latest, author.interact()])
        let anchoring = try author.seal(other.latest)
        let last = try author.interact()
        func ask(_ more: OrderedMap) throws -> EventOutcome {
            let body = try Routed.query("logs", about: author.aid, more, dated: verifier.now)
            return try verifier.offer(body: body, Routed.signed(body, by: endpoint))
        }
        let anchor = other.latest.seal.value
        #expect(try ask(["s": "1"]) == .verified)
        #expect(try ask(["a": author.events[1].seal.value]) == .verified)
        #expect(try ask(["s": "2"]) == .escrowed(.queryNotFound))
        #expect(try ask(["a": anchor]) == .escrowed(.queryNotFound))
        #expect(try ask(["s": "3", "a": anchor]) == .escrowed(.queryNotFound))
        #expect(try verifier.resume().isEmpty)
        try verifier.offer(anchoring)
        #expect(try verifier.resume().map(\.outcome) == [.verified, .verified])
        #expect(try verifier.escrows().map(\.missing) == ["event 3 of \(author.aid)"])
        try verifier.offer(last)
        #expect(try verifier.resume().map(\.outcome) == [.verified])
    }

    @Test(
        arguments: [
            ["s": "01"], ["s": "x"], ["s": 1], ["a": "seal"], ["a": ["i": "nobody", "s": "0", "d": "nothing"]],
            ["a": [:]],
        ] as [OrderedMap])
    func refusesBadConditions(_ more: OrderedMap) throws {
        let author = try Author("author")
        try verifier.offer(author.latest)
        let body = try Routed.query("logs", about: author.aid, more, dated: verifier.now)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: endpoint)) == .rejected(.badPayload))
    }

    @Test func refusesUnknownQueries() throws {
        let other = try Routed.query("other", about: endpoint.aid, dated: verifier.now)
        #expect(try verifier.offer(body: other, Routed.signed(other, by: endpoint)) == .rejected(.unknownRoute))
        let tels = try Routed.query("tels", about: endpoint.aid, dated: verifier.now)
        #expect(try verifier.offer(body: tels, Routed.signed(tels, by: endpoint)) == .rejected(.badPayload))
        let registry = try Routed.query(
            "tels", about: endpoint.aid,
            ["ri": "EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao"],
            dated: verifier.now)
        #expect(try verifier.offer(body: registry, Routed.signed(registry, by: endpoint)) == .verified)
        let body = try MessageBuilder.query(route: "ksn", parameters: [:], dated: verifier.now)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: endpoint)) == .rejected(.badPayload))
        var attachments = Attachments()
        attachments.lastEstablishmentGroups = [
            LastEstablishmentGroup(prefix: try endpoint.signature(over: tels), signatures: [])
        ]
        let query = try Routed.query("ksn", about: endpoint.aid, dated: verifier.now)
        #expect(try verifier.offer(body: query, attachments) == .rejected(.wrongSigner))
    }

    // MARK: Exchange messages

    @Test func exchangesComeFromTheirSender() throws {
        let sender = try Author("sender")
        let other = try Author("other")
        try verifier.offer([sender.latest, other.latest])
        let body = try Routed.exchange(from: sender.aid, to: other.aid, dated: verifier.now)
        #expect(try verifier.offer(body: body, Attachments()) == .rejected(.wrongSigner))
        #expect(try verifier.offer(body: body, Routed.signed(body, by: other)) == .rejected(.wrongSigner))
        #expect(try verifier.offer(body: body, Routed.signed(body, by: endpoint)) == .rejected(.wrongSigner))
        #expect(
            try verifier.offer(body: body, Routed.signed(Array("other".utf8), by: sender))
                == .rejected(.noValidSignature))
        #expect(try verifier.offer(body: body, Routed.signed(body, by: sender)) == .verified)
        let own = try Routed.exchange(from: endpoint.aid, dated: verifier.now)
        #expect(try verifier.offer(body: own, Routed.signed(own, by: endpoint)) == .verified)
        #expect(try verifier.offer(body: own, Routed.signed(body, by: endpoint)) == .rejected(.noValidSignature))
    }

    @Test func exchangesOfAGroupCollectSignatures() throws {
        let group = try Author("group", keys: 3, threshold: .count(2))
        let body = try Routed.exchange(from: group.aid, dated: verifier.now)
        func offer(_ places: [Int]) throws -> EventOutcome {
            try verifier.offer(body: body, Routed.signed(body, by: group, at: places))
        }
        #expect(try offer([0]) == .escrowed(.partialExchange))
        try verifier.offer(group.latest)
        #expect(try verifier.resume().isEmpty)
        #expect(try offer([0]) == .escrowed(.partialExchange))
        #expect(try offer([1]) == .verified)
        #expect(try verifier.escrows().isEmpty)
        // From two copies that came before the log.
        let later = try Author("later group", keys: 2, threshold: .count(2))
        let second = try Routed.exchange(from: later.aid, dated: verifier.now)
        for place in 0..<2 {
            try verifier.offer(body: second, Routed.signed(second, by: later, at: [place]))
        }
        try verifier.offer(later.latest)
        #expect(try verifier.resume().map(\.outcome) == [.verified])
    }

    @Test func exchangesMayBeSignedUnderEarlierKeys() throws {
        var sender = try Author("sender")
        let early = sender
        try verifier.offer([sender.latest, sender.rotate(), sender.interact()])
        let body = try Routed.exchange(from: sender.aid, dated: verifier.now)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: early)) == .verified)
        #expect(try verifier.offer(body: body, Routed.signed(body, by: sender)) == .verified)
        var group = try sender.group(over: body)
        group.sn = 2
        group.said = sender.state.said.primitive
        #expect(
            try verifier.offer(body: body, Attachments { $0.transferableGroups = [group] })
                == .rejected(.signerEventMismatch))
        group.sn = 9
        #expect(
            try verifier.offer(body: body, Attachments { $0.transferableGroups = [group] })
                == .escrowed(.partialExchange))
    }

    @Test func registryEventsAreForOthers() throws {
        let author = try Author("author")
        let body = try MessageBuilder.body(
            .registryInception,
            [
                ("d", ""), ("i", ""), ("ii", .text(author.aid.text)), ("s", "0"), ("c", ["NB"]), ("bt", "0"),
                ("b", []), ("n", "0ABwdWJsaWMta2VyaS12ZWMx"),
            ], digests: ["d", "i"])
        #expect(try verifier.offer(body: body, Attachments()) == .rejected(.unknownRoute))
    }

    // MARK: Replays

    @Test(arguments: [false, true])
    func replayTimesCountOnlyWhenTrusted(_ isTrusted: Bool) throws {
        verifier.processor.policy.trustsReplayTimes = isTrusted
        let author = try Author("author")
        let time = try DateTime(text: "2020-01-02T03:04:05.000006+00:00")
        var event = author.latest
        event.attachments.firstSeenCouples = [FirstSeenCouple(ordinal: 0, dateTime: time)]
        #expect(try verifier.offer(event) == .accepted(ordinal: 0))
        let expected = isTrusted ? Timestamp(time.text) : verifier.now
        #expect(try verifier.record(of: author.aid, at: 0)?.seenAt == expected)
        #expect(try verifier.state(of: author.aid)?.firstSeenAt == expected)
    }
}
