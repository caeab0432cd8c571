// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Every command where all goes well.
@Suite(.timeLimit(.minutes(5))) struct CommandTests {
    @Test func theFirstTenMinutes() throws {
        let box = try Sandbox()
        #expect(try box.kelmark("id list --json").code() == "KM-HOME-MISSING")
        let made = try box.kelmark("init --json", expecting: 0)
        #expect(try made.envelope()["ok"] == true)
        let permissions = try FileManager.default.attributesOfItem(atPath: box.home)[.posixPermissions] as? Int
        #expect(permissions == 0o700)
        for file in try FileManager.default.contentsOfDirectory(atPath: box.home) {
            let mode =
                try FileManager.default.attributesOfItem(atPath: box.home + "/" + file)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(file)")
        }
        #expect(try box.kelmark("init --json").code() == "KM-HOME-EXISTS")
        #expect(try box.kelmark("id list", expecting: 0).text == "no AIDs yet\n")

        let created = try box.kelmark("id create acme --keys 3 --threshold 2 --sign-with 0,2 --json", expecting: 0)
        #expect(try created.data()["state"]?["kt"] == "2")
        #expect(try created.data()["state"]?["k"]?.listValue?.count == 3)
        let delegated = try box.kelmark("id delegate issuer --from acme --approve-with 1,2 --json", expecting: 0)
        #expect(try delegated.data()["outcome"] == "accepted")
        #expect(try delegated.data()["state"]?["di"]?.textValue == (try box.aid("acme")))
        #expect(try box.kelmark("id list --json", expecting: 0).data()["identifiers"]?.listValue?.count == 2)

        try box.kelmark("id rotate acme --reveal 0,2 --threshold 2 --json", expecting: 0)
        try box.write(#"{"note":"hello","n":1}"#, to: "note.json")
        let anchored = try box.kelmark("id anchor acme --data note.json --json", expecting: 0)
        #expect(try anchored.data()["event"]?["t"] == "ixn")
        let shown = try box.kelmark("kel show acme --json", expecting: 0).data()
        #expect(shown["log"]?.listValue?.last?["event"]?["a"]?[0]?["note"] == "hello")
        #expect(try box.kelmark("kel show acme", expecting: 0).text.contains("rot  at 2"))
    }

    @Test func delegatedRotationWaitsAndIsApproved() throws {
        let box = try Sandbox.withIssuer()
        let rotated = try box.kelmark("id rotate issuer --json", expecting: 6)
        #expect(try rotated.code() == "KM-WAIT-DELEGABLE")
        #expect(try rotated.envelope()["error"]?["next"] == "kelmark id approve issuer")
        let waiting = try box.kelmark("waiting --json", expecting: 0).data()["waiting"]?[0]
        #expect(waiting?["reason"] == "delegable")
        #expect(waiting?["actor"] == "you, as acme")
        #expect(waiting?["since"]?.textValue?.isEmpty == false)
        #expect(try box.kelmark("id rotate issuer --json", expecting: 5).code() == "KM-AID-EVENT-WAITING")
        try box.kelmark("id approve issuer --json", expecting: 0)
        #expect(try box.kelmark("waiting", expecting: 0).text == "nothing waits\n")
        #expect(try box.kelmark("id approve issuer --json", expecting: 4).code() == "KM-AID-NOTHING-TO-APPROVE")
        try box.kelmark("id approve issuer --json", expecting: 4)
    }

    @Test func logsTravelBetweenHomes() throws {
        let ours = try Sandbox.withIssuer()
        let theirs = try Sandbox()
        try theirs.kelmark("init", expecting: 0)
        let issuer = try ours.aid("issuer")
        try ours.kelmark("id export issuer --out \(theirs.path("issuer.cesr"))", expecting: 0)
        let dry = try theirs.kelmark("id import issuer.cesr --dry-run --json", expecting: 0)
        #expect(try dry.data()["counts"]?["accepted"] == 3)
        #expect(try theirs.kelmark("id list --all", expecting: 0).text == "no AIDs yet\n")
        let taken = try theirs.kelmark("id import issuer.cesr --json", expecting: 0)
        #expect(try taken.data()["counts"]?["accepted"] == 3)
        #expect(try theirs.kelmark("id show \(issuer)", expecting: 0).text.contains("delegated by"))
        #expect(try theirs.kelmark("id import issuer.cesr --json", expecting: 0).data()["counts"]?["known"] == 3)
        #expect(try theirs.kelmark("kel diff \(issuer) issuer.cesr", expecting: 0).text.contains("equal"))
        try ours.kelmark("id anchor issuer --empty", expecting: 0)
        try ours.kelmark("id export issuer --out \(theirs.path("longer.cesr"))", expecting: 0)
        let behind = try theirs.kelmark("kel diff \(issuer) longer.cesr --json", expecting: 3)
        #expect(try behind.code() == "KM-VERDICT-UNDECIDABLE")
        // Standard output and input work as well.
        let stream = try ours.kelmark("id export issuer", expecting: 0).output
        #expect(stream == (try theirs.read("longer.cesr")))
        #expect(try theirs.run(["id", "import", "-"], input: stream).status == 0)
        #expect(try theirs.run(["kel", "diff", issuer, "longer.cesr"]).status == 0)
    }

    @Test func verifyingALogNeedsNoHome() throws {
        let box = try Sandbox.withIssuer()
        try box.kelmark("id export issuer --out issuer.cesr", expecting: 0)
        let run = try box.kelmark("kel verify issuer.cesr --json", environment: ["KELMARK_HOME": box.path("nowhere")])
        #expect(run.status == 0)
        let data = try run.data()
        let issuer = try box.aid("issuer")
        #expect(
            data["states"]?[issuer]?.mapValue?.labels == [
                "vn", "i", "s", "p", "d", "f", "dt", "et", "kt", "k", "nt", "n", "bt", "b", "c", "ee", "di",
            ])
        #expect(data["log"]?[issuer]?[0]?.mapValue?.labels == ["fn", "s", "t", "d"])
        #expect(data["escrows"]?.mapValue?.isEmpty == true)
        #expect(data["duplicity"]?.listValue?.isEmpty == true)
        #expect(!FileManager.default.fileExists(atPath: box.path("nowhere")))
    }

    @Test func recoveryAndAbandonment() throws {
        let box = try Sandbox.withIssuer()
        for _ in 0..<3 { try box.kelmark("id anchor acme --empty", expecting: 0) }
        let recovered = try box.kelmark("id rotate acme --at 3 --json", expecting: 0)
        #expect(try recovered.data()["state"]?["s"] == "3")
        #expect(try box.kelmark("kel show acme", expecting: 0).text.contains("superseded"))
        #expect(try box.kelmark("id abandon acme --json", expecting: 2).code() == "KM-NEEDS-YES")
        #expect(try box.kelmark("id abandon acme --json", expecting: 2).data()["delegates"]?.listValue?.count == 1)
        let dry = try box.kelmark("id abandon acme --yes --dry-run --json", expecting: 0)
        #expect(try dry.data()["dryRun"] == true)
        try box.kelmark("id abandon acme --yes", expecting: 0)
        #expect(try box.kelmark("id rotate acme --json", expecting: 5).code() == "KM-AID-ENDED")
        try box.kelmark("id export acme --out acme.cesr", expecting: 0)
        try box.kelmark("kel verify acme.cesr", expecting: 0)
    }

    @Test func svidIsSignedAndProven() throws {
        let box = try Sandbox.withIssuer()
        let made = try Sandbox.run(
            "/usr/bin/env",
            [
                "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                "web.key", "-subj", "/", "-out", "web.csr",
            ], in: box.folder, environment: box.environment)
        #expect(made.status == 0)
        let sign = "issuer sign issuer --csr web.csr --id spiffe://acme.example/web --out web --json"
        #expect(try box.kelmark(sign, expecting: 4).code() == "KM-ISSUER-NO-STATEMENT")
        #expect(
            try box.kelmark("issuer statement acme --trust-domain acme.example --json", expecting: 1).code()
                == "KM-ISSUER-NO-AUTHORITY")
        try box.kelmark("issuer authorise issuer --from acme --trust-domain acme.example", expecting: 0)
        for _ in 0..<2 {
            let stated = try box.kelmark("issuer statement issuer --trust-domain acme.example --json", expecting: 0)
            #expect(try stated.data()["statement"]?["td"] == "acme.example")
        }
        let signed = try box.kelmark(sign, expecting: 0)
        #expect(try signed.data()["verdict"] == "proven")
        let openssl = try Sandbox.run(
            "/usr/bin/env", ["openssl", "verify", "-x509_strict", "-CAfile", "web-authority.pem", "web.pem"],
            in: box.folder, environment: box.environment)
        #expect(openssl.status == 0, "\(openssl.text)\(openssl.errors)")

        let acme = try box.aid("acme")
        let verify = "verify web.kel --root \(acme) --trust-domain acme.example"
        let proven = try box.kelmark(verify + " --json", environment: ["KELMARK_HOME": box.path("nowhere")])
        #expect(proven.status == 0)
        #expect(try proven.data()["verdict"] == "proven")
        #expect(try proven.data()["rungs"]?.listValue?.count == 9)
        #expect(try proven.data()["subject"] == "spiffe://acme.example/web")
        #expect(try proven.data()["asOf"]?.listValue?.count == 2)
        #expect(try proven.data()["notChecked"]?.listValue?.isEmpty == false)
        let late = try box.kelmark(verify + " --now 2099-01-01T00:00:00Z --json", expecting: 1)
        #expect(try late.code() == "KM-VERDICT-CONTRADICTED")
        try box.kelmark(verify + " --as-of \(acme):0 --json", expecting: 1)
        try box.kelmark("verify web.kel --root \(acme) --trust-domain other.example", expecting: 1)
        try box.kelmark("verify web.kel --root \(try box.aid("issuer")) --trust-domain acme.example", expecting: 1)
        #expect(try box.kelmark("verify web.kel --json", expecting: 2).code() == "KM-VERDICT-QUESTION")
        let configured = try box.kelmark(
            "verify web.kel",
            environment: ["KELMARK_VERIFY_ROOT": acme, "KELMARK_VERIFY_TRUST_DOMAIN": "acme.example"])
        #expect(configured.status == 0)
        #expect(try box.kelmark("inspect web.kel", expecting: 0).text.contains("manifest, 9 parts"))
        #expect(
            try box.kelmark(
                "issuer sign issuer --csr web.csr --id spiffe://other.example/web --json", expecting: 4
            ).code() == "KM-ISSUER-NO-STATEMENT")
    }

    @Test func inspectShowsAnyStream() throws {
        let box = try Sandbox.withIssuer()
        try box.kelmark("id export issuer --out issuer.cesr", expecting: 0)
        #expect(try box.kelmark("inspect issuer.cesr", expecting: 0).text.contains("controller signatures"))
        #expect(try box.kelmark("inspect issuer.cesr --json", expecting: 0).data()["stream"]?.listValue?.count == 3)
    }

    @Test func doctorFindsWhatIsWrong() throws {
        let box = try Sandbox.withIssuer()
        try box.kelmark("doctor", expecting: 0)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: box.home + "/keys.vault")
        let findings = try box.kelmark("doctor --json", expecting: 1)
        #expect(try findings.code() == "KM-DOCTOR-FINDINGS")
        #expect(try findings.envelope()["error"]?["cause"]?.textValue?.contains("PERMISSIONS") == true)
    }

    @Test func demoEndsWell() throws {
        let box = try Sandbox()
        let run = try box.kelmark("demo --json", environment: ["TMPDIR": box.folder.path])
        #expect(run.status == 0, "\(run.errors)")
        let data = try run.data()
        #expect(data["verdict"] == "proven")
        #expect(data["openssl"] == "accepted")
        let rows = data["corruptions"]?.listValue ?? []
        #expect(rows.count >= 30)
        #expect(rows.allSatisfy { $0["asExpected"] == true })
        #expect(Set(rows.compactMap { $0["exit"]?.integerValue }) == [0, 1, 3])
        // Nothing is left behind.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: box.folder.path).filter { $0.contains("demo") }.isEmpty)
        let story = try box.kelmark("demo", expecting: 0).text
        #expect(story.contains("openssl verify -x509_strict accepts the chain"))
    }

    @Test func smallCommands() throws {
        let box = try Sandbox()
        #expect(try box.kelmark("version --short", expecting: 0).text == "0.1.0\n")
        #expect(try box.kelmark("explain KM-HOME-MISSING", expecting: 0).text.contains("kelmark init"))
        #expect(try box.kelmark("explain KM-NO-SUCH --json", expecting: 4).code() == "KM-EXPLAIN-UNKNOWN")
        #expect(try box.kelmark("config show --origin", expecting: 0).text.contains("[environment KELMARK_HOME]"))
        #expect(try box.kelmark("--help", expecting: 0).text.contains("EXAMPLES"))
        #expect(try box.kelmark("help id create", expecting: 0).text.contains("--threshold"))
        #expect(try box.kelmark("--generate-completion-script zsh", expecting: 0).text.contains("kelmark"))
    }

    @Test func shellsCompleteNames() throws {
        let box = try Sandbox.withIssuer()
        try box.write(
            "source ./completion.bash; COMP_WORDS=(kelmark id show ac); COMP_CWORD=3; COMP_LINE='kelmark id show ac'; "
                + "COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; _kelmark; echo \"${COMPREPLY[@]}\"", to: "try.bash")
        try box.write(try box.kelmark("--generate-completion-script bash", expecting: 0).output, to: "completion.bash")
        var environment = box.environment
        environment["PATH"] =
            URL(filePath: Binary.path).deletingLastPathComponent().path + ":" + (environment["PATH"] ?? "")
        let run = try Sandbox.run("/bin/bash", ["try.bash"], in: box.folder, environment: environment)
        #expect(run.text.contains("acme"), "\(run.text) \(run.errors)")
        #expect(!run.text.contains("issuer"))
    }

    @Test func quietAndColourlessOnPipes() throws {
        let box = try Sandbox.withIssuer()
        let quiet = try box.kelmark("id list --quiet", expecting: 0)
        #expect(quiet.errors.isEmpty)
        #expect(!(try box.kelmark("doctor", expecting: 0).text.contains("\u{1B}")))
        // Results go to stdout, hints to stderr.
        try FileManager.default.removeItem(atPath: box.home)
        let made = try box.kelmark("init", expecting: 0)
        #expect(made.text == "made \(box.home)\n")
        #expect(made.errors.contains("hint:"))
    }
}
