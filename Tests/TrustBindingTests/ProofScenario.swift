// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import SPIFFE
import Testing

@testable import TrustBinding

/// A controller with keys that writes its own log; every event goes through the real event processor.
final class FakeController {
    let seed: UInt8
    let keyCount: Int
    let threshold: UInt32
    /// Witnesses, whose receipts stand in every message.
    let witnesses: [CreatedKey]
    let processor: EventProcessor<MemoryKeyEventStore>
    private(set) var generation: UInt8 = 0
    private(set) var messages: [[UInt8]] = []
    private var inception: KeyEvent?

    init(seed: UInt8, keys: Int = 1, threshold: UInt32 = 1, witnesses: Int = 0, store: MemoryKeyEventStore) {
        self.seed = seed
        keyCount = keys
        self.threshold = threshold
        self.witnesses = (0..<witnesses).map { index in
            let bytes = [UInt8](repeating: seed, count: 31) + [UInt8(200 + index)]
            return try! CreatedKey(seed: SecretBytes(copying: bytes.span), isTransferable: false)
        }
        processor = EventProcessor(store: store)
    }

    var aid: AID { inception!.aid }
    var log: [UInt8] { messages.flatMap { $0 } }
    var state: KeyState { get throws { try #require(try processor.store.read { $0.keyState(of: aid) }) } }

    func key(_ generation: UInt8, _ index: Int) throws -> CreatedKey {
        let bytes = [UInt8](repeating: seed, count: 30) + [generation, UInt8(index)]
        return try CreatedKey(seed: SecretBytes(copying: bytes.span))
    }

    func establishment(_ generation: UInt8) throws -> Establishment {
        Establishment(
            signingThreshold: .count(threshold),
            keys: try (0..<keyCount).map { try key(generation, $0).verificationKey },
            nextThreshold: .count(threshold),
            nextDigests: try (0..<keyCount).map { KeyDigest(of: try key(generation + 1, $0).verificationKey) },
            witnessThreshold: UInt32(witnesses.count),
            witnessesAdded: generation == 0 ? witnesses.compactMap { AID($0.verificationKey.primitive) } : [])
    }

    /// Signs with the first `threshold` keys and appends the message; `source` is where the delegator sealed it.
    @discardableResult
    func add(_ event: KeyEvent, generation: UInt8, source: SealSource? = nil, keep: Bool = true) throws -> [UInt8] {
        var attachments = Attachments()
        for index in 0..<Int(threshold) {
            let signature = try key(generation, index).signingKey.sign(event.bytes.span)
            attachments.controllerSignatures.append(
                try IndexedSignature(
                    code: IndexedSignature.code(for: .ed25519, index: index), index: index, raw: signature))
        }
        for (index, witness) in witnesses.enumerated() {
            attachments.witnessSignatures.append(
                try IndexedSignature(
                    code: IndexedSignature.code(for: .ed25519, index: index), index: index,
                    raw: try witness.signingKey.sign(event.bytes.span)))
        }
        if let source {
            attachments.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)]
        }
        let message = event.bytes + (try attachments.encoded())
        guard keep else { return message }
        messages.append(message)
        let outcome = try processor.process(.keyEvent(event), with: attachments, now: Timestamp(seconds: 0))
        #expect(outcome.isInLog, "\(outcome)")
        return message
    }

    func incept(delegator: FakeController? = nil) throws {
        let event = try EventBuilder.inception(try establishment(0), delegator: delegator?.aid)
        inception = event
        try add(event, generation: 0, source: try delegator.map { try $0.approve(event) })
    }

    /// Seals an event of a delegate.
    func approve(_ event: KeyEvent) throws -> SealSource {
        let sealing = try anchor([EventSeal(aid: event.aid, sn: event.sn, said: event.said).value])
        return SealSource(sn: sealing.sn, said: sealing.said)
    }

    @discardableResult
    func anchor(_ anchors: [OrderedValue]) throws -> KeyEvent {
        let event = try EventBuilder.interaction(of: try state, anchors: anchors)
        try add(event, generation: generation)
        return event
    }

    @discardableResult
    func seal(_ said: Primitive) throws -> KeyEvent { try anchor([["d": .text(said.text)]]) }

    /// Rotates behind `base` (the latest state, or an earlier one to recover).
    @discardableResult
    func rotate(from base: KeyState? = nil, delegator: FakeController? = nil, anchors: [OrderedValue] = []) throws
        -> KeyEvent
    {
        generation += 1
        let event = try EventBuilder.rotation(
            of: base ?? (try state), try establishment(generation), anchors: anchors)
        try add(event, generation: generation, source: try delegator.map { try $0.approve(event) })
        return event
    }
}

