// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import SPIFFE
import Testing

@testable import TrustBinding

/// A registry whose events its owner seals, one interaction each.
final class FakeRegistry {
    let owner: FakeController
    let said: SAID
    private(set) var messages: [[UInt8]] = []
    private static let dated: OrderedValue = "2026-08-01T11:00:00.000000+00:00"

    init(owner: FakeController, issuer: AID? = nil, traits: [OrderedValue] = ["NB"], nonce: UInt8 = 1) throws {
        self.owner = owner
        let nonce = try Primitive(code: .salt128, raw: [UInt8](repeating: nonce, count: 16))
        let event = try Self.event(
            .registryInception,
            [
                ("d", ""), ("i", ""), ("ii", .text((issuer ?? owner.aid).text)), ("s", "0"), ("c", .list(traits)),
                ("bt", "0"), ("b", []), ("n", .text(nonce.text)),
            ], digests: ["d", "i"])
        said = event.subject
        try seal(event)
    }

    static func event(
        _ kind: MessageKind, _ members: [(String, OrderedValue)], digests: [String] = ["d"]
    ) throws -> RegistryEvent {
        let bytes = try MessageBuilder.body(kind, members, digests: digests)
        var parser = MessageParser()
        guard case .registryEvent(let event) = try parser.parse(bytes.span, format: .json) else {
            throw CancellationError()
        }
        return event
    }

    func issuance(of credential: SAID, registry: SAID? = nil, dated: OrderedValue? = nil) throws -> RegistryEvent {
        try Self.event(
            .issuance,
            [
                ("d", ""), ("i", .text(credential.text)), ("s", "0"), ("ri", .text((registry ?? said).text)),
                ("dt", dated ?? Self.dated),
            ])
    }

    func revocation(of credential: SAID, after issuance: SAID) throws -> RegistryEvent {
        try Self.event(
            .revocation,
            [
                ("d", ""), ("i", .text(credential.text)), ("s", "1"), ("ri", .text(said.text)),
                ("p", .text(issuance.text)), ("dt", Self.dated),
            ])
    }

    /// Seals an event in the owner's log and keeps it.
    func seal(_ event: RegistryEvent) throws {
        let sealing = try owner.anchor([event.seal.value])
        try add(event, sealedBy: SealSource(sn: sealing.sn, said: sealing.said))
    }

    /// Keeps an event that says where it is sealed.
    func add(_ event: RegistryEvent, sealedBy source: SealSource) throws {
        messages.append(try Self.message(event, sealedBy: source))
    }

    static func message(_ event: RegistryEvent, sealedBy source: SealSource) throws -> [UInt8] {
        var attachments = Attachments()
        attachments.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)]
        return event.bytes + (try attachments.encoded())
    }

    func removeLast() { messages.removeLast() }
}

/// What an authority credential of a test says.
struct AuthoritySample {
    var domain = Sample.domain
    var issuer: AID?
    var issuee: AID?
    var schema = AuthoritySchema.said
    var limits = try! AuthorityLimits(
        pathPrefixes: [.all], svidTypes: [.x509], longestX509: 3600, longestJWT: 300, mostKeys: 2)
    /// Last change of the attributes.
    var change: @Sendable (inout OrderedMap) -> Void = { _ in }
    /// Last change of the body.
    var changeBody: @Sendable (inout OrderedMap) -> Void = { _ in }

    func body(organisation: AID, registry: SAID, issuer: AID) throws -> [UInt8] {
        var attributes: OrderedMap = ["d": "", "i": .text((issuee ?? issuer).text)]
        attributes["dt"] = "2026-08-01T11:00:00.000000+00:00"
        for member in AuthorityCredential.attributes(trustDomain: domain, limits: limits).members {
            attributes[member.label] = member.value
        }
        change(&attributes)
        try KERI.SelfAddressing.seal(&attributes)
        var body: OrderedMap = [
            "v": "ACDC10JSON000000_", "d": "", "i": .text((self.issuer ?? organisation).text),
            "ri": .text(registry.text), "s": .text(schema), "a": .map(attributes),
        ]
        changeBody(&body)
        return try KERI.SelfAddressing.seal(&body, version: true)
    }
}

/// A registry of an organisation with one authority credential, issued and sealed.
final class FakeAuthority {
    let registry: FakeRegistry
    let said: SAID
    let body: [UInt8]
    let issuance: RegistryEvent

    init(
        organisation: FakeController, issuer: AID, sample: AuthoritySample = AuthoritySample(), issuing: Bool = true,
        registryOwner: AID? = nil, traits: [OrderedValue] = ["NB"]
    ) throws {
        registry = try FakeRegistry(owner: organisation, issuer: registryOwner, traits: traits)
        body = try sample.body(organisation: organisation.aid, registry: registry.said, issuer: issuer)
        let bytes = body
        let mapValue = try OrderedValue(parsing: bytes.span, format: .json)
        let map = try #require(mapValue.mapValue)
        said = try #require(map["d"]?.textValue.flatMap { SAID($0) })
        issuance = try registry.issuance(of: said)
        if issuing { try registry.seal(issuance) }
    }

    /// The credential with the seal of its issuance.
    func message(issuance other: SAID? = nil) throws -> [UInt8] {
        var attachments = Attachments()
        attachments.sealSourceTriples = [
            SealSourceTriple(prefix: said.primitive, sn: 0, said: (other ?? issuance.said).primitive)
        ]
        return body + (try attachments.encoded())
    }

    func revocation() throws -> RegistryEvent { try registry.revocation(of: said, after: issuance.said) }
    func revoke() throws { try registry.seal(try revocation()) }
}
