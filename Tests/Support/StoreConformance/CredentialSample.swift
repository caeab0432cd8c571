// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI
internal import KelmarkBytes
internal import KelmarkCrypto

/// Made-up registries and credentials that repeat: right in form, sealed by nobody.
public enum CredentialSample {
    /// When everything is said to happen.
    public static let start = SampleHistory.start

    /// A digest that follows from a text.
    public static func said(_ text: String) throws -> SAID {
        let digest = DigestAlgorithm.blake3_256.digest(text.utf8.span)
        guard let said = SAID(try Primitive(code: .blake3_256, raw: digest)) else {
            throw ConformanceFailure("a digest is no SAID")
        }
        return said
    }

    /// An AID that follows from a text.
    public static func aid(_ text: String) throws -> AID {
        guard let aid = AID(try said(text).primitive) else { throw ConformanceFailure("a digest is no AID") }
        return aid
    }

    static func nonce(_ name: String) throws -> Primitive {
        try Primitive(
            code: .salt128, raw: Array(DigestAlgorithm.blake3_256.digest(name.utf8.span).prefix(16)))
    }

    static func source(_ sn: UInt128) throws -> SealSource {
        SealSource(sn: SequenceNumber(sn), said: try said("source \(sn)"))
    }

    static func registry(
        _ name: String, issuer: String = "issuer", backers: [String]? = nil
    ) throws -> (event: RegistryEvent, state: RegistryState) {
        let names = try backers?.map { try aid($0) }
        let event = try RegistryEventBuilder.inception(
            issuer: aid(issuer), backers: names ?? [], threshold: backers == nil ? 0 : 1,
            nonce: nonce(name))
        return (
            event,
            RegistryState(
                registry: event.said, issuer: try aid(issuer), sn: .zero, event: event.said,
                isBackerless: backers == nil, backers: names ?? [], backerThreshold: backers == nil ? 0 : 1,
                anchor: try source(1))
        )
    }

    static func record(
        _ event: RegistryEvent, in registry: SAID, seconds: Int64 = 0, signatures: Int = 0
    ) throws -> RegistryEventRecord {
        RegistryEventRecord(
            registry: registry, subject: event.subject, sn: event.sn, said: event.said, kind: event.kind,
            seenAt: start.advanced(bySeconds: seconds), bytes: event.bytes, format: event.format,
            anchor: try source(event.sn.value + 2), backerSignatures: try self.signatures(signatures, over: event))
    }

    static func signatures(_ count: Int, over event: RegistryEvent) throws -> [IndexedSignature] {
        try (0..<count).map { place in
            let seed = DigestAlgorithm.blake3_256.digest("backer \(place)".utf8.span)
            return try CreatedKey(seed: SecretBytes(copying: seed.span))
                .indexedSignature(over: event.bytes, index: place)
        }
    }

    static func issuance(
        _ credential: String, in state: RegistryState, seconds: Int64 = 0
    ) throws -> (record: RegistryEventRecord, status: CredentialStatus) {
        let event = try RegistryEventBuilder.issuance(
            of: said(credential), in: state, dated: start.advanced(bySeconds: seconds))
        let record = try record(event, in: state.registry)
        return (record, try status(record, issuance: event.said, dated: event.dated))
    }

    static func revocation(
        of status: CredentialStatus, in state: RegistryState
    ) throws -> (record: RegistryEventRecord, status: CredentialStatus) {
        let event = try RegistryEventBuilder.revocation(of: status, in: state, dated: start)
        let record = try record(event, in: state.registry)
        return (record, try self.status(record, issuance: status.issuance, dated: event.dated))
    }

    private static func status(
        _ record: RegistryEventRecord, issuance: SAID, dated: Timestamp?
    ) throws -> CredentialStatus {
        CredentialStatus(
            credential: record.subject, registry: record.registry, kind: record.kind, sn: record.sn,
            event: record.said, issuance: issuance, dated: dated ?? start, anchor: record.anchor,
            issuanceAnchor: try source(2))
    }

    /// A credential; `issuee` nil for an untargeted one.
    public static func credential(
        issuer: String = "issuer", issuee: String? = nil, registry: String? = "registry", schema: String = "schema",
        note: String
    ) throws -> Credential {
        var attributes: OrderedMap = ["d": ""]
        if let issuee { attributes["i"] = .text(try aid(issuee).text) }
        attributes["dt"] = .text(start.description)
        attributes["note"] = .text(note)
        try SelfAddressing.seal(&attributes)
        var map: OrderedMap = ["v": "ACDC10JSON000000_", "d": "", "i": .text(try aid(issuer).text)]
        if let registry { map["ri"] = .text(try said(registry).text) }
        map["s"] = .text(try said(schema).text)
        map["a"] = .map(attributes)
        let body = try SelfAddressing.seal(&map, version: true)
        var parser = CredentialParser()
        return try parser.parse(body.span, format: .json)
    }

    /// A schema that follows from a text.
    public static func schema(_ title: String) throws -> CredentialSchema {
        var map: OrderedMap = [
            "$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "title": .text(title),
            "type": "object",
        ]
        return try CredentialSchema(parsing: SelfAddressing.seal(&map, labels: ["$id"]))
    }

    static func escrow(
        _ reason: CredentialEscrowReason, _ name: String, issuer: String = "issuer", seconds: Int64 = 0,
        waitsFor: Set<CredentialArrival> = [], isVerified: Bool = false, missing: String = "something"
    ) throws -> CredentialEscrowEntry {
        CredentialEscrowEntry(
            key: CredentialEscrowKey(reason: reason, subject: try said(name), said: try said("copy of \(name)")),
            since: start.advanced(bySeconds: seconds), message: Array("message of \(name)".utf8), missing: missing,
            issuer: try aid(issuer), waitsFor: waitsFor, isVerified: isVerified)
    }
}
