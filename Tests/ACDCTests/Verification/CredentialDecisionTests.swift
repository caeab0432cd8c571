// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import Testing

@testable import ACDC

@Suite("Decisions about credentials")
struct CredentialDecisionTests {
    let scene: CredentialScene

    init() throws { scene = try CredentialScene() }

    func triple(_ said: SAID, _ event: RegistryEvent, sn: UInt128 = 0) -> SealSourceTriple {
        SealSourceTriple(prefix: said.primitive, sn: sn, said: event.said.primitive)
    }

    @Test("accepted with its issuance attached or not; the same again is a duplicate")
    func accepted() throws {
        let credential = try CredentialBuilder.credential(scene.draft(by: "ann"))
        let event = try scene.issue(credential.said, by: "ann")
        let judgement = try scene.decide(credential)
        #expect(judgement.outcome == .accepted)
        #expect(judgement.isVouchedFor)
        #expect(judgement.reasons.isEmpty)
        #expect(try scene.decide(credential, triple(credential.said, event)).outcome == .accepted)
        try scene.keep(credential)
        #expect(try scene.decide(credential).outcome == .duplicate)
    }

    @Test("a copy that shows other parts is decided anew")
    func otherForm() throws {
        let credential = try scene.accepted(by: "ann")
        #expect(try scene.decide(credential.compact().credential).outcome == .accepted)
    }

    @Test("a credential without a registry is refused")
    func noRegistry() throws {
        var draft = try scene.draft(by: "ann")
        draft.registry = nil
        #expect(try scene.decide(CredentialBuilder.credential(draft)).outcome == .rejected(.noRegistry))
    }

    @Test("registry and issuance are waited for")
    func missing() throws {
        var draft = try scene.draft(by: "ann")
        let unissued = try CredentialBuilder.credential(draft)
        let judgement = try scene.decide(unissued)
        #expect(judgement.outcome == .escrowed(.missingRegistry))
        #expect(judgement.waitsFor == [.status(unissued.said)])
        #expect(!judgement.isVouchedFor)
        draft.registry = CredentialParserTests.registry
        let foreign = try scene.decide(CredentialBuilder.credential(draft))
        #expect(foreign.outcome == .escrowed(.missingRegistry))
        #expect(foreign.waitsFor == [.registry(CredentialParserTests.registry)])
        #expect(!foreign.missing.isEmpty)
    }

    @Test("nobody issues in another's name")
    func impersonation() throws {
        var draft = try scene.draft(by: "mallory")
        draft.issuer = try scene.issuer("ann")
        let credential = try CredentialBuilder.credential(draft)
        try scene.issue(credential.said, by: "mallory")
        #expect(try scene.decide(credential).outcome == .rejected(.issuerMismatch))
    }

    @Test("an issuance in another registry of the issuer does not count")
    func otherRegistry() throws {
        var draft = try scene.draft(by: "ann")
        draft.registry = try scene.registry("bob").registry
        draft.issuer = try scene.issuer("bob")
        let credential = try CredentialBuilder.credential(draft)
        try scene.issue(credential.said, by: "ann")
        #expect(try scene.decide(credential).outcome == .escrowed(.missingRegistry))
    }

    @Test("what is attached has to be the issuance")
    func triples() throws {
        let credential = try CredentialBuilder.credential(scene.draft(by: "ann"))
        let event = try scene.issue(credential.said, by: "ann")
        let other = try scene.issue(CredentialParserTests.schema, by: "ann")
        let mismatch = CredentialOutcome.rejected(.issuanceMismatch)
        #expect(try scene.decide(credential, triple(credential.said, other)).outcome == mismatch)
        #expect(try scene.decide(credential, triple(credential.said, event, sn: 1)).outcome == mismatch)
        #expect(try scene.decide(credential, triple(event.said, event)).outcome == mismatch)
    }

    @Test("an issuance whose anchor was superseded is waited for again")
    func superseded() throws {
        let draft = try scene.draft(by: "ann")
        let before = try scene.state("ann")
        let credential = try CredentialBuilder.credential(draft)
        let event = try scene.issue(credential.said, by: "ann")
        #expect(try scene.decide(credential).outcome == .accepted)
        try scene.recover("ann", behind: before)
        let judgement = try scene.decide(credential)
        #expect(judgement.outcome == .escrowed(.missingRegistry))
        #expect(judgement.waitsFor.contains(.keyEvents(draft.issuer)))
        try scene.seal(event.seal, by: "ann")
        #expect(try scene.decide(credential).outcome == .accepted)
    }

