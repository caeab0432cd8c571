// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto
import Testing

@testable import KERI
@testable import KERINetwork

/// Documents that follow from key states and replies.
struct DIDDocumentTests {
    static func state(
        _ keys: [CreatedKey], _ threshold: Threshold, next: [CreatedKey]? = nil, witnesses: [CreatedKey] = []
    ) throws -> KeyState {
        let next = try next ?? [WatchedController.key("next")]
        let stated = Establishment(
            signingThreshold: threshold, keys: keys.map(\.verificationKey),
            nextThreshold: .count(UInt32(next.count)), nextDigests: next.map { KeyDigest(of: $0.verificationKey) },
            witnessThreshold: UInt32(witnesses.count), witnessesAdded: witnesses.map(\.watchedAID))
        return KeyState(
            inception: try EventBuilder.inception(stated), stated, ordinal: 0, seenAt: Timestamp(seconds: 0))
    }

    static func keys(_ count: Int) throws -> [CreatedKey] {
        try (0..<count).map { try WatchedController.key("key \($0)") }
    }

    private func webs(_ aid: AID) throws -> DecentralizedIdentifier {
        .webs(try #require(WebsIdentifier(host: "example.com", port: 3000, path: ["people"], aid: aid)))
    }

    @Test func oneKeyIsOneMethod() throws {
        let state = try Self.state(Self.keys(1), .count(1))
        let did = try webs(state.aid)
        let document = try DIDDocument(did, state: state)
        let key = state.keys[0]
        let expected: OrderedMap = [
            "id": .text(did.description), "controller": .text(did.description),
            "verificationMethod": [
                [
                    "id": .text("#\(key)"), "type": "JsonWebKey", "controller": .text(did.description),
                    "publicKeyJwk": [
                        "kid": .text(key.text), "kty": "OKP", "crv": "Ed25519",
                        "x": .text(Base64URL.encodedString(key.primitive.span)),
                    ],
                ]
            ],
            "authentication": [.text("#\(key)")], "assertionMethod": [.text("#\(key)")], "service": [],
            "alsoKnownAs": [
                .text("did:web:example.com%3A3000:people:\(state.aid)"), .text("did:keri:\(state.aid)"),
            ],
        ]
        #expect(document.content == expected)
        #expect(try document.json == DIDDocument(did, state: state).json)
        #expect(document.metadata == ["versionId": "0", "deactivated": false])
        #expect(try DIDDocument(.keri(state.aid), state: state).content["alsoKnownAs"] == [])
    }

    /// With the generator of secp256k1 as key.
    @Test(.enabled(if: SignatureAlgorithm.secp256k1.isAvailable)) func pointsAreWrittenByTheirCoordinates() throws {
        let key = try #require(VerificationKey("1AAAAnm-Zn753LusVaBilc6HCwcCm_zbLc4o2VnygVsW-BeY"))
        var state = try Self.state(Self.keys(1), .count(1))
        state.keys = [key]
        let jwk = try DIDDocument(webs(state.aid), state: state).content["verificationMethod"]?[0]?["publicKeyJwk"]
        #expect(
            jwk == [
                "kid": .text(key.text), "kty": "EC", "crv": "secp256k1",
                "x": "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g",
                "y": "SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg",
            ])
        let other = try CreatedKey(seed: .random(count: 32), algorithm: .secp256r1)
        state.keys = [other.verificationKey]
        let second = try DIDDocument(webs(state.aid), state: state).content["verificationMethod"]?[0]?["publicKeyJwk"]
        #expect(second?["crv"] == "P-256")
        // No point of the curve.
        state.keys = [
            try #require(VerificationKey(try Primitive(code: .secp256k1, raw: [UInt8](repeating: 255, count: 33))))
        ]
        #expect(throws: DIDError.self) { try DIDDocument(webs(state.aid), state: state) }
    }

    @Test func thresholdsAreConditions() throws {
        let keys = try Self.keys(3)
        let numeric = try Self.state(keys, .count(2))
        let document = try DIDDocument(webs(numeric.aid), state: numeric)
        let method = try #require(document.content["verificationMethod"]?.listValue?.last)
        #expect(method["id"] == .text("#\(numeric.aid)"))
        #expect(method["type"] == "ConditionalProof2022")
        #expect(method["threshold"] == 2)
        #expect(method["conditionThreshold"] == .list(keys.map { .text("#\($0.verificationKey)") }))
        #expect(document.content["authentication"] == [.text("#\(numeric.aid)")])
        #expect(document.content["assertionMethod"] == [.text("#\(numeric.aid)")])
        // Any one of several keys: no condition.
        let any = try Self.state(keys, .count(1))
        #expect(try DIDDocument(webs(any.aid), state: any).content["authentication"]?.listValue?.count == 3)
    }

