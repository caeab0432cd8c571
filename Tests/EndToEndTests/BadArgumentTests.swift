// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

@Suite(.timeLimit(.minutes(5))) struct BadArgumentTests {
    @Test(arguments: [
        "id create", "id create alice --keys 0", "id create alice --keys 65", "id create alice --threshold x",
        "id create alice --witness x", "id create alice --algorithm rsa", "id rotate", "id rotate alice --reveal 1,",
        "id rotate alice --at 0X1", "id rotate alice --next-keys 0", "id anchor alice", "id anchor alice --digest x",
        "id anchor alice --seal a:b", "issuer sign issuer", "issuer sign issuer --csr x --ttl 1", "bogus",
        "id bogus", "id list --bogus", "kel show", "kel show alice --limit 0",
        "issuer statement issuer --trust-domain A",
        "explain",
    ])
    func wrongCommandLines(line: String) throws {
        let box = try Sandbox()
        let run = try box.kelmark(line + " --json")
        #expect(run.status == 2, "\(run.errors)")
        #expect(try run.code() == "KM-USAGE")
        #expect(run.errors.contains("next: kelmark"))
        #expect(try box.kelmark(line).status == 2)
    }

    @Test(arguments: [
        ("id create 9lives", "KM-AID-NAME-MALFORMED", Int32(2)), ("id create acme", "KM-AID-NAME-TAKEN", 5),
        ("id create b --keys 2 --threshold 3", "KM-THRESHOLD-TOO-HIGH", 2),
        ("id create b --delegator nobody", "KM-AID-UNKNOWN", 4), ("id show nobody", "KM-AID-UNKNOWN", 4),
        ("id rotate nobody", "KM-AID-UNKNOWN", 4), ("id rotate acme --reveal 9", "KM-AID-KEY-INDEX", 2),
        ("id rotate acme --reveal 0", "KM-AID-KEYS-INSUFFICIENT", 2), ("id rotate acme --at 9", "KM-AID-POSITION", 2),
        ("id anchor acme --empty --sign-with 0", "KM-AID-KEYS-INSUFFICIENT", 2),
        ("id approve acme", "KM-AID-NOTHING-TO-APPROVE", 4), ("id export nobody", "KM-AID-UNKNOWN", 4),
        ("kel diff acme nowhere", "KM-INPUT-MISSING", 4),
        ("id anchor acme --data spaced.json", "KM-DOCUMENT-WHITE-SPACE", 1),
        ("id anchor acme --data twice.json", "KM-DOCUMENT-DUPLICATE-LABEL", 1),
        ("issuer sign issuer --csr bad.csr --id spiffe://acme.example/web", "KM-REQUEST-MALFORMED", 1),
        ("id create b --salt-file bad.csr", "KM-INPUT-EXPOSED", 1),
        ("id create b --salt-file bad.salt", "KM-INPUT-MALFORMED", 1),
        ("id create b --salt-file no.salt", "KM-INPUT-MISSING", 4),
        ("config show --config nowhere", "KM-CONFIG-MISSING", 4),
    ])
    func whatCanNotBeDone(line: String, code: String, status: Int32) throws {
        let box = try Sandbox.withIssuer()
        try box.write(#"{"a": 1}"#, to: "spaced.json")
        try box.write(#"{"a":1,"a":2}"#, to: "twice.json")
        try box.write("nonsense", to: "bad.csr")
        try box.write("nonsense", to: "bad.salt", mode: 0o600)
        let before = try box.contents()
        let run = try box.kelmark(line + " --json")
        #expect(run.status == status, "\(run.errors)")
        #expect(try run.code() == code)
        #expect(try box.contents() == before)
    }

    @Test func secretsAreNeverPrinted() throws {
        let box = try Sandbox.withIssuer()
        for line in ["id rotate acme -v", "id show acme -v --json", "doctor -v", "config show --origin"] {
            let run = try box.kelmark(line)
            #expect(!run.text.contains("correct horse") && !run.errors.contains("correct horse"))
        }
    }
}
