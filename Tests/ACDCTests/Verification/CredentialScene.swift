// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import StoreConformance

@testable import ACDC

/// Issuers with registries, delegated ones too, and a verifier that hears of what they issue.
final class CredentialScene {
    struct Failure: Error {}

    static let now = RegistryScene.now
    let store = MemoryCredentialStore()
    var limits = ChainLimits.standard
    var schemaLimits = SchemaLimits.standard
    private(set) var schema = CredentialParserTests.schema
    private var controllers: [String: SampleController] = [:]
    private var aids: [String: AID] = [:]
    private var registries: [String: RegistryState] = [:]

    init() throws {
        schema = try learn(["type": "object"])
    }

    // MARK: Issuers

    /// The AID of an issuer whose log is known from now on.
    @discardableResult func issuer(_ name: String, delegatedBy delegator: String? = nil) throws -> AID {
        if let aid = aids[name] { return aid }
        let controller = SampleController(name)
        controllers[name] = controller
        guard let delegator else {
            let inception = try controller.incept()
            aids[name] = inception.event.aid
            try hear(inception.event, inception.attachments)
            return inception.event.aid
        }
        let stated = Establishment(
            signingThreshold: .count(1), keys: [try controller.key(0).verificationKey], nextThreshold: .count(1),
            nextDigests: [KeyDigest(of: try controller.key(1).verificationKey)])
        let event = try EventBuilder.inception(stated, delegator: issuer(delegator))
        var attachments = Attachments()
        attachments.controllerSignatures = [try controller.key(0).indexedSignature(over: event.bytes, index: 0)]
        let source = try seal(EventSeal(aid: event.aid, sn: .zero, said: event.said), by: delegator)
        attachments.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)]
        aids[name] = event.aid
        try hear(event, attachments)
        return event.aid
    }

    @discardableResult func seal(_ seal: EventSeal, by name: String) throws -> KeyEvent {
        let signed = try controller(name).interact(behind: state(name), anchors: [seal.value])
        try hear(signed.event, signed.attachments)
        return signed.event
    }

    func state(_ name: String) throws -> KeyState {
        let aid = try issuer(name)
        guard let state = try store.read(credentials: { $0.keyEvents.keyState(of: aid) }) else { throw Failure() }
        return state
    }

    /// Rotates behind an earlier event, which takes the place of what came after it.
    func recover(_ name: String, behind earlier: KeyState) throws {
        var controller = try controller(name)
        let signed = try controller.rotate(behind: earlier)
        controllers[name] = controller
        try hear(signed.event, signed.attachments)
    }

    private func controller(_ name: String) throws -> SampleController {
        try issuer(name)
        guard let controller = controllers[name] else { throw Failure() }
        return controller
    }

    private func hear(_ event: KeyEvent, _ attachments: Attachments) throws {
        let outcome = try EventProcessor(store: store.keyEventLogs)
            .process(.keyEvent(event), with: attachments, now: Self.now)
        guard case .accepted = outcome else { throw Failure() }
    }

    // MARK: Registries

    func registry(_ name: String) throws -> RegistryState {
        if let state = registries[name] { return state }
        let event = try RegistryEventBuilder.inception(issuer: issuer(name), nonce: RegistryScene.nonce(name))
        try seal(event.seal, by: name)
        try feed(event)
        guard let state = try store.read(credentials: { $0.registry(event.subject) }) else { throw Failure() }
        registries[name] = state
        return state
    }

    /// Issues a digest in the registry of an issuer.
    @discardableResult func issue(_ said: SAID, by name: String) throws -> RegistryEvent {
        let event = try RegistryEventBuilder.issuance(of: said, in: registry(name), dated: Self.now)
        try seal(event.seal, by: name)
        try feed(event)
        return event
    }

    func revoke(_ credential: Credential, by name: String) throws {
        let registry = try registry(name)
        guard
            let status = try store.read(credentials: { $0.status(of: credential.said, in: registry.registry) })
        else { throw Failure() }
        let event = try RegistryEventBuilder.revocation(of: status, in: registry, dated: Self.now)
        try seal(event.seal, by: name)
        try feed(event)
    }

    /// Seals a revocation and keeps it from the verifier.
    func announceRevocation(of credential: Credential, by name: String) throws {
        let registry = try registry(name)
        guard
            let status = try store.read(credentials: { $0.status(of: credential.said, in: registry.registry) })
        else { throw Failure() }
        try seal(try RegistryEventBuilder.revocation(of: status, in: registry, dated: Self.now).seal, by: name)
    }

    private func feed(_ event: RegistryEvent) throws {
        let outcome = try CredentialProcessor(store: store).process(event, with: Attachments(), now: Self.now)
        guard outcome == .accepted || outcome == .duplicate else { throw Failure() }
    }

    // MARK: Schemas

    /// A schema whose SAID is filled in.
    static func schema(_ draft: OrderedMap) throws -> CredentialSchema {
        var map: OrderedMap = ["$id": ""]
        for member in draft.members { map[member.label] = member.value }
        let bytes = try SelfAddressing.seal(&map, labels: ["$id"])
        return try CredentialSchema(parsing: bytes)
    }

    @discardableResult func learn(_ draft: OrderedMap) throws -> SAID {
        let schema = try Self.schema(draft)
        try store.write(credentials: { $0.putSchema(schema) })
        return schema.said
    }

    // MARK: Credentials

    func draft(
        by name: String, to issuee: AID? = nil, attributes: OrderedMap = [:], edges: OrderedValue? = nil
    ) throws -> CredentialDraft {
        CredentialDraft(
            issuer: try issuer(name), registry: try registry(name).registry, schema: schema,
            content: .attributes(attributes), issuee: issuee, dated: Self.now, edges: edges)
    }

    /// A credential that was issued and accepted.
    @discardableResult func accepted(
        by name: String, to issuee: AID? = nil, attributes: OrderedMap = [:], edges: OrderedValue? = nil
    ) throws -> Credential {
        let credential = try CredentialBuilder.credential(
            draft(by: name, to: issuee, attributes: attributes, edges: edges), addressing: .mostCompact)
        try issue(credential.said, by: name)
        guard try decide(credential).outcome == .accepted else { throw Failure() }
        try keep(credential)
        return credential
    }

    func keep(_ credential: Credential) throws {
        try store.write(credentials: { $0.putCredential(credential, seenAt: Self.now) })
    }

    /// What is decided about a credential that was issued with these edges.
    func judge(
        by name: String, edges: OrderedValue
    ) throws -> CredentialDecision<MemoryCredentialTransaction>.Judgement {
        let credential = try CredentialBuilder.credential(draft(by: name, edges: edges))
        try issue(credential.said, by: name)
        return try decide(credential)
    }

    func decide(
        _ credential: Credential, _ triple: SealSourceTriple? = nil
    ) throws -> CredentialDecision<MemoryCredentialTransaction>.Judgement {
        var attachments = Attachments()
        if let triple { attachments.sealSourceTriples = [triple] }
        return try store.read(credentials: {
            try CredentialDecision($0, limits: limits, schemaLimits: schemaLimits)
                .decide(credential, attachments: attachments)
        })
    }

    func verdict(_ credential: Credential) throws -> CredentialVerdict {
        try store.read(credentials: { try $0.verdict(of: credential.said, limits: limits) })
    }

    static func edge(_ far: Credential, _ rest: OrderedMap = [:]) -> OrderedValue {
        var edge: OrderedMap = ["n": .text(far.said.text)]
        for member in rest.members { edge[member.label] = member.value }
        return .map(edge)
    }
}
