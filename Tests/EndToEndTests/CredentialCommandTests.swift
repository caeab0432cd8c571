// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import Testing

/// Credentials with the real binary and without a network: what goes well, and every bad input with its code.
@Suite(.timeLimit(.minutes(5))) struct CredentialCommandTests {
    private static let draft = """
        {"$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Badge", "type": "object",
         "properties": {"a": {"oneOf": [{"type": "string"},
           {"$id": "", "type": "object", "required": ["role"], "properties": {"role": {"type": "string"}}}]}}}
        """

    /// A home with two AIDs, a registry of the first, a schema, and a credential for the second.
    private struct Scene {
        let box: Sandbox
        let schema: String
        let credential: String

        init() throws {
            box = try Sandbox()
            for line in ["init", "id create acme", "id create bob", "registry create staff --owner acme"] {
                try #require(try box.kelmark(line).status == 0, "\(line)")
            }
            try box.write(CredentialCommandTests.draft, to: "badge.draft.json")
            try #require(try box.kelmark("schema address badge.draft.json --out badge.json").status == 0)
            schema = try #require(
                try box.kelmark("schema add badge.json --json").data()["said"]?.textValue)
            let issued = try box.kelmark(
                "credential issue --registry staff --schema \(schema) --to bob --set role=guest --out badge.acdc --json"
            )
            try #require(issued.status == 0, "\(issued.errors)")
            credential = try #require(try issued.data()["credential"]?.textValue)
        }

        func expect(_ line: String, _ code: String, _ status: Int32, _ place: SourceLocation = #_sourceLocation) throws
        {
            let run = try box.kelmark(line + " --json")
            #expect(run.status == status, "\(line): \(run.errors)", sourceLocation: place)
            #expect(try run.code() == code, "\(line): \(run.errors)", sourceLocation: place)
        }
    }

    @Test("issued, exported, verified alone, revoked, refused")
    func story() throws {
        let scene = try Scene()
        let box = scene.box
        #expect(try box.kelmark("credential verify \(scene.credential)").status == 0)
        #expect(try box.kelmark("credential export \(scene.credential) --out proof.cesr").status == 0)
        #expect(try box.kelmark("credential verify proof.cesr").status == 0)
        let shown = try box.kelmark("credential show \(scene.credential) --json")
        #expect(try shown.data()["status"]?.textValue == "issued")
        try scene.expect("credential revoke \(scene.credential)", "KM-NEEDS-YES", 2)
        #expect(try box.kelmark("credential revoke \(scene.credential) --yes --dry-run").status == 0)
        #expect(try box.kelmark("credential verify \(scene.credential)").status == 0)
        #expect(try box.kelmark("credential revoke \(scene.credential) --yes").status == 0)
        try scene.expect("credential verify \(scene.credential)", "KM-CREDENTIAL-REVOKED", 1)
        try scene.expect("credential revoke \(scene.credential) --yes", "KM-CREDENTIAL-ALREADY-REVOKED", 5)
        // By itself the file is as of its last event; this home knows better.
        #expect(try box.kelmark("credential verify proof.cesr --schema badge.json --home nowhere").status == 0)
        try scene.expect("credential verify proof.cesr", "KM-CREDENTIAL-REVOKED", 1)
        #expect(try box.kelmark("waiting --json").data()["waiting"]?.listValue?.isEmpty == true)
    }

    @Test("what can't be issued has its code, and nothing is sealed")
    func refused() throws {
        let scene = try Scene()
        let issue = "credential issue --registry staff --to bob"
        let unknown = "EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao"
        let before = try scene.box.kelmark("id show acme --json").text
        try scene.expect("\(issue) --schema \(unknown) --set role=x", "KM-CREDENTIAL-UNKNOWN-SCHEMA", 4)
        try scene.expect("\(issue) --schema \(scene.schema) --set rule=x", "KM-CREDENTIAL-WOULD-NOT-VERIFY", 1)
        try scene.expect(
            "credential issue --registry none --schema \(scene.schema) --set role=x", "KM-CREDENTIAL-UNKNOWN-REGISTRY",
            4)
        try scene.expect("registry create staff --owner acme", "KM-CREDENTIAL-NAME-TAKEN", 5)
        let cuts = Array(repeating: " --cut \(unknown)", count: 4).joined()
        try scene.expect("registry rotate staff\(cuts)", "KM-CREDENTIAL-BACKERS", 2)
        try scene.expect("registry create other --owner nobody", "KM-AID-UNKNOWN", 4)
        try scene.expect("credential revoke \(unknown) --yes", "KM-CREDENTIAL-UNKNOWN-CREDENTIAL", 4)
        try scene.expect("credential verify \(unknown)", "KM-CREDENTIAL-UNKNOWN-CREDENTIAL", 4)
        // acme is not the issuee of the badge, so it can't build upon it unless the edge says so.
        try scene.expect(
            "\(issue) --schema \(scene.schema) --set role=x --edge badge=\(scene.credential)",
            "KM-CREDENTIAL-WOULD-NOT-VERIFY", 1)
        #expect(try scene.box.kelmark("id show acme --json").text == before)
        let near = try scene.box.kelmark(
            "\(issue) --schema \(scene.schema) --set role=x --edge badge=\(scene.credential):NI2I --json")
        #expect(near.status == 0, "\(near.errors)")
        #expect(try scene.box.kelmark("credential revoke \(scene.credential) --yes").status == 0)
        let said = try #require(try near.data()["credential"]?.textValue)
        try scene.expect("credential verify \(said)", "KM-CREDENTIAL-EDGE-REVOKED", 1)
        try scene.expect(
            "\(issue) --schema \(scene.schema) --set role=x --edge badge=\(scene.credential):NI2I",
            "KM-CREDENTIAL-WOULD-NOT-VERIFY", 1)
    }

    @Test("what lacks something waits, says for what, and goes on when it comes")
    func waits() throws {
        let scene = try Scene()
        try #require(try scene.box.kelmark("credential export \(scene.credential) --out proof.cesr").status == 0)
        let stream = try scene.box.read("proof.cesr")
        let start = try #require(stream.firstRange(of: Array(#"{"v":"ACDC"#.utf8))).lowerBound
        try scene.box.write(Array(stream[start...]), to: "alone.cesr")
        try #require(try scene.box.kelmark("init --home other").status == 0)
        try scene.expect("credential import alone.cesr --home other", "KM-WAIT-MISSING-REGISTRY", 6)
        let waiting = try scene.box.kelmark("waiting --home other --json")
        let item = try #require(try waiting.data()["waiting"]?.listValue?.first)
        #expect(item["reason"]?.textValue == "missing-registry")
        #expect(item["next"]?.textValue?.hasPrefix("kelmark credential") == true)
        // The whole proof brings everything but the schema.
        try scene.expect("credential import proof.cesr --home other", "KM-WAIT-MISSING-SCHEMA", 6)
        try scene.expect("credential verify \(scene.credential) --home other", "KM-CREDENTIAL-UNKNOWN-CREDENTIAL", 4)
        #expect(try scene.box.kelmark("schema add badge.json --home other").status == 0)
        #expect(try scene.box.kelmark("credential verify \(scene.credential) --home other").status == 0)
        #expect(try scene.box.kelmark("waiting --home other --json").data()["waiting"]?.listValue?.isEmpty == true)
    }

    @Test("a recovery seals revocations again, and issuances when it is told to", arguments: [false, true])
    func recovery(all: Bool) throws {
        let scene = try Scene()
        let box = scene.box
        let other = try box.kelmark(
            "credential issue --registry staff --schema \(scene.schema) --to bob --set role=host --json")
        let kept = try #require(try other.data()["credential"]?.textValue)
        try #require(try box.kelmark("credential revoke \(scene.credential) --yes").status == 0)
        let run = try box.kelmark("id rotate acme --at 2\(all ? " --reseal all" : "") --json")
        #expect(run.status == 0, "\(run.errors)")
        let events = try #require(try run.data()["registryEvents"]?.listValue)
        #expect(events.map { $0["t"]?.textValue } == ["iss", "iss", "rev"])
        #expect(events.map { $0["sealedAgain"] == .boolean(true) } == [all, all, true])
        try scene.expect("credential verify \(scene.credential)", "KM-CREDENTIAL-REVOKED", 1)
        if all {
            #expect(try box.kelmark("credential verify \(kept)").status == 0)
        } else {
            try scene.expect("credential verify \(kept)", "KM-CREDENTIAL-UNDECIDED", 3)
        }
    }

    @Test("schemas that are not what they say")
    func schemas() throws {
        let scene = try Scene()
        let box = scene.box
        let schema = String(decoding: try box.read("badge.json"), as: UTF8.self)
        try box.write(schema.replacing("Badge", with: "Badgf"), to: "changed.json")
        try scene.expect("schema add changed.json", "KM-SCHEMA-SAID-MISMATCH", 1)
        try box.write("[]", to: "list.json")
        try scene.expect("schema add list.json", "KM-SCHEMA-NOT-AN-OBJECT", 1)
        try box.write("{", to: "cut.json")
        try scene.expect("schema add cut.json", "KM-SCHEMA-MALFORMED", 1)
        try box.write(##"{"$id":"","$ref":"#"}"##, to: "loop.json")
        try scene.expect("schema address loop.json --out x.json", "KM-SCHEMA-REFERENCE-LOOP", 1)
        try box.write(#"{"$id":"","pattern":"(a)\\1"}"#, to: "back.json")
        try scene.expect("schema address back.json --out x.json", "KM-SCHEMA-UNSUPPORTED-PATTERN", 1)
        try scene.expect("schema show EBfdlu8R27Fbx-ehrqwImnK-8Cm79sqbAQ4MmvEAYqao", "KM-CREDENTIAL-UNKNOWN-SCHEMA", 4)
    }

    @Test("a credential that was changed is refused")
    func changed() throws {
        let scene = try Scene()
        try #require(try scene.box.kelmark("credential export \(scene.credential) --out proof.cesr").status == 0)
        let text = String(decoding: try scene.box.read("proof.cesr"), as: UTF8.self)
        try scene.box.write(text.replacing(#""role":"guest""#, with: #""role":"admin""#), to: "changed.cesr")
        let run = try scene.box.kelmark("credential verify changed.cesr --json")
        #expect(run.status != 0)
        try #require(try scene.box.kelmark("init --home other").status == 0)
        try #require(try scene.box.kelmark("schema add badge.json --home other").status == 0)
        try scene.expect("credential import changed.cesr --home other", "KM-CREDENTIAL-FORM-FORGED-SAID", 1)
        try scene.expect("credential verify \(scene.credential) --home other", "KM-CREDENTIAL-UNKNOWN-CREDENTIAL", 4)
    }
}
