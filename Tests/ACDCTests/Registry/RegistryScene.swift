// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import StoreConformance

@testable import ACDC

/// Issuers with key event logs and registries, and a receiver that hears of them.
final class RegistryScene {
    struct Failure: Error {}

    static let now = Timestamp("2026-01-01T00:00:00.000000+00:00")!
    let store = MemoryCredentialStore()
    private var controllers: [String: SampleController] = [:]
    private var aids: [String: AID] = [:]

    var processor: CredentialProcessor<MemoryCredentialStore> { CredentialProcessor(store: store, limits: limits) }
    var limits = CredentialEscrowLimits()

    static func said(_ text: String) -> SAID {
        let digest = DigestAlgorithm.blake3_256.digest(Array(text.utf8).span)
        return SAID(try! Primitive(code: .blake3_256, raw: digest))!
    }

    static func nonce(_ text: String) throws -> Primitive {
        try Primitive(code: .salt128, raw: Array(DigestAlgorithm.blake3_256.digest(Array(text.utf8).span).prefix(16)))
    }

    // MARK: Issuers

    /// The AID of an issuer, whose log the receiver knows from then on.
    @discardableResult func issuer(_ name: String = "issuer") throws -> AID {
        if let aid = aids[name] { return aid }
        let controller = SampleController(name)
        let inception = try controller.incept()
        controllers[name] = controller
        aids[name] = inception.event.aid
        try hear(inception)
        return inception.event.aid
    }

    /// Seals events in an interaction of an issuer; the receiver hears of it unless `isHeard` is false.
    @discardableResult func seal(
        _ seals: [EventSeal], by name: String = "issuer", isHeard: Bool = true
    ) throws -> SampleController.SignedEvent {
        let event = try controller(name).interact(behind: state(name), anchors: seals.map(\.value))
        if isHeard { try hear(event) }
        return event
    }

    /// Rotates an issuer's keys behind an earlier event, which takes the place of what came after it.
    func recover(_ name: String = "issuer", behind earlier: KeyState, sealing seals: [EventSeal] = []) throws {
        var controller = try controller(name)
        try hear(controller.rotate(behind: earlier, anchors: seals.map(\.value)))
        controllers[name] = controller
    }

    func state(_ name: String = "issuer") throws -> KeyState {
        let aid = try issuer(name)
        guard let state = try store.read(credentials: { $0.keyEvents.keyState(of: aid) }) else { throw Failure() }
        return state
    }

    func hear(_ signed: SampleController.SignedEvent) throws {
        let outcome = try EventProcessor(store: store.keyEventLogs)
            .process(.keyEvent(signed.event), with: signed.attachments, now: Self.now)
        guard case .accepted = outcome else { throw Failure() }
    }

    private func controller(_ name: String) throws -> SampleController {
        try issuer(name)
        guard let controller = controllers[name] else { throw Failure() }
        return controller
    }

    // MARK: Registries

    /// A registry inception that nobody has sealed yet.
    func inception(
        by name: String = "issuer", backers: [Backer] = [], threshold: UInt32 = 0, nonce: String = "n"
    ) throws -> RegistryEvent {
        try RegistryEventBuilder.inception(
            issuer: issuer(name), backers: backers.map(\.aid), threshold: threshold, nonce: Self.nonce(nonce))
    }

    /// A registry that the receiver has accepted.
    func registry(
        by name: String = "issuer", backers: [Backer] = [], threshold: UInt32 = 0, nonce: String = "n"
    ) throws -> RegistryState {
        let event = try inception(by: name, backers: backers, threshold: threshold, nonce: nonce)
        guard try feedSealed(event, by: name, signedBy: Array(backers.prefix(Int(threshold)))) == .accepted,
            let state = try state(of: event.subject)
        else { throw Failure() }
        return state
    }

    func state(of registry: SAID) throws -> RegistryState? { try store.read(credentials: { $0.registry(registry) }) }

    func status(_ credential: SAID, in registry: SAID) throws -> CredentialStatus? {
        try store.read(credentials: { $0.status(of: credential, in: registry) })
    }

    func isAnchored(_ status: CredentialStatus) throws -> Bool {
        try store.read(credentials: { try $0.isAnchored(status) })
    }

    func escrows() throws -> [CredentialEscrowEntry] {
        try store.read(credentials: {
            $0.credentialEscrows(reason: nil, subject: nil, after: nil, limit: .max).map(\.entry)
        })
    }

    // MARK: Feeding

    func feed(
        _ event: RegistryEvent, signedBy backers: [Backer] = [], at places: [Int]? = nil, now: Timestamp = now
    ) throws -> CredentialOutcome {
        var attachments = Attachments()
        attachments.witnessSignatures = try zip(backers, places ?? Array(backers.indices)).map { backer, place in
            try backer.key.indexedSignature(over: event.bytes, index: place)
        }
        return try processor.process(event, with: attachments, now: now)
    }

    func feedSealed(
        _ event: RegistryEvent, by name: String = "issuer", signedBy backers: [Backer] = [], at places: [Int]? = nil
    ) throws -> CredentialOutcome {
        try seal([event.seal], by: name)
        return try feed(event, signedBy: backers, at: places)
    }

    func issuance(_ credential: String, in state: RegistryState, seconds: Int64 = 0) throws -> RegistryEvent {
        try RegistryEventBuilder.issuance(
            of: Self.said(credential), in: state, dated: Self.now.advanced(bySeconds: seconds))
    }

    func revocation(_ credential: String, in state: RegistryState, seconds: Int64 = 0) throws -> RegistryEvent {
        guard let status = try status(Self.said(credential), in: state.registry) else { throw Failure() }
        return try RegistryEventBuilder.revocation(
            of: status, in: state, dated: Self.now.advanced(bySeconds: seconds))
    }

    /// An event with other members; its digests are made anew.
    static func changed(_ event: RegistryEvent, _ change: (inout OrderedMap) -> Void) throws -> RegistryEvent {
        guard case .map(var map) = try OrderedValue(parsing: event.bytes.span, format: .json) else { throw Failure() }
        change(&map)
        let bytes = try SelfAddressing.seal(
            &map, labels: event.kind == .registryInception ? ["d", "i"] : ["d"], version: true)
        var parser = MessageParser()
        guard case .registryEvent(let changed) = try parser.parse(bytes.span, format: .json) else { throw Failure() }
        return changed
    }
}

/// A backer of a registry: a key that is its own AID.
struct Backer {
    let key: CreatedKey
    let aid: AID

    init(_ name: String) throws {
        let seed = DigestAlgorithm.blake3_256.digest(Array("backer \(name)".utf8).span)
        key = try CreatedKey(seed: SecretBytes(copying: seed.span), isTransferable: false)
        aid = AID(key.verificationKey.primitive)!
    }
}
