// SPDX-License-Identifier: Apache-2.0

import CESR
import Foundation
import KERI
import KelmarkBytes
import KelmarkTestSupport
import Testing

@testable import ACDC

/// A root accredits an issuer, who vouches for a legal entity, which lets the issuer name one of its officers: the chain
/// QVI, LE, OOR authorisation, OOR of vLEI. With schemas of our own of that shape, and with the published ones.
@Suite struct OrganisationalChainTests {
    /// Four schemas, each but the first with an edge to the one before it.
    struct Schemas {
        var accreditation: CredentialSchema
        var entity: CredentialSchema
        var authorisation: CredentialSchema
        var role: CredentialSchema
        var rules: OrderedValue?
        let name: String
    }

    static let lei = "506700GE1G29325QX363"

    // MARK: Schemas

    /// A schema with these attributes, and one edge to a credential of the schema named.
    static func schema(
        _ title: String, _ attributes: [String], edge: (label: String, schema: SAID, operator: String?)? = nil
    ) throws -> CredentialSchema {
        var members: OrderedMap = ["d": ["type": "string"], "i": ["type": "string"], "dt": ["type": "string"]]
        for attribute in attributes { members[attribute] = ["type": "string"] }
        var properties: OrderedMap = [
            "a": [
                "oneOf": [
                    ["type": "string"],
                    [
                        "type": "object", "properties": .map(members), "additionalProperties": false,
                        "required": .list((["i", "dt"] + attributes).map { .text($0) }),
                    ],
                ]
            ]
        ]
        var required: [OrderedValue] = ["i", "ri", "s", "d"]
        if let edge {
            var far: OrderedMap = ["n": ["type": "string"], "s": ["type": "string", "const": .text(edge.schema.text)]]
            var wanted: [OrderedValue] = ["n", "s"]
            if let rule = edge.operator {
                far["o"] = ["type": "string", "const": .text(rule)]
                wanted.append("o")
            }
            let node: OrderedValue = [
                "type": "object", "properties": .map(far), "additionalProperties": false, "required": .list(wanted),
            ]
            var nodes: OrderedMap = ["d": ["type": "string"]]
            nodes[edge.label] = node
            let section: OrderedValue = [
                "type": "object", "properties": .map(nodes), "additionalProperties": false,
                "required": ["d", .text(edge.label)],
            ]
            properties["e"] = ["oneOf": [["type": "string"], section]]
            required.append("e")
        }
        return try CredentialScene.schema([
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": .text(title), "type": "object",
            "properties": .map(properties), "required": .list(required),
        ])
    }

    static func ours() throws -> Schemas {
        let accreditation = try schema("Accredited issuer", ["LEI"])
        let entity = try schema("Legal entity", ["LEI"], edge: ("qvi", accreditation.said, nil))
        let authorisation = try schema(
            "Authorisation of a role", ["AID", "LEI", "personLegalName", "officialRole"],
            edge: ("le", entity.said, nil))
        let role = try schema(
            "Role", ["LEI", "personLegalName", "officialRole"], edge: ("auth", authorisation.said, "I2I"))
        return Schemas(
            accreditation: accreditation, entity: entity, authorisation: authorisation, role: role, rules: nil,
            name: "our own")
    }

    /// The published schemas, where the shared folder is at hand: they are third-party.
    static func published() throws -> Schemas? {
        let folder = Vectors.root.appending(path: "../../../shared/vectors/vlei").standardized
        guard FileManager.default.fileExists(atPath: folder.path()) else {
            print("chain of vLEI: not run with the published schemas, ../shared/vectors/vlei is absent")
            return nil
        }
        func read(_ name: String) throws -> CredentialSchema {
            try CredentialSchema(
                interoperable: [UInt8](Data(contentsOf: folder.appending(path: "\(name)-vLEI-credential.json"))))
        }
        let role = try read("legal-entity-official-organizational-role")
        return Schemas(
            accreditation: try read("qualified-vLEI-issuer"), entity: try read("legal-entity"),
            authorisation: try CredentialSchema(
                interoperable: [UInt8](
                    Data(contentsOf: folder.appending(path: "oor-authorization-vlei-credential.json")))),
            role: role, rules: try rules(of: role), name: "published")
    }

