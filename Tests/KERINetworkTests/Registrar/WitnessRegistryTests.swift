// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import ACDC
@testable import KERI
@testable import KERINetwork

/// A witness that keeps registries of its controllers and answers questions about them (facts 9.2, 13.1).
struct WitnessRegistryTests {
    /// A witness with registries, a controller of it, and a registry with one credential issued.
    final class Scene {
        let store = MemoryKeyEventStore()
        let clock = WatchClock()
        let boxes = MemoryMailboxStore()
        let key: CreatedKey
        let endpoint: WitnessEndpoint<MemoryKeyEventStore, MemoryMailboxStore>
        private(set) var alice: WatchedController
        let registry: RegistryEvent
        let credential: SAID

        init(serving: Bool = true, unsigned: Bool = true) throws {
            key = try #require(WatchedController.witnesses(1).first)
            alice = try WatchedController("alice", witnesses: [key], threshold: 1)
            var policy = WitnessPolicy()
            policy.answersUnsignedQueries = unsigned
            if !serving { policy.controllers = [] }
            endpoint = WitnessEndpoint(
                try Witness(
                    key: key, store: store, mailboxes: boxes, policy: policy, clock: clock,
                    registries: RegistryArchive(MemoryCredentialStore(store))))
            registry = try RegistryEventBuilder.inception(
                issuer: alice.aid, nonce: try Primitive(code: .salt128, raw: Array(repeating: 7, count: 16)))
            credential = try FakeCustody.said("credential")
        }

        func post(_ body: [UInt8], _ attachments: Attachments) async throws -> ServiceResponse {
            await endpoint.respond(
                to: WitnessScene.request(
                    "POST", "/", body: body,
                    attachments: String(decoding: try attachments.encoded(in: .text), as: UTF8.self)
                ))
        }

        func get(_ query: (name: String, value: String)...) async -> ServiceResponse {
            await endpoint.respond(to: WitnessScene.request("GET", "/query", query: query))
        }

        /// An event of the controller that seals a registry event.
        func seal(_ event: RegistryEvent) async throws -> SealSource {
            let signed = try alice.interact(event.seal.value)
            #expect(try await post(signed.event.bytes, signed.attachments).status == 204)
            return SealSource(sn: signed.event.sn, said: signed.event.said)
        }

        func offer(_ event: RegistryEvent, _ source: SealSource?) async throws -> ServiceResponse {
            var attachments = Attachments()
            if let source {
                attachments.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)]
            }
            return try await post(event.bytes, attachments)
        }

        func state() throws -> RegistryState {
            RegistryState(
                registry: registry.said, issuer: alice.aid, sn: .zero, event: registry.said, isBackerless: true,
                backers: [], backerThreshold: 0, anchor: SealSource(sn: .zero, said: registry.said))
        }

        func issued() throws -> RegistryEvent {
            try RegistryEventBuilder.issuance(of: credential, in: state(), dated: clock.now())
        }
    }

    private static func text(_ response: ServiceResponse) -> String {
        guard case .bytes(let bytes) = response.body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A scene whose witness knows the registry and the credential.
    private func kept(unsigned: Bool = true) async throws -> Scene {
        let scene = try Scene(unsigned: unsigned)
        let inception = scene.alice.latest
        #expect(try await scene.post(inception.event.bytes, inception.attachments).status == 204)
        #expect(try await scene.offer(scene.registry, try await scene.seal(scene.registry)).status == 204)
        let issued = try scene.issued()
        #expect(try await scene.offer(issued, try await scene.seal(issued)).status == 204)
        return scene
    }

    @Test func `Who asks by HTTP gets registry and credential`() async throws {
        let scene = try await kept()
        let answer = await scene.get(
            ("typ", "tel"), ("reg", scene.registry.said.text), ("vcid", scene.credential.text))
        #expect(answer.status == 200)
        let text = Self.text(answer)
        #expect(text.contains("\"t\":\"vcp\"") && text.contains("\"t\":\"iss\"") && text.contains("-VA"))
        let registry = await scene.get(("typ", "tel"), ("reg", scene.registry.said.text))
        #expect(!Self.text(registry).contains("\"t\":\"iss\""))
        let credential = await scene.get(("typ", "tel"), ("vcid", scene.credential.text))
        #expect(!Self.text(credential).contains("\"t\":\"vcp\"") && Self.text(credential).contains("\"t\":\"iss\""))
        #expect(await scene.get(("typ", "tel"), ("reg", scene.credential.text)).status == 404)
        #expect(await scene.get(("typ", "tel")).status == 400)
        #expect(await scene.get(("typ", "tel"), ("reg", "x")).status == 400)
        let closed = try await kept(unsigned: false)
        #expect(await closed.get(("typ", "tel"), ("reg", closed.registry.said.text)).status == 403)
    }

    @Test func `A signed query is answered into the mailbox`() async throws {
        let scene = try await kept()
        let witness = scene.endpoint.witness.aid
        for (credential, count) in [(scene.credential.text, 2), ("", 1)] {
            let (body, attachments) = try WitnessScene.query(
                "tels",
                ["ri": .text(scene.registry.said.text), "i": .text(credential), "src": .text(witness.text)],
                by: scene.alice, dated: scene.clock.now())
            #expect(try await scene.post(body, attachments).status == 204)
            let mail = scene.boxes.messages(
                in: Mailbox(recipient: scene.alice.aid, topic: "/replay"), from: 0, limit: 9)
            let stream = try #require(mail.last).message
            var reader = StreamReader()
            var found = 0
            while case .message = reader.next(in: stream.span) { found += 1 }
            #expect(found == count)
        }
        let (body, attachments) = try WitnessScene.query(
            "tels", ["ri": .text(scene.credential.text), "i": "", "src": .text(witness.text)], by: scene.alice,
            dated: scene.clock.now())
        #expect(try await scene.post(body, attachments).status == 204)
        let mail = scene.boxes.messages(in: Mailbox(recipient: scene.alice.aid, topic: "/replay"), from: 0, limit: 9)
        #expect(mail.count == 2)
    }

    @Test func `A registry event waits for its seal and then counts`() async throws {
        let scene = try Scene()
        let inception = scene.alice.latest
        #expect(try await scene.post(inception.event.bytes, inception.attachments).status == 204)
        #expect(try await scene.offer(scene.registry, nil).status == 204)
        #expect(await scene.get(("typ", "tel"), ("reg", scene.registry.said.text)).status == 404)
        _ = try await scene.seal(scene.registry)
        #expect(await scene.get(("typ", "tel"), ("reg", scene.registry.said.text)).status == 200)
    }

    @Test func `A second event for one place is refused`() async throws {
        let scene = try await kept()
        let other = try RegistryEventBuilder.issuance(
            of: scene.credential, in: scene.state(), dated: scene.clock.now().advanced(bySeconds: 1))
        #expect(try await scene.offer(other, try await scene.seal(other)).status == 409)
        // The same one again is not.
        #expect(try await scene.offer(scene.issued(), nil).status == 204)
    }

    @Test func `Registries of others are not kept by a witness of some`() async throws {
        let scene = try Scene(serving: false)
        #expect(try await scene.offer(scene.registry, nil).status == 400)
    }

    @Test func `A witness without registries refuses their events`() async throws {
        let scene = try WitnessScene()
        let registry = try RegistryEventBuilder.inception(
            issuer: scene.witness.aid, nonce: try Primitive(code: .salt128, raw: Array(repeating: 7, count: 16)))
        #expect(try await scene.post("/", registry.bytes, Attachments()).status == 400)
    }
}