    @Test func weightsReachOneWhole() throws {
        let keys = try Self.keys(4)
        let state = try Self.state(Array(keys.prefix(3)), .weighted([["1/2", "1/3", "1/4"]]))
        let method = try DIDDocument(webs(state.aid), state: state).content["verificationMethod"]?.listValue?.last
        #expect(method?["threshold"] == 12)
        #expect(
            method?["conditionWeightedThreshold"]?.listValue?.map { $0["weight"]?.integerValue } == [6, 4, 3])
        let nested = try Self.state(keys, .weighted([["1/2", "1/2"], ["1", "0"]]))
        let methods = try #require(
            try DIDDocument(webs(nested.aid), state: nested).content["verificationMethod"]?.listValue
        ).dropFirst(4)
        #expect(methods.first?["conditionAnd"] == [.text("#\(nested.aid)/0"), .text("#\(nested.aid)/1")])
        #expect(methods.dropFirst().first?["threshold"] == 2)
        #expect(methods.last?["threshold"] == 1)
        #expect(methods.last?["conditionWeightedThreshold"]?[0]?["condition"] == .text("#\(keys[2].verificationKey)"))
        #expect(methods.last?["conditionWeightedThreshold"]?[1]?["weight"] == 0)
    }

    @Test func abandonedAIDsProveNothing() throws {
        let state = try Self.state(Self.keys(1), .count(1), next: [])
        let document = try DIDDocument(webs(state.aid), state: state)
        #expect(document.isDeactivated)
        #expect(document.content["authentication"] == [])
        #expect(document.content["assertionMethod"] == [])
        #expect(document.content["verificationMethod"]?.listValue?.count == 1)
        #expect(document.metadata["deactivated"] == true)
    }

    @Test func anotherAIDIsRefused() throws {
        let state = try Self.state(Self.keys(1), .count(1))
        let other = try Self.state(Self.keys(2), .count(1))
        #expect(throws: DIDError.self) { try DIDDocument(webs(other.aid), state: state) }
    }

    @Test func servicesComeFromReplies() throws {
        let witnesses = try WatchedController.witnesses(2)
        let controller = try WatchedController("a", witnesses: witnesses, threshold: 1)
        let store = MemoryKeyEventStore()
        var stream = StreamProcessor(EventProcessor(store: store))
        let now = Timestamp(seconds: 1_760_000_000)
        let mailbox = try WatchedController.key("mailbox", isTransferable: false)
        func location(_ key: CreatedKey, _ scheme: String, _ url: String) throws -> [UInt8] {
            try key.reply(
                "/loc/scheme",
                ["eid": .text(key.watchedAID.text), "scheme": .text(scheme), "url": .text(url)], dated: now)
        }
        func role(_ verb: String, _ role: String, dated: Timestamp) throws -> [UInt8] {
            let body = try MessageBuilder.reply(
                route: "/end/role/\(verb)",
                payload: [
                    "cid": .text(controller.aid.text), "role": .text(role), "eid": .text(mailbox.watchedAID.text),
                ], dated: dated)
            var attachments = Attachments()
            attachments.transferableGroups = [
                TransferableSignatureGroup(
                    prefix: controller.aid.primitive, sn: 0, said: controller.state.said.primitive,
                    signatures: [try controller.keys[0].indexedSignature(over: body, index: 0)])
            ]
            return try attachments.following(body)
        }
        try stream.process(
            controller.log(receiptedBy: [0, 1]) + location(witnesses[0], "http", "http://w0.test:5642/")
                + location(witnesses[0], "tcp", "tcp://w0.test:5632/") + location(witnesses[1], "http", "")
                + location(mailbox, "https", "https://box.test/") + role("add", "mailbox", dated: now)
                + role("add", "agent", dated: now) + role("cut", "agent", dated: now.advanced(bySeconds: 1)),
            now: now)
        let (state, services) = try store.read { transaction in
            let state = try #require(transaction.keyState(of: controller.aid))
            return (state, try DIDDocument.services(of: state, in: transaction))
        }
        let document = try DIDDocument(webs(controller.aid), state: state, services: services)
        #expect(
            document.content["service"] == [
                [
                    "id": .text("#\(mailbox.watchedAID)/mailbox"), "type": "mailbox",
                    "serviceEndpoint": ["https": "https://box.test/"],
                ],
                [
                    "id": .text("#\(witnesses[0].watchedAID)/witness"), "type": "witness",
                    "serviceEndpoint": ["http": "http://w0.test:5642/", "tcp": "tcp://w0.test:5632/"],
                ],
            ])
    }
}
