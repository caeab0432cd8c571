// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes

/// A credential as a message of an exchange shows it. Only what the exchange itself needs is read here, and nothing is
/// verified: that is done when the credential is admitted.
public struct DisclosedCredential: Hashable, Sendable {
    /// What it says is its digest.
    public let said: SAID
    /// Who it says issues it.
    public let issuer: AID
    /// The registry that it names.
    public let registry: SAID?
    /// The schema that it names.
    public let schema: SAID
    /// To whom it says that it is issued, as far as this copy shows.
    public let target: CredentialTarget
    /// The credential as it travels.
    public let part: EmbeddedPart

    /// Reads one.
    /// - Throws: ``ExchangeRefusal`` `badEmbed`.
    public init(_ part: EmbeddedPart) throws(ExchangeRefusal) {
        guard let map = try part.value().mapValue, map.text("v")?.hasPrefix("ACDC") ?? false,
            let said = map.said("d"), let issuer = map.aid("i"),
            let schema = map.said("s") ?? map["s"]?["$id"]?.textValue.flatMap({ SAID($0) })
        else { throw .badEmbed }
        self.said = said
        self.issuer = issuer
        self.schema = schema
        self.part = part
        registry = map.said("ri")
        target = Self.target(in: map)
    }

    /// To whom it says that it is issued; nil when it does not say, the attributes are not shown or it names no AID.
    public var issuee: AID? { if case .issuee(let aid) = target { aid } else { nil } }

    /// The target as the parser of credentials reads it: `i` of the attributes or of a block of the aggregate.
    private static func target(in map: OrderedMap) -> CredentialTarget {
        func named(in block: OrderedMap) -> CredentialTarget? {
            block["i"].map { $0.textValue.flatMap { AID($0) }.map { .issuee($0) } ?? .other }
        }
        if let attributes = map["a"] {
            guard let block = attributes.mapValue else { return .undisclosed }
            return named(in: block) ?? .untargeted
        }
        guard let aggregate = map["A"] else { return .untargeted }
        guard let blocks = aggregate.listValue?.dropFirst() else { return .undisclosed }
        if let found = blocks.lazy.compactMap({ $0.mapValue.flatMap(named) }).first { return found }
        return blocks.allSatisfy { $0.mapValue != nil } ? .untargeted : .undisclosed
    }
}

/// What a grant hands over.
public struct CredentialGrant: Hashable, Sendable {
    /// The credential.
    public let credential: DisclosedCredential
    /// The registry event that issues it.
    public let issuance: EmbeddedPart?
    /// The event of the issuer that seals the issuance.
    public let anchor: EmbeddedPart?

    /// Joins the parts.
    public init(credential: DisclosedCredential, issuance: EmbeddedPart?, anchor: EmbeddedPart?) {
        self.credential = credential
        self.issuance = issuance
        self.anchor = anchor
    }

    /// Looks whether the parts belong together: the issuance issues this credential in the registry that it names, and
    /// the anchoring event is one of its issuer and seals the issuance. Whether they hold is for the processors.
    /// - Throws: ``ExchangeRefusal`` `badEmbed`.
    public func check() throws(ExchangeRefusal) {
        var seal: EventSeal?
        if let issuance {
            guard case .registryEvent(let event) = Self.message(issuance),
                event.kind == .issuance || event.kind == .backedIssuance, event.subject == credential.said,
                event.registryNamed == credential.registry
            else { throw .badEmbed }
            seal = event.seal
        }
        if let anchor {
            guard case .keyEvent(let event) = Self.message(anchor), event.aid == credential.issuer else {
                throw .badEmbed
            }
            if let seal { guard event.seals.contains(.event(seal)) else { throw .badEmbed } }
        }
    }

    /// The parts in the order in which the processors need them.
    public var parts: [EmbeddedPart] { [anchor, issuance, credential.part].compactMap(\.self) }

    private static func message(_ part: EmbeddedPart) -> Message? {
        var parser = MessageParser()
        return try? parser.parse(part.body.span, format: part.format)
    }
}