/// An organisation (2 of 3), its issuer with an authority credential, a sealed statement, an authority and an SVID.
struct ProofScenario {
    let store: MemoryKeyEventStore
    let organisation: FakeController
    let issuer: FakeController
    let credential: FakeAuthority
    let statement: AuthorityStatement
    let authority: IssuingAuthority<FakeAuthorityKey>
    let leaf: X509Certificate
    /// What the file holds beside logs, authority and SVID.
    var records: [BindingRecord]
    var time = Sample.now

    init(
        seed: UInt8 = 1, delegated: Bool = false, delegator: FakeController? = nil, sealing: Bool = true,
        domain: TrustDomain = Sample.domain,
        credential: Primitive? = nil, statementKey: UInt8 = 1, authorityKey: UInt8 = 1,
        notAfter: CertificateTime = Sample.now.advanced(by: 86_400), authorityDomain: TrustDomain? = nil,
        sealedBefore: Primitive? = nil, witnesses: Int = 0, pathLength: Int = 0, sample: AuthoritySample = .init(),
        issuing: Bool = true, registryOwner: AID? = nil, traits: [OrderedValue] = ["NB"], path: String = "/web",
        lifetime: Int64 = 600, standIn: Bool = false, store: MemoryKeyEventStore = MemoryKeyEventStore()
    ) async throws {
        self.store = store
        organisation = FakeController(seed: seed, keys: 3, threshold: 2, witnesses: witnesses, store: store)
        issuer = FakeController(seed: seed + 1, store: store)
        try organisation.incept()
        if let sealedBefore { try organisation.seal(sealedBefore) }
        try issuer.incept(delegator: delegator ?? (delegated ? organisation : nil))
        self.credential = try FakeAuthority(
            organisation: organisation, issuer: issuer.aid, sample: sample, issuing: issuing,
            registryOwner: registryOwner, traits: traits)
        statement = try AuthorityStatement.x509(
            issuer: issuer.aid.primitive, trustDomain: domain, key: FakeAuthorityKey(statementKey),
            notBefore: Sample.now.advanced(by: -3600), notAfter: Sample.now.advanced(by: 86_400),
            credential: credential ?? (standIn ? issuer.aid.primitive : self.credential.said.primitive))
        records = [.statement(statement)]
        if sealing { try issuer.seal(statement.said) }
        authority = try await IssuingAuthority.selfSigned(
            key: FakeAuthorityKey(authorityKey), trustDomain: authorityDomain ?? domain,
            hints: SubjectHints(aid: issuer.aid.text, statement: statement.said.text),
            notBefore: Sample.now.advanced(by: -3600), notAfter: notAfter, serial: Sample.serial(7),
            pathLength: pathLength)
        leaf = try await authority.issue(
            to: try VerifiedCertificateRequest(der: Sample.request()),
            id: try SPIFFEID(trustDomain: authorityDomain ?? domain, path: path), now: Sample.now, lifetime: lifetime,
            serial: Sample.serial(8))
    }

    func file(_ change: (inout ProofFileWriter) -> Void = { _ in }) throws -> [UInt8] {
        var writer = ProofFileWriter()
        writer.append(keyEventLog: organisation.log)
        writer.append(keyEventLog: issuer.log)
        writer.append(registry: credential.registry.messages.flatMap { $0 })
        writer.append(credential: try credential.message())
        writer.append(schema: AuthoritySchema.bytes)
        for record in records { writer.append(record) }
        writer.append(authority: authority.certificate)
        writer.append(svid: [leaf])
        change(&writer)
        return try writer.finish()
    }

    /// Where the log of a controller ends now.
    func position(_ controller: FakeController) throws -> LogPosition {
        LogPosition(aid: controller.aid, sn: try controller.state.sn)
    }

    func verify(
        _ bytes: [UInt8]? = nil, root: AID? = nil, domain: TrustDomain = Sample.domain,
        asOf positions: LogPosition...
    ) throws -> VerdictReport {
        ProofVerifier.verify(
            try bytes ?? file(), root: root ?? organisation.aid, trustDomain: domain, at: time, asOf: positions)
    }
}

extension VerdictReport {
    /// One rung, as verdict and first code.
    func summary(of name: Rung.Name) -> String {
        guard let rung = rungs.first(where: { $0.name == name }) else { return "" }
        return "\(rung.verdict.rawValue) \(rung.reasons.first?.code ?? "")"
    }

    /// Verdict, deciding rung and first code, as one text to compare.
    var summary: String {
        guard let rung = decidingRung else { return verdict.rawValue }
        return "\(verdict.rawValue) \(rung.name.rawValue) \(rung.reasons.first?.code ?? "")"
    }
}
