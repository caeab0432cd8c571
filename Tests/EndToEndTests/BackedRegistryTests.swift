// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// A registry with two backers, each a witness of the built binary in a process of its own.
@Suite(.timeLimit(.minutes(5))) struct BackedRegistryTests {
    private static let schema = """
        {"$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Badge", "type": "object"}
        """

    @Test func oneIsAwayAndComesBack() throws {
        let (one, two) = (try ServedWitnesses(1), try ServedWitnesses(1))
        let home = try one.home()
        try home.kelmark("oobi resolve http://127.0.0.1:\(two.ports[0])/oobi", expecting: 0)
        try home.kelmark("id create acme \(one.options(1))", expecting: 0)
        try home.write(Self.schema, to: "draft.json")
        try home.kelmark("schema address draft.json --out badge.json", expecting: 0)
        let schema = try #require(
            try home.kelmark("schema add badge.json --json", expecting: 0).data()["said"]?.textValue)

        two.stop()
        let made = try home.kelmark(
            "registry create staff --owner acme --backer \(one.aids[0]) --backer \(two.aids[0]) "
                + "--backer-threshold 2 --json", expecting: 6)
        #expect(try made.code() == "KM-WAIT-PARTIAL-BACKERS")
        let asked = try made.data()["backers"]?.listValue?.map { $0["result"]?.textValue }
        #expect(asked == ["receipted", "unreachable"])
        let waiting = try home.kelmark("waiting --json", expecting: 0).data()["waiting"]?[0]
        #expect(waiting?["reason"] == "partial-backers")
        #expect(waiting?["next"] == "kelmark registry resume")
        try home.kelmark("registry resume", expecting: 6)
        try two.start()
        try home.kelmark("registry resume", expecting: 0)
        #expect(try home.kelmark("waiting", expecting: 0).text == "nothing waits\n")

        let issued = try home.kelmark(
            "credential issue --registry staff --schema \(schema) --set role=guest --json", expecting: 0)
        let said = try #require(try issued.data()["credential"]?.textValue)
        try home.kelmark("credential verify \(said)", expecting: 0)
        // A backer that starts again goes on where it was.
        one.stop()
        try one.start()
        try home.kelmark("credential revoke \(said) --yes", expecting: 0)
        #expect(try home.kelmark("credential verify \(said) --json", expecting: 1).code() == "KM-CREDENTIAL-REVOKED")
        try home.kelmark("registry publish staff", expecting: 0)
        try home.kelmark("registry rotate staff --cut \(two.aids[0]) --backer-threshold 1", expecting: 0)
    }
}