    @Test("a revoked credential is accepted, for its log is true")
    func revoked() throws {
        let credential = try CredentialBuilder.credential(scene.draft(by: "ann"))
        try scene.issue(credential.said, by: "ann")
        try scene.revoke(credential, by: "ann")
        #expect(try scene.decide(credential).outcome == .accepted)
    }

    // MARK: Schemas

    @Test("a schema is waited for, and what it refers to")
    func missingSchema() throws {
        var draft = try scene.draft(by: "ann")
        let other = try CredentialScene.schema(["type": "object", "required": ["a"]])
        let referring = try CredentialScene.schema(["$ref": .text(other.said.text)])
        draft.schema = referring.said
        let credential = try CredentialBuilder.credential(draft)
        try scene.issue(credential.said, by: "ann")
        var judgement = try scene.decide(credential)
        #expect(judgement.outcome == .escrowed(.missingSchema))
        #expect(judgement.waitsFor == [.schema(referring.said)])
        #expect(judgement.isVouchedFor)
        try scene.store.write(credentials: { $0.putSchema(referring) })
        judgement = try scene.decide(credential)
        #expect(judgement.outcome == .escrowed(.missingSchema))
        #expect(judgement.waitsFor == [.schema(other.said)])
        try scene.store.write(credentials: { $0.putSchema(other) })
        #expect(try scene.decide(credential).outcome == .accepted)
    }

    @Test("what violates its schema is refused, with where")
    func violated() throws {
        var draft = try scene.draft(by: "ann", attributes: ["level": "high"])
        draft.schema = try scene.learn([
            "properties": ["a": ["properties": ["level": ["type": "integer"]]]]
        ])
        let credential = try CredentialBuilder.credential(draft)
        try scene.issue(credential.said, by: "ann")
        let judgement = try scene.decide(credential)
        #expect(judgement.outcome == .rejected(.schemaViolated))
        #expect(judgement.reasons.first?.words.contains("/a/level") == true)
        draft.content = .attributes(["level": 3])
        let good = try CredentialBuilder.credential(draft)
        try scene.issue(good.said, by: "ann")
        #expect(try scene.decide(good).outcome == .accepted)
    }

    @Test("a schema that asks for too much work is refused")
    func tooHard() throws {
        var draft = try scene.draft(by: "ann", attributes: ["x": .list((0..<100).map { OrderedValue($0) })])
        draft.schema = try scene.learn(["properties": ["a": ["properties": ["x": ["items": ["minimum": 0]]]]]])
        let credential = try CredentialBuilder.credential(draft)
        try scene.issue(credential.said, by: "ann")
        #expect(try scene.decide(credential).outcome == .accepted)
        scene.schemaLimits.steps = 100
        #expect(try scene.decide(credential).outcome == .rejected(.schemaTooHard))
    }

    @Test("a schema that leads to too many others is refused")
    func manySchemas() throws {
        var last = try CredentialScene.schema(["type": "object"])
        for count in 1...64 {
            try scene.store.write(credentials: { $0.putSchema(last) })
            if count == 63 || count == 64 {
                var draft = try scene.draft(by: "ann")
                draft.schema = last.said
                let credential = try CredentialBuilder.credential(draft)
                try scene.issue(credential.said, by: "ann")
                #expect(try scene.decide(credential).outcome == .accepted, "\(count)")
            }
            last = try CredentialScene.schema(["allOf": [["$ref": .text(last.said.text)]]])
        }
        try scene.store.write(credentials: { $0.putSchema(last) })
        var draft = try scene.draft(by: "ann")
        draft.schema = last.said
        let credential = try CredentialBuilder.credential(draft)
        try scene.issue(credential.said, by: "ann")
        #expect(try scene.decide(credential).outcome == .rejected(.schemaTooHard))
    }

    @Test("a schema that the credential carries itself counts when it is not known otherwise")
    func embedded() throws {
        var map: OrderedMap = ["$id": "", "required": ["a"]]
        try SelfAddressing.seal(&map, labels: ["$id"])
        var draft = try scene.draft(by: "ann")
        draft.schema = SAID(map["$id"]!.textValue!)!
        for format in DocumentFormat.allCases {
            let compact = try CredentialBuilder.credential(draft, addressing: .mostCompact, format: format)
            try scene.issue(compact.said, by: "ann")
            #expect(try scene.decide(compact).outcome == .escrowed(.missingSchema))
            #expect(try scene.decide(compact.expanded(by: .map(map))).outcome == .accepted)
        }
    }
}
