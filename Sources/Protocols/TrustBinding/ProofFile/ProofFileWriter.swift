// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import SPIFFE

/// Writes a proof file: logs (delegators first), registries, credentials, then schemas, sealed records and certificates,
/// and the manifest behind them.
///
/// The writer keeps the order in which it is given parts; it does not judge whether they prove anything. What it
/// writes, ``ProofFile`` reads.
public struct ProofFileWriter: Sendable {
    private var parts: [ProofPart] = []

    /// An empty file.
    public init() {}

    /// Adds the key event log of one AID: whole messages with their attachments, one behind the other.
    public mutating func append(keyEventLog messages: [UInt8]) {
        parts.append(
            ProofPart(name: .init(kind: .keyEventLog, id: ""), count: 0, content: messages, offset: 0))
    }

    /// Adds a registry: its events and those of its credentials, each with the seal source of the organisation's log.
    public mutating func append(registry messages: [UInt8]) {
        parts.append(ProofPart(name: .init(kind: .registry, id: ""), count: 0, content: messages, offset: 0))
    }

    /// Adds a credential: one message with the seal of its issuance.
    public mutating func append(credential message: [UInt8]) {
        parts.append(ProofPart(name: .init(kind: .credential, id: ""), count: 1, content: message, offset: 0))
    }

    /// Adds a schema of credentials.
    public mutating func append(schema bytes: [UInt8]) {
        parts.append(ProofPart(name: .init(kind: .schema, id: ""), count: 1, content: bytes, offset: 0))
    }

    /// Adds a record.
    public mutating func append(_ record: BindingRecord) {
        parts.append(
            ProofPart(name: .init(kind: .record, id: record.said.text), count: 1, content: record.bytes, offset: 0))
    }

    /// Adds the certificate of an authority.
    public mutating func append(authority certificate: X509Certificate) {
        append(.authority, [certificate])
    }

    /// Adds the chain of an X.509-SVID, leaf first.
    public mutating func append(svid chain: [X509Certificate]) {
        append(.svid, chain)
    }

    private mutating func append(_ kind: ProofPart.Kind, _ chain: [X509Certificate]) {
        guard let first = chain.first else { return }
        parts.append(
            ProofPart(
                name: .init(kind: kind, id: hexadecimal(ProofFileFormat.sha256(first.der))), count: chain.count,
                content: chain.flatMap(\.der), offset: 0))
    }

    /// The bytes of the file.
    /// - Throws: ``ProofFileError`` when what was added is no proof file: a log that can't be read, a part twice.
    public func finish() throws(ProofFileError) -> [UInt8] {
        try Self.file(of: parts)
    }

    /// A file of these parts with a manifest that fits them.
    static func file(of parts: [ProofPart]) throws(ProofFileError) -> [UInt8] {
        let body = try bytes(of: parts)
        // Reading names the logs and finds what no reader would accept.
        let read = try ProofFile(body)
        return body + (try manifest(parts: read.parts, newestEvents: read.newestEvents))
    }

    /// The messages of the parts without a manifest.
    static func bytes(of parts: [ProofPart]) throws(ProofFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in parts {
            if part.name.kind.isRaw {
                bytes += part.content
            } else {
                guard let message = part.message else { throw ProofFileError(.partMalformed, at: bytes.count) }
                bytes += message
            }
        }
        return bytes
    }

    /// The message that lists `parts`.
    static func manifest(
        parts: [ProofPart], newestEvents: [EventPosition]
    ) throws(ProofFileError) -> [UInt8] {
        guard let message = ProofManifest(parts: parts, newestEvents: newestEvents).message else {
            throw ProofFileError(.manifestMalformed, at: 0)
        }
        return message
    }
}
