// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Authority credentials by the commands that a person types.
@Suite(.timeLimit(.minutes(5))) struct AuthorityCommandTests {
    /// A home with a signed SVID, its organisation's AID, the credential and the statement.
    private static func signed() throws -> (box: Sandbox, acme: String, credential: String, statement: String) {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        try box.kelmark("id create acme --keys 3 --threshold 2", expecting: 0)
        try box.kelmark("id create issuer", expecting: 0)
        let authorised = try box.kelmark(
            "issuer authorise issuer --from acme --trust-domain acme.example --path /web --max-x509-ttl 2h "
                + "--max-keys 2 --json",
            expecting: 0)
        let credential = try #require(try authorised.data()["credential"]?.textValue)
        let stated = try box.kelmark("issuer statement issuer --trust-domain acme.example --json", expecting: 0)
        let statement = try #require(try stated.data()["statement"]?["d"]?.textValue)
        #expect(try stated.data()["statement"]?["cred"]?.textValue == credential)
        try box.makeRequest()
        try box.kelmark("issuer sign issuer --csr web.csr --id spiffe://acme.example/web --out web", expecting: 0)
        return (box, try box.aid("acme"), credential, statement)
    }

    private static func verify(_ box: Sandbox, _ acme: String, _ more: String = "") throws -> (Int32, String?) {
        let run = try box.kelmark("verify web.kel --root \(acme) --trust-domain acme.example \(more) --json")
        return (run.status, try run.data()["verdict"]?.textValue)
    }

    @Test func limitsAreKeptByTheIssuerAndShownByTheVerifier() throws {
        let (box, acme, credential, _) = try Self.signed()
        let sign = "issuer sign issuer --csr web.csr --out other --json"
        #expect(
            try box.kelmark("\(sign) --id spiffe://acme.example/webs", expecting: 1).code() == "KM-ISSUER-LIMITS")
        #expect(
            try box.kelmark("\(sign) --id spiffe://acme.example/web --ttl 3h", expecting: 1).code()
                == "KM-ISSUER-LIMITS")
        // All that is allowed: dating back is part of it.
        let longest = try box.kelmark("\(sign) --id spiffe://acme.example/web/a --ttl 2h", expecting: 0)
        #expect(try longest.data()["verdict"] == "proven")
        let report = try box.kelmark(
            "verify web.kel --root \(acme) --trust-domain acme.example --json", expecting: 0)
        let authority = try #require(try report.data()["authority"])
        #expect(authority["credential"]?.textValue == credential)
        #expect(authority["limits"]?["maxX509TTL"]?.integerValue == 7200)
        #expect(authority["limits"]?["pathPrefixes"]?.listValue == ["/web"])
        try box.kelmark("issuer statement issuer --trust-domain acme.example", expecting: 0)
        let third = try box.kelmark("issuer statement issuer --trust-domain acme.example --json", expecting: 5)
        #expect(try third.code() == "KM-ISSUER-KEYS")
        #expect(
            try box.kelmark(
                "issuer authorise issuer --from acme --trust-domain acme.example --max-keys 0 --json", expecting: 2
            ).code() == "KM-ISSUER-LIMITS-MALFORMED")
    }

    @Test func aRevocationEndsTheIssuerForGood() throws {
        let (box, acme, credential, _) = try Self.signed()
        #expect(try Self.verify(box, acme) == (0, "proven"))
        #expect(try box.kelmark("authority revoke \(credential) --json", expecting: 2).code() == "KM-NEEDS-YES")
        let dry = try box.kelmark("authority revoke \(credential) --yes --dry-run --json", expecting: 0)
        #expect(try dry.data()["dryRun"] == true)
        try box.kelmark("issuer prove issuer --certificate web.pem --out web.kel", expecting: 0)
        #expect(try Self.verify(box, acme) == (0, "proven"))
        try box.kelmark("authority revoke \(credential) --yes", expecting: 0)
        // The old file can't know; the new one does, and still tells what held before.
        #expect(try Self.verify(box, acme) == (0, "proven"))
        try box.kelmark("issuer prove issuer --certificate web.pem --out web.kel", expecting: 0)
        #expect(try Self.verify(box, acme) == (1, "contradicted"))
        let issuer = "--as-of \(try box.aid("issuer")):1"
        #expect(try Self.verify(box, acme, "--as-of \(acme):2 \(issuer)") == (0, "proven"))
        #expect(try Self.verify(box, acme, "--as-of \(acme):2") == (3, "undecidable"))
        #expect(try Self.verify(box, acme, "--as-of \(acme):3 \(issuer)") == (1, "contradicted"))
        let list = try box.kelmark("authority list --json", expecting: 0).data()["authorities"]
        #expect(list?[0]?["state"] == "revoked")
        #expect(list?[0]?["keys"]?[0]?["state"] == "fallen")
        let sign = "issuer sign issuer --csr web.csr --id spiffe://acme.example/web --out other --json"
        #expect(try box.kelmark(sign, expecting: 1).code() == "KM-ISSUER-NO-AUTHORITY")
        #expect(
            try box.kelmark("issuer statement issuer --trust-domain acme.example --json", expecting: 1).code()
                == "KM-ISSUER-NO-AUTHORITY")
        // Another credential lets it go on, with a key of its own.
        try box.kelmark("issuer authorise issuer --from acme --trust-domain acme.example", expecting: 0)
        try box.kelmark("issuer statement issuer --trust-domain acme.example", expecting: 0)
        #expect(try box.kelmark(sign, expecting: 0).data()["verdict"] == "proven")
    }

    @Test func aWithdrawalEndsOneKey() throws {
        for author in ["", "--by acme"] {
            let (box, acme, _, statement) = try Self.signed()
            #expect(try box.kelmark("authority withdraw \(statement) --json", expecting: 2).code() == "KM-NEEDS-YES")
            let done = try box.kelmark("authority withdraw \(statement) \(author) --yes --json", expecting: 0)
            #expect(try done.data()["withdrawal"]?["subject"]?.textValue == statement)
            try box.kelmark("issuer prove issuer --certificate web.pem --out web.kel", expecting: 0)
            #expect(try Self.verify(box, acme) == (1, "contradicted"))
            // Another key of the same credential is proven, and the withdrawal is explained in its file.
            try box.kelmark("issuer statement issuer --trust-domain acme.example", expecting: 0)
            let again = try box.kelmark(
                "issuer sign issuer --csr web.csr --id spiffe://acme.example/web --out web --json", expecting: 0)
            #expect(try again.data()["verdict"] == "proven")
        }
        let (box, _, _, statement) = try Self.signed()
        try box.kelmark("id create other", expecting: 0)
        #expect(
            try box.kelmark("authority withdraw \(statement) --by other --yes --json", expecting: 2).code()
                == "KM-ISSUER-FOREIGN")
        #expect(
            try box.kelmark("authority withdraw \(try box.aid("acme")) --yes --json", expecting: 4).code()
                == "KM-ISSUER-NO-STATEMENT")
    }

    @Test func aSuspensionIsSignedByOneKeyAndSealedNowhere() throws {
        let (box, acme, _, statement) = try Self.signed()
        let before = try box.kelmark("kel show acme --json", expecting: 0).text
        let made = try box.kelmark("authority suspend \(statement) --key 2 --out stop.cesr --json", expecting: 0)
        #expect(try made.data()["suspension"]?["i"]?.textValue == acme)
        #expect(try box.kelmark("inspect stop.cesr", expecting: 0).text.contains("/km/suspension"))
        #expect(try box.kelmark("kel show acme --json", expecting: 0).text == before)
        #expect(
            try box.kelmark("authority suspend \(statement) --key 3 --out stop.cesr --json").code()
                == "KM-AID-KEY-INDEX")
        let dry = try box.kelmark("authority suspend \(statement) --out dry.cesr --dry-run --json", expecting: 0)
        #expect(try dry.data()["dryRun"] == true)
        #expect(!FileManager.default.fileExists(atPath: box.path("dry.cesr")))
    }

    @Test func aRecoverySealsAgainWhatItKeeps() throws {
        let (box, acme, _, statement) = try Self.signed()
        let dry = try box.kelmark("issuer recover issuer --at 1 --dry-run --json", expecting: 0)
        #expect(try dry.data()["sealedAgain"]?.listValue?.compactMap(\.textValue) == [statement])
        try box.kelmark("issuer recover issuer --at 1", expecting: 0)
        try box.kelmark("issuer prove issuer --certificate web.pem --out web.kel", expecting: 0)
        #expect(try Self.verify(box, acme) == (0, "proven"))
        #expect(
            try box.kelmark("issuer recover issuer --at 1 --drop \(acme) --json", expecting: 2).code() == "KM-USAGE")
        // A recovery of the organisation takes the authority away unless it seals it again.
        try box.kelmark("id rotate acme --at 2", expecting: 0)
        let fallen = try box.kelmark("authority list --json", expecting: 0).data()["authorities"]
        #expect(fallen?[0]?["state"] == "unanchored")
    }

    /// Who leaves the superseded branch out of a file must not thereby bring a key back.
    @Test func aRecoverySealsAgainWhatTheOrganisationWithdrew() throws {
        let (box, acme, _, statement) = try Self.signed()
        try box.kelmark("authority withdraw \(statement) --by acme --yes", expecting: 0)
        let dry = try box.kelmark("id rotate acme --at 3 --reseal none --dry-run --json", expecting: 0)
        #expect(try dry.data()["withdrawals"] == nil)
        let made = try box.kelmark("id rotate acme --at 3 --json", expecting: 0).data()
        #expect(made["withdrawals"]?.listValue?.count == 1)
        let withdrawal = try #require(made["withdrawals"]?.listValue?.first?.textValue)
        // In the branch that was superseded, and in the rotation.
        let log = try box.kelmark("kel show acme --json", expecting: 0).text
        #expect(log.components(separatedBy: withdrawal).count == 3)
        try box.kelmark("issuer prove issuer --certificate web.pem --out web.kel", expecting: 0)
        #expect(try Self.verify(box, acme) == (1, "contradicted"))
    }
}
