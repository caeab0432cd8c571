// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KelmarkBytes

/// A proof file that could be read: its parts, and how they agree with its manifest. Nothing in it is believed yet.
///
/// Reading is strict and bounded, one pass from front to back: key event logs first, then registries and credentials,
/// then schemas, records and certificates in messages of ours, the manifest last. `docs/reference/proof-file.md`.
public struct ProofFile: Hashable, Sendable {
    /// The parts in the order of the file.
    public let parts: [ProofPart]
    /// The last event of each log, in the order of the logs.
    public let newestEvents: [EventPosition]
    /// The manifest, nil when the end of the file is lost.
    public let manifest: ProofManifest?
    /// Everything in which parts and manifest differ.
    public let findings: [ManifestFinding]

    /// Reads a file.
    /// - Throws: ``ProofFileError`` at the first place where the bytes are no proof file.
    public init(_ bytes: [UInt8], limits: Limits = .standard) throws(ProofFileError) {
        var reader = ProofFileReader(bytes, limits: limits)
        try reader.read()
        parts = reader.parts
        newestEvents = reader.newestEvents
        manifest = reader.manifest
        findings = ManifestFinding.compare(parts, newestEvents: newestEvents, with: manifest)
    }

    /// The parts of one kind.
    func parts(_ kind: ProofPart.Kind) -> [ProofPart] { parts.filter { $0.name.kind == kind } }
}
