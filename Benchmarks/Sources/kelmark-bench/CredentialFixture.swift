// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto

/// What one issuer has issued: its inception and registry, then for each credential the interaction that seals the
/// issuance, the issuance and the credential. The event that seals has one seal, for keripy takes no more (facts 13.2).
struct CredentialFixture {
    let stream: [UInt8]
    let count: Int
    let schema: CredentialSchema
    /// Every signature check that a verifier must make.
    let checks: [KeyLogFixture.Check]

    private static let now = ReplayBenchmark.now

    /// Makes `count` credentials; when they are chained, each builds upon the first, which is issued to the issuer.
    init(count: Int, isChained: Bool) throws {
        schema = try Self.makeSchema()
        self.count = count
        let seeds = try (0..<2).map { number in
            let digest = DigestAlgorithm.blake3_256.digest("credentials \(number)".utf8.span)
            return try CreatedKey(seed: SecretBytes(copying: digest.span))
        }
        let key = seeds[0]
        let store = MemoryCredentialStore()
        let credentials = CredentialProcessor(store: store)
        let events = EventProcessor(store: store.keyEventLogs)
        var stream: [UInt8] = []
        var checks: [KeyLogFixture.Check] = []
        func add(_ event: KeyEvent) throws -> SealSource {
            var attachments = Attachments()
            let signature = try key.indexedSignature(over: event.bytes, index: 0)
            attachments.controllerSignatures = [signature]
            checks.append(
                KeyLogFixture.Check(
                    key: key.verificationKey.primitive.raw,
                    message: stream.count..<(stream.count + event.bytes.count), signature: signature.raw))
            stream += event.bytes
            stream += try attachments.encoded(in: .text)
            guard case .accepted = try events.process(.keyEvent(event), with: attachments, now: Self.now) else {
                throw FixtureError()
            }
            return SealSource(sn: event.sn, said: event.said)
        }
        func add(_ event: RegistryEvent, of aid: AID) throws {
            guard let state = try store.keyEventLogs.read({ $0.keyState(of: aid) }) else { throw FixtureError() }
            let source = try add(EventBuilder.interaction(of: state, anchors: [event.seal.value]))
            var attachments = Attachments()
            attachments.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)]
            stream += event.bytes
            stream += try attachments.encoded(in: .text)
            guard try credentials.process(event, with: attachments, now: Self.now) == .accepted else {
                throw FixtureError()
            }
        }
        let inception = try EventBuilder.inception(
            Establishment(
                signingThreshold: .count(1), keys: [key.verificationKey], nextThreshold: .count(1),
                nextDigests: [KeyDigest(of: seeds[1].verificationKey)]))
        let aid = inception.aid
        _ = try add(inception)
        let registry = try RegistryEventBuilder.inception(
            issuer: aid, nonce: Primitive(code: .salt128, raw: Array(repeating: 7, count: 16)))
        try add(registry, of: aid)
        guard let state = try store.read(credentials: { $0.registry(registry.subject) }) else { throw FixtureError() }
        var root: Credential?
        for number in 0..<count {
            var draft = CredentialDraft(
                issuer: aid, registry: registry.subject, schema: schema.said,
                content: .attributes([
                    "number": OrderedValue(number), "name": "Holder of number \(number)",
                    "role": "Authorised representative", "country": "DE",
                ]), issuee: aid, dated: Self.now)
            draft.rules = ["usage": "For tests only.", "issuance": "No warranty."]
            if isChained, let root {
                draft.edges = ["root": ["n": .text(root.said.text), "s": .text(root.schema.text)]]
            }
            let credential = try CredentialBuilder.credential(draft)
            if root == nil { root = credential }
            let issuance = try RegistryEventBuilder.issuance(of: credential.said, in: state, dated: Self.now)
            try add(issuance, of: aid)
            var attachments = Attachments()
            attachments.sealSourceTriples = [
                SealSourceTriple(prefix: credential.said.primitive, sn: 0, said: issuance.said.primitive)
            ]
            stream += credential.bytes
            stream += try attachments.encoded(in: .text)
        }
        self.stream = stream
        self.checks = checks
    }

    /// A schema of the shape that vLEI schemas have: sections compact or as a block, nothing else allowed.
    private static func makeSchema() throws -> CredentialSchema {
        func section(_ properties: OrderedMap, _ required: [OrderedValue]) -> OrderedValue {
            [
                "oneOf": [
                    ["description": "SAID of the section", "type": "string"],
                    [
                        "$id": "", "type": "object", "properties": .map(properties), "required": .list(required),
                        "additionalProperties": false,
                    ],
                ]
            ]
        }
        let text: OrderedValue = ["type": "string"]
        let draft: OrderedMap = [
            "$id": "", "$schema": "http://json-schema.org/draft-07/schema#", "title": "Benchmark",
            "description": "A credential for benchmarks", "type": "object", "credentialType": "Benchmark",
            "version": "1.0.0",
            "properties": [
                "v": text, "d": text, "u": text, "i": text, "ri": text, "s": text,
                "a": section(
                    [
                        "d": text, "i": text, "dt": ["type": "string", "format": "date-time"],
                        "number": ["type": "integer", "minimum": 0], "name": ["type": "string", "minLength": 3],
                        "role": text, "country": ["enum": ["DE", "AT", "CH"]],
                    ], ["d", "i", "dt", "number", "name", "role"]),
                "e": section(
                    [
                        "d": text,
                        "root": [
                            "type": "object", "properties": ["n": text, "s": text], "required": ["n", "s"],
                            "additionalProperties": false,
                        ],
                    ], ["d", "root"]),
                "r": section(["d": text, "usage": text, "issuance": text], ["d", "usage"]),
            ],
            "required": ["v", "d", "i", "ri", "s", "a", "r"], "additionalProperties": false,
        ]
        return try CredentialSchema(parsing: SchemaAddressing.address(draft))
    }
}
