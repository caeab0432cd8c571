// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Several homes that know each other by witnesses: the built binary on all sides.
@Suite struct NetworkCommandTests {
    /// Homes with an AID each, which know each other by name.
    private func people(_ names: [String], _ witnesses: ServedWitnesses) throws -> [Sandbox] {
        let homes = try names.map { name in
            let home = try witnesses.home()
            try home.kelmark("id create \(name) \(witnesses.options(2))", expecting: 0)
            return home
        }
        for (home, name) in zip(homes, names) {
            let oobis = try home.kelmark("oobi make \(name) --json", expecting: 0).data()["oobis"]
            let oobi = try #require(oobis?[0]?.textValue)
            for (other, otherName) in zip(homes, names) where otherName != name {
                try other.kelmark("oobi resolve \(oobi) --alias \(name)", expecting: 0)
            }
        }
        return homes
    }

    private func proposal(_ home: Sandbox) throws -> String {
        try home.kelmark("mail fetch", expecting: 0)
        let groups = try home.kelmark("id multisig list --json", expecting: 0).data()["groups"]
        let open = groups?[0]?["proposals"]?.listValue?.first { $0["stage"] == "proposed" }
        return try #require(open?["d"]?.textValue)
    }

    private func end(_ home: Sandbox, _ name: String) throws -> String? {
        try home.kelmark("id show \(name) --json", expecting: 0).data()["state"]?["d"]?.textValue
    }

    @Test func aGroupOfThreeHomes() throws {
        let witnesses = try ServedWitnesses(2)
        let homes = try people(["alice", "bob", "carol"], witnesses)
        let made = try homes[0].kelmark(
            "id multisig create board --member alice --members alice,bob,carol --threshold 2 --next-threshold 2 "
                + witnesses.options(2) + " --json", expecting: 6)
        #expect(try made.code() == "KM-WAIT-PARTIAL-SIGNATURES")
        let inception = try proposal(homes[1])
        let waiting = try homes[1].kelmark("waiting --json", expecting: 0).data()["waiting"]?[0]
        #expect(waiting?["next"]?.textValue == "kelmark id multisig approve \(inception)")
        #expect(waiting?["actor"] == "you, as bob")
        // What is demanded is not what is proposed: nothing is signed.
        let refused = try homes[1].kelmark(
            "id multisig approve \(inception) --name board --threshold 3 --json", expecting: 1)
        #expect(try refused.code() == "KM-GROUP-OTHER-THRESHOLD")
        try homes[1].kelmark("id multisig approve \(inception) --name board --wait 30", expecting: 0)
        try homes[0].kelmark("id multisig resume board --wait 30", expecting: 0)
        try homes[2].kelmark("id multisig approve \(try proposal(homes[2])) --name board --wait 30", expecting: 0)

        // Two agree to something; the third, who was away, follows.
        try homes[0].write(#"{"note":1}"#, to: "note.json")
        try homes[0].kelmark("id multisig anchor board --data note.json", expecting: 6)
        let anchored = try proposal(homes[1])
        try homes[1].kelmark("id multisig approve \(anchored) --wait 30", expecting: 0)
        try homes[0].kelmark("id multisig resume board --wait 30", expecting: 0)
        try homes[2].kelmark("id multisig follow board", expecting: 0)
        for home in homes { #expect(try end(home, "board") == anchored) }

        // New keys: everybody's own first.
        for (home, name) in zip(homes, ["alice", "bob", "carol"]) {
            try home.kelmark("id rotate \(name)", expecting: 0)
        }
        try homes[2].kelmark("id multisig rotate board", expecting: 6)
        let rotated = try proposal(homes[0])
        try homes[0].kelmark("id multisig approve \(rotated) --wait 30", expecting: 0)
        try homes[2].kelmark("id multisig resume board --wait 30", expecting: 0)
        try homes[1].kelmark("id multisig approve \(try proposal(homes[1])) --wait 30", expecting: 0)
        for home in homes {
            #expect(try end(home, "board") == rotated)
            #expect(try home.kelmark("waiting", expecting: 0).text == "nothing waits\n")
        }
        // A second place is not given away twice.
        #expect(
            try homes[1].kelmark("id multisig decline \(rotated) --json", expecting: 5).code()
                == "KM-GROUP-PROPOSAL-SETTLED")
    }

    @Test func aDelegateInAnotherHome() throws {
        let witnesses = try ServedWitnesses(2)
        let homes = try people(["acme", "bob"], witnesses)
        let made = try homes[1].kelmark(
            "id create issuer --delegator acme \(witnesses.options(1)) --json", expecting: 6)
        #expect(try made.code() == "KM-WAIT-PARTIAL-DELEGATION")
        #expect(try made.envelope()["error"]?["next"] == "kelmark id request issuer --wait 60")
        let aid = try #require(try made.data()["aid"]?.textValue)
        for sn in ["0", "1"] {
            if sn == "1" { try homes[1].kelmark("id rotate issuer", expecting: 6) }
            try homes[1].kelmark("id request issuer", expecting: 6)
            let mail = try homes[0].kelmark("mail fetch --json", expecting: 0).data()["messages"]?.listValue ?? []
            #expect(mail.contains { $0["kind"] == "delegation" && $0["event"]?["s"]?.textValue == sn })
            try homes[0].kelmark("id approve \(aid)", expecting: 0)
            try homes[1].kelmark("id request issuer --no-send --wait 30", expecting: 0)
        }
        let fetched = try homes[0].kelmark("kel fetch \(aid) --json", expecting: 0)
        #expect(try fetched.data()["state"]?["s"] == "1")
        #expect(try homes[0].kelmark("waiting", expecting: 0).text == "nothing waits\n")
        #expect(
            try homes[0].kelmark("id did \(aid) --json", expecting: 0).data()["did"]?.textValue == "did:keri:\(aid)")
    }

    @Test func wordsAndAnswers() throws {
        let witnesses = try ServedWitnesses(2)
        let homes = try people(["alice", "bob"], witnesses)
        let words = try homes[0].kelmark("challenge make", expecting: 0).text.trimmingCharacters(
            in: .whitespacesAndNewlines)
        #expect(words.split(separator: " ").count == 12)
        #expect(
            try homes[0].kelmark("challenge verify bob --as alice --json \(words)", expecting: 6).code()
                == "KM-CHALLENGE-UNANSWERED")
        try homes[1].kelmark("challenge respond alice --as bob \(words)", expecting: 0)
        try homes[0].kelmark("challenge verify bob --as alice --wait 30 \(words)", expecting: 0)
        #expect(
            try homes[0].kelmark("challenge verify bob --as alice --json \(words)", expecting: 1).code()
                == "KM-CHALLENGE-NOT-GIVEN")
        let asked = try homes[1].kelmark("kel fetch alice --as bob --state --json", expecting: 0)
        #expect(try asked.data()["answers"]?[0]?["result"] == "taken")
    }
}
