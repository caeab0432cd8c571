// SPDX-License-Identifier: Apache-2.0

/// Something in which a proof file and its manifest do not agree.
public enum ManifestFinding: Hashable, Sendable {
    /// There is no manifest: the end of the file is lost.
    case noManifest
    /// A part is listed and not there.
    case missing(ProofPart.Name)
    /// A part is not what the manifest lists.
    case mismatch(ProofPart.Name)
    /// A part is there and not listed.
    case unlisted(ProofPart.Name)
    /// The parts stand in another order than the manifest lists.
    case order
    /// The newest events are not those that the manifest lists.
    case newestEvents

    /// What the finding does to the file.
    public var verdict: Verdict {
        switch self {
        case .noManifest, .missing: .undecidable
        case .mismatch, .unlisted, .order, .newestEvents: .contradicted
        }
    }

    /// Stable code with the part concerned.
    public var reason: Reason {
        switch self {
        case .noManifest: Reason("manifest-missing", "the end of the file is lost")
        case .missing(let name): Reason("part-missing", "\(name) is listed and not there")
        case .mismatch(let name): Reason("part-mismatch", "\(name) is not what the manifest lists")
        case .unlisted(let name): Reason("part-unlisted", "\(name) is not in the manifest")
        case .order: Reason("part-order", "the parts stand in another order than the manifest lists")
        case .newestEvents: Reason("newest-events", "the logs end elsewhere than the manifest says")
        }
    }

    /// Everything in which `parts` and `manifest` differ.
    static func compare(
        _ parts: [ProofPart], newestEvents: [EventPosition], with manifest: ProofManifest?
    ) -> [ManifestFinding] {
        guard let manifest else { return [.noManifest] }
        var findings: [ManifestFinding] = []
        let listed = Dictionary(uniqueKeysWithValues: manifest.entries.map { ($0.name, $0) })
        let present = Set(parts.map(\.name))
        for part in parts {
            guard let entry = listed[part.name] else {
                findings.append(.unlisted(part.name))
                continue
            }
            if entry.count != part.count || entry.sha256 != part.sha256 { findings.append(.mismatch(part.name)) }
        }
        findings += manifest.entries.filter { !present.contains($0.name) }.map { .missing($0.name) }
        let listedOrder = manifest.entries.map(\.name).filter(present.contains)
        if listedOrder != parts.map(\.name).filter({ listed[$0] != nil }) { findings.append(.order) }
        // The end of a log that is not there has been reported.
        let logs = Set(parts.filter { $0.name.kind == .keyEventLog }.map(\.name.id))
        if manifest.newestEvents.filter({ logs.contains($0.aid) }) != newestEvents { findings.append(.newestEvents) }
        return findings
    }
}
