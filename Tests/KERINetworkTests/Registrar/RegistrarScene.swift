// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes

@testable import ACDC
@testable import KERI
@testable import KERINetwork

/// A witness that backs registries, and an owner whose registry it backs together with another one.
final class RegistrarScene {
    typealias Endpoint = WitnessEndpoint<MemoryKeyEventStore, MemoryMailboxStore>

    let store = MemoryKeyEventStore()
    let clock = WatchClock()
    /// The keys of two backers; the first one's is the witness of the scene.
    let keys: [CreatedKey]
    var endpoint: Endpoint
    var owner: WatchedController
    let registry: RegistryEvent
    let credential: SAID

    /// - Parameters:
    ///   - witnesses: how many of the two witness the owner's log, all of which must receipt.
    ///   - backers: places of those that back the registry, all of which must sign.
    init(
        witnesses: Int = 0, backers: [Int] = [0, 1], delegator: AID? = nil, policy: WitnessPolicy = WitnessPolicy()
    ) throws {
        let keys = try WatchedController.witnesses(2)
        self.keys = keys
        owner = try WatchedController(
            "owner", witnesses: Array(keys.prefix(witnesses)), threshold: UInt32(witnesses), delegator: delegator)
        endpoint = try Self.serve(keys[0], store, MemoryCredentialStore(store), policy, clock)
        registry = try RegistryEventBuilder.inception(
            issuer: owner.aid, backers: backers.map { keys[$0].watchedAID }, threshold: UInt32(backers.count),
            nonce: Primitive(code: .salt128, raw: Array(repeating: 7, count: 16)))
        credential = try FakeCustody.said("credential")
    }

    static func serve(
        _ key: CreatedKey, _ store: MemoryKeyEventStore, _ credentials: MemoryCredentialStore, _ policy: WitnessPolicy,
        _ clock: WatchClock
    ) throws -> Endpoint {
        Endpoint(
            try Witness(
                key: key, store: store, mailboxes: MemoryMailboxStore(), policy: policy, clock: clock,
                registries: RegistryArchive(credentials)))
    }

    // MARK: The owner

    func hear(_ signed: SignedEvent, receiptedBy places: [Int] = [], source: SealSource? = nil) async throws {
        let message = try WatchedController.message(signed, keys, receiptedBy: places, source: source)
        _ = await endpoint.respond(
            to: WitnessScene.request("PUT", "/", body: message, type: "application/cesr"))
    }

    /// Tells the witness of everything that the owner has written.
    func hearAll(receiptedBy places: [Int] = []) async throws {
        for signed in owner.events { try await hear(signed, receiptedBy: places) }
    }

    func seal(_ event: RegistryEvent) async throws {
        try await hear(try owner.interact(event.seal.value))
    }

    // MARK: Registry events

    /// Asks for the signature.
    func ask(_ event: RegistryEvent, signedBy places: [Int] = []) async throws -> ServiceResponse {
        var attachments = Attachments()
        attachments.witnessSignatures = try places.map {
            try keys[$0].indexedSignature(over: event.bytes, index: $0)
        }
        return await endpoint.respond(
            to: WitnessScene.request(
                "POST", "/receipts", body: event.bytes,
                attachments: String(decoding: try attachments.encoded(in: .text), as: UTF8.self)))
    }

    func state() throws -> RegistryState {
        RegistryState(
            registry: registry.said, issuer: owner.aid, sn: .zero, event: registry.said, isBackerless: false,
            backers: keys.map(\.watchedAID), backerThreshold: 2, anchor: SealSource(sn: .zero, said: registry.said))
    }

    func issuance(_ seconds: Int64 = 0) throws -> RegistryEvent {
        try RegistryEventBuilder.issuance(
            of: credential, in: state(), dated: clock.now().advanced(bySeconds: seconds))
    }

    func revocation(of issuance: RegistryEvent, _ seconds: Int64 = 0) throws -> RegistryEvent {
        let source = SealSource(sn: .zero, said: issuance.said)
        let status = CredentialStatus(
            credential: credential, registry: registry.said, kind: issuance.kind, sn: .zero, event: issuance.said,
            issuance: issuance.said, dated: clock.now(), anchor: source, issuanceAnchor: source)
        return try RegistryEventBuilder.revocation(
            of: status, in: state(), dated: clock.now().advanced(bySeconds: seconds))
    }

    /// A registry that the witness has accepted.
    func accepted() async throws {
        try await hearAll()
        try await seal(registry)
        guard try await ask(registry, signedBy: [1]).status == 200 else { throw MissingValue() }
    }

    /// Whether an answer is the event with a signature of the backer at a place that verifies.
    func isSigned(_ answer: ServiceResponse, _ event: RegistryEvent, at place: Int = 0) throws -> Bool {
        guard answer.status == 200, answer.header("content-type") == "application/json+cesr" else { return false }
        let stored = try StoredMessage(answer.bytes)
        guard case .registryEvent(let signed) = stored.message, signed.bytes == event.bytes,
            let signature = stored.attachments.witnessSignatures.first
        else { return false }
        return stored.attachments.witnessSignatures.count == 1 && signature.index == place
            && keys[0].verificationKey.verifies(signature, over: event.bytes.span)
    }
}
