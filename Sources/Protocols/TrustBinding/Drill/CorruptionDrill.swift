// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes
public import SPIFFE

/// Damages a proven file in every way of a fixed list and has each result judged.
///
/// The same file gives the same table, row for row. "Rebuilt" means that the manifest fits again, as an attacker
/// would see to: then the part itself has to show the damage.
public struct CorruptionDrill: Sendable {
    let bytes: [UInt8]
    let file: ProofFile
    let root: AID
    let trustDomain: TrustDomain
    let time: CertificateTime
    let places: Places

    /// Where the parts of the story stand in the file.
    struct Places {
        let organisation: Int
        let issuer: Int
        let registry: Int
        let credential: Int
        let schema: Int
        let statement: Int
        let authority: Int
        let svid: Int
        /// Event of the registry that issues the credential.
        let issuance: Int
        /// Event of the organisation's log that seals the issuance.
        let issuing: Int
        /// Event of the issuer's log that seals the statement.
        let sealing: Int
    }

    /// Prepares the drill.
    /// - Returns: nil unless the file is proven for this AID, trust domain and time, with one statement, one authority
    ///   certificate, one registry, one credential with its schema, and logs of the organisation and the issuer.
    public init?(file bytes: [UInt8], root: AID, trustDomain: TrustDomain, at time: CertificateTime) {
        let report = ProofVerifier.verify(bytes, root: root, trustDomain: trustDomain, at: time)
        guard report.verdict == .proven, report.asOf.count == 2, let file = try? ProofFile(bytes) else { return nil }
        func place(_ kind: ProofPart.Kind, _ id: String? = nil) -> Int? {
            file.parts.firstIndex { $0.name.kind == kind && (id == nil || $0.name.id == id) }
        }
        guard let organisation = place(.keyEventLog, root.text),
            let issuer = place(.keyEventLog, report.asOf[1].aid),
            let statement = file.parts.firstIndex(where: \.isStatement),
            let authority = place(.authority), let svid = place(.svid), file.parts(.authority).count == 1,
            file.parts.filter(\.isStatement).count == 1,
            let registry = place(.registry), let credential = place(.credential), let schema = place(.schema),
            file.parts(.registry).count == 1, file.parts(.credential).count == 1,
            let issuance = file.parts[registry].transactions.firstIndex(where: { $0.event.kind == .issuance }),
            let issuing = file.parts[organisation].firstEvent(
                naming: file.parts[registry].transactions[issuance].event.said.text),
            let sealing = file.parts[issuer].firstEvent(naming: file.parts[statement].name.id)
        else { return nil }
        self.bytes = bytes
        self.file = file
        self.root = root
        self.trustDomain = trustDomain
        self.time = time
        places = Places(
            organisation: organisation, issuer: issuer, registry: registry, credential: credential, schema: schema,
            statement: statement, authority: authority, svid: svid, issuance: issuance, issuing: issuing,
            sealing: sealing)
    }

    /// Tries every corruption, in fixed order.
    /// - Throws: ``ProofFileError`` or ``IssuanceError`` when a damaged file can't even be written, which no proven
    ///   file leads to.
    public func run() async throws -> [CorruptionResult] {
        var results: [CorruptionResult] = []
        for (corruption, damaged) in try await damagedFiles() {
            let report = ProofVerifier.verify(damaged, root: root, trustDomain: trustDomain, at: time)
            let rung = report.decidingRung
            results.append(
                CorruptionResult(
                    corruption: corruption, verdict: report.verdict, rung: rung?.name, reason: rung?.reasons.first))
        }
        return results
    }

    private func damagedFiles() async throws -> [(Corruption, [UInt8])] {
        try bytesOfParts() + removals() + orders() + newestEvents() + rebuilt() + (try await forgeries())
    }

    func corruption(
        _ name: String, _ action: String, _ verdict: Verdict, _ rung: Rung.Name?
    ) -> Corruption {
        Corruption(name: name, action: action, verdict: verdict, rung: rung)
    }

    func messages() throws(ProofFileError) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        for part in file.parts { messages.append(try ProofFileWriter.bytes(of: [part])) }
        return messages
    }

    func manifest(of parts: [ProofPart]) throws(ProofFileError) -> [UInt8] {
        try ProofFileWriter.manifest(parts: parts, newestEvents: file.newestEvents)
    }

    /// Another character of the Base64url alphabet for one of it; another byte for any other.
    static func another(_ byte: UInt8) -> UInt8 {
        guard Base64URL.sextet(of: byte) != nil else { return byte ^ 0x01 }
        return byte == UInt8(ascii: "A") ? UInt8(ascii: "Q") : UInt8(ascii: "A")
    }
}