    /// The legal texts that a schema demands word for word.
    static func rules(of schema: CredentialSchema) throws -> OrderedValue {
        let value = try OrderedValue(parsing: schema.bytes.span, format: .json)
        let block = try #require(value["properties"]?["r"]?["oneOf"]?.listValue?.last?["properties"]?.mapValue)
        var rules: OrderedMap = [:]
        for member in block.members where member.label != "d" {
            let text = try #require(member.value["properties"]?["l"]?["const"])
            rules[member.label] = ["l": text]
        }
        return .map(rules)
    }

    // MARK: The chain

    @Test func `With schemas of our own`() throws { try play(Self.ours()) }

    @Test func `With the published schemas of vLEI`() throws {
        if let schemas = try Self.published() { try play(schemas) }
    }

    func play(_ schemas: Schemas) throws {
        let scene = try CredentialScene()
        for schema in [schemas.accreditation, schemas.entity, schemas.authorisation, schemas.role] {
            try scene.store.write(credentials: { $0.putSchema(schema) })
        }
        let (qvi, entity, person) = (try scene.issuer("qvi"), try scene.issuer("entity"), try scene.issuer("person"))
        let lei: OrderedMap = ["LEI": .text(Self.lei)]
        var officer: OrderedMap = ["LEI": .text(Self.lei), "personLegalName": "Ada", "officialRole": "Director"]
        var authorised: OrderedMap = ["AID": .text(person.text)]
        for member in officer.members { authorised[member.label] = member.value }

        func credential(
            _ schema: CredentialSchema, by name: String, to issuee: AID, _ attributes: OrderedMap,
            _ edge: (label: String, far: Credential, schema: CredentialSchema, operator: String?)? = nil
        ) throws -> Credential {
            var edges: OrderedMap?
            if let edge {
                var node: OrderedMap = ["n": .text(edge.far.said.text), "s": .text(edge.schema.said.text)]
                if let rule = edge.operator { node["o"] = .text(rule) }
                edges = [:]
                edges?[edge.label] = .map(node)
            }
            var draft = try scene.draft(
                by: name, to: issuee, attributes: attributes, edges: edges.map { .map($0) })
            draft.schema = schema.said
            draft.rules = schemas.rules
            let credential = try CredentialBuilder.credential(draft)
            try scene.issue(credential.said, by: name)
            return credential
        }
        func accept(_ credential: Credential) throws -> Credential {
            let judgement = try scene.decide(credential)
            #expect(judgement.outcome == .accepted, "\(schemas.name): \(judgement.reasons)")
            try scene.keep(credential)
            return credential
        }

        let root = try accept(credential(schemas.accreditation, by: "root", to: qvi, lei))
        let legal = try accept(
            credential(schemas.entity, by: "qvi", to: entity, lei, ("qvi", root, schemas.accreditation, nil)))
        let consent = try accept(
            credential(schemas.authorisation, by: "entity", to: qvi, authorised, ("le", legal, schemas.entity, nil)))
        let role = try accept(
            credential(schemas.role, by: "qvi", to: person, officer, ("auth", consent, schemas.authorisation, "I2I")))
        #expect(try scene.verdict(role).isValid)
        #expect(try scene.verdict(role).chain.last == root.said)
        #expect(try scene.verdict(role).chain.count == 4)

        // Who was not accredited can't vouch, nor name an officer with somebody else's consent.
        let refused: [(credential: Credential, outcome: CredentialOutcome)] = [
            (
                try credential(schemas.entity, by: "eve", to: entity, lei, ("qvi", root, schemas.accreditation, nil)),
                .rejected(.edgeBroken)
            ),
            (
                try credential(
                    schemas.role, by: "eve", to: person, officer, ("auth", consent, schemas.authorisation, "I2I")),
                .rejected(.edgeBroken)
            ),
            // An edge to a credential of another schema than the schema names.
            (
                try credential(
                    schemas.role, by: "qvi", to: person, officer, ("auth", root, schemas.accreditation, "I2I")),
                .rejected(.schemaViolated)
            ),
        ]
        for forged in refused {
            #expect(try scene.decide(forged.credential).outcome == forged.outcome, "\(schemas.name)")
        }

        // A member that the schema does not know.
        officer["salary"] = "1"
        let talkative = try credential(
            schemas.role, by: "qvi", to: person, officer, ("auth", consent, schemas.authorisation, "I2I"))
        #expect(try scene.decide(talkative).outcome == .rejected(.schemaViolated), "\(schemas.name)")

        try scene.revoke(root, by: "root")
        #expect(try scene.verdict(root).state == .revoked)
        for credential in [legal, consent, role] { #expect(try scene.verdict(credential).state == .edgeRevoked) }
    }
}
