// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Authorities of an issuer that is served, and what the logs of its AID and its organisation say of them.
@Suite(.timeLimit(.minutes(5))) struct ServedAuthorityTests {
    private static func served() throws -> ServedDomain {
        try ServedDomain(try Sandbox.withAuthority(maxKeys: 8), ["--issuer", "issuer"])
    }

    @Test func aRevokedAuthorityIsWithdrawnInTheLogOfTheIssuer() throws {
        let domain = try Self.served()
        let box = domain.box
        try domain.ask("svid mint x509 --spiffe-id spiffe://acme.example/web --write minted")
        let prove = "issuer prove issuer --certificate minted/svid.pem --out web.kel"
        let verify = "verify web.kel --root \(try box.aid("acme")) --trust-domain acme.example"
        try domain.wait("the certificate beside its statement") { try box.kelmark(prove).status == 0 }
        try box.kelmark(verify, expecting: 0)
        let old = try domain.rotate()
        try domain.ask("localauthority x509 taint \(old) --yes")
        #expect(try domain.standing(of: old) == "live")
        try domain.ask("localauthority x509 revoke \(old) --yes")
        try domain.wait("the withdrawal") { try domain.standing(of: old) == "withdrawn" }
        #expect(try domain.rootCount() == 1)
        // What it signed is contradicted now, for everybody who sees the log.
        try box.kelmark(prove, expecting: 0)
        let verdict = try box.kelmark("\(verify) --json", expecting: 1).data()
        #expect(verdict["verdict"] == "contradicted")
        let jwt = try domain.rotate("jwt")
        try domain.ask("localauthority jwt revoke \(jwt) --yes")
        try domain.wait("the withdrawal of the JWT key") { try domain.standing(of: jwt) == "withdrawn" }
        #expect(domain.log.contains("statement of a revoked authority withdrawn"))
    }

    /// Between the revocation and its withdrawal the process is killed.
    @Test func aWithdrawalIsMadeUpForAfterACrash() throws {
        let domain = try Self.served()
        let old = try domain.rotate()
        // Whoever changes the home holds this, so that the withdrawal can't be sealed.
        let lock = open(domain.box.home + "/lock", O_RDWR)
        try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
        try domain.ask("localauthority x509 revoke \(old) --yes")
        #expect(try domain.rootCount() == 1, "the bundle does not wait for the log")
        domain.crash()
        close(lock)
        #expect(try domain.standing(of: old) == "live")
        try domain.start()
        try domain.wait("the withdrawal") { try domain.standing(of: old) == "withdrawn" }
        // Once, however often it was tried.
        let records = try FileManager.default.contentsOfDirectory(atPath: domain.box.home + "/issuers/records")
        #expect(records.count == 1)
    }

    @Test func aStatementThatTheOrganisationWithdrewLeavesTheBundle() throws {
        let domain = try Self.served()
        let active = try #require(try domain.active())
        let list = try domain.box.kelmark("authority list --json", expecting: 0).data()
        let keys = list["authorities"]?[0]?["keys"]?.listValue ?? []
        let statement = try #require(keys.first { $0["key"]?.textValue == active }?["statement"]?.textValue)
        try domain.box.kelmark("authority withdraw \(statement) --by acme --yes", expecting: 0)
        try domain.wait("a successor") {
            let now = try domain.active()
            return now != nil && now != active
        }
        try domain.wait("the end of the former root") { try domain.rootCount() == 1 }
        try domain.ask("svid mint x509 --spiffe-id spiffe://acme.example/web --write minted")
    }

    /// The death of the only issuer: its bundle is empty, and it signs nothing, until it is authorised again.
    @Test func anIssuerWhoseAuthorityWasRevokedHasAnEmptyBundle() throws {
        let domain = try Self.served()
        let list = try domain.box.kelmark("authority list --json", expecting: 0).data()
        let credential = try #require(list["authorities"]?[0]?["credential"]?.textValue)
        try domain.box.kelmark("authority revoke \(credential) --yes", expecting: 0)
        try domain.wait("an empty bundle") { try domain.rootCount() == 0 }
        let mint = "svid mint x509 --spiffe-id spiffe://acme.example/web --write minted --socket-path \(domain.socket)"
        #expect(try domain.box.kelmark(mint).status != 0)
        try domain.box.kelmark("issuer authorise issuer --from acme --trust-domain acme.example", expecting: 0)
        try domain.wait("a new authority") { try domain.rootCount() == 1 }
    }

    @Test func belowAnAuthorityElsewhereEverythingIsClaimed() throws {
        let box = try Sandbox.withAuthority()
        let made = try Sandbox.run(
            "/usr/bin/env",
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                "ca.key", "-subj", "/O=Elsewhere", "-out", "ca.pem", "-days", "2", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
            ], in: box.folder, environment: box.environment)
        try #require(made.status == 0)
        let files = ["--upstream-cert-file", box.path("ca.pem"), "--upstream-key-file", box.path("ca.key")]
        // Nothing of it could be proven, so that it is not offered.
        let refused = try box.run(
            ["issuer", "serve", "--trust-domain", "acme.example", "--issuer", "issuer"] + files)
        #expect(refused.status == 2)
        let domain = try ServedDomain(box, ["--claimed"] + files)
        let minted = try domain.ask("svid mint x509 --spiffe-id spiffe://acme.example/web --write minted")
        #expect(minted["x509_svid"]?.listValue?.count == 2)
        let checked = try Sandbox.run(
            "/usr/bin/env",
            [
                "openssl", "verify", "-x509_strict", "-CAfile", "minted/bundle.pem", "-untrusted", "minted/svid.pem",
                "minted/svid.pem",
            ], in: box.folder, environment: box.environment)
        #expect(checked.status == 0, "\(checked.errors)")
        let upstream = try #require(
            try domain.ask("localauthority x509 show")["active"]?["upstream_authority_subject_key_id"]?.textValue)
        #expect(!upstream.isEmpty)
        // Ours can't be cut off below a root that others share.
        let old = try domain.rotate()
        #expect(
            try box.kelmark("localauthority x509 revoke \(old) --yes --socket-path \(domain.socket)").status != 0)
    }

    /// An issuer whose authorities another one certifies, as a workload of an agent of that.
    @Test func anIssuerBelowAnotherSharesItsBundle() throws {
        let port = try ServedWitnesses.freePort()
        let above = try Sandbox()
        try above.kelmark("init", expecting: 0)
        let upper = try ServedDomain(above, ["--claimed", "--allow-downstream"], port: port)
        let (agent, socket) = try upper.startAgent(port)
        defer {
            agent.terminate()
            agent.waitUntilExit()
            unlink(socket)
        }
        let node = try #require(try upper.ask("node list")["agents"]?[0]?["id"]?["path"]?.textValue)
        try upper.ask(
            "entry create --parent-id spiffe://acme.example\(node) --spiffe-id spiffe://acme.example/below "
                + "--selector unix:uid:\(getuid()) --downstream")
        try upper.wait("the identity of the issuer below") {
            try above.kelmark("workload fetch x509 --socket-path \(socket)").status == 0
        }
        let below = try Sandbox()
        try below.kelmark("init", expecting: 0)
        let lower = try ServedDomain(
            below, ["--claimed", "--upstream-server", "127.0.0.1:\(port)", "--upstream-agent", "unix:\(socket)"])
        let minted = try lower.ask("svid mint x509 --spiffe-id spiffe://acme.example/web --write minted")
        #expect(minted["x509_svid"]?.listValue?.count == 2)
        #expect(try lower.ask("bundle show")["x509_authorities"] == upper.ask("bundle show")["x509_authorities"])
        try upper.wait("the keys of both") {
            let above = try upper.ask("bundle show")["jwt_authorities"]?.listValue?.count
            let below = try lower.ask("bundle show")["jwt_authorities"]?.listValue?.count
            return above == 2 && below == 2
        }
    }

    @Test(arguments: [
        ["--claimed", "--x509pop-ca", "pass"], ["--claimed", "--sshpop-ca", "pass"],
        ["--claimed", "--sshpop-ca", "missing"],
        ["--claimed", "--upstream-cert-file", "pass", "--upstream-key-file", "pass"],
        [
            "--claimed", "--k8s-psat-cluster", "main", "--k8s-psat-service-account", "a:b", "--k8s-psat-api-server",
            "http://localhost", "--k8s-psat-token-file", "pass",
        ],
        ["--claimed", "--k8s-psat-cluster", "main", "--k8s-psat-service-account", "a:b"],
    ])
    func filesThatProveNothingEndTheCommand(_ options: [String]) throws {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        let run = try box.run(
            [
                "issuer", "serve", "--trust-domain", "acme.example", "--folder", box.path("served"), "--socket-path",
                box.path("s.sock"), "--json",
            ] + options)
        #expect((1...9).contains(run.status))
        #expect(try run.code()?.hasPrefix("KM-") == true)
    }
}
