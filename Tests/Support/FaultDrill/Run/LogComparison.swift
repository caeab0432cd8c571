// SPDX-License-Identifier: Apache-2.0

internal import CESR
package import KERI

/// Compares what witnesses keep with what they must keep.
package enum LogComparison {
    /// How two logs differ: other digests, other bytes, or another length.
    package static func findings(_ reference: [EventRecord], _ records: [EventRecord], at name: String) -> [Finding] {
        var findings: [Finding] = []
        if records.count != reference.count {
            findings.append(Finding(.differs, "\(name) has \(records.count) of \(reference.count) events"))
        }
        for (wanted, found) in zip(reference, records)
        where wanted.said != found.said || wanted.sn != found.sn || wanted.bytes != found.bytes {
            findings.append(Finding(.differs, "\(name) has \(found.said) at \(found.sn), not \(wanted.said)"))
            // What follows one other event is other as well.
            break
        }
        return findings
    }

    /// Which receipts that a witness gave are not in its log.
    package static func findings(
        _ given: [ReceiptLedger.Place: ReceiptLedger.Given], _ records: [EventRecord], at name: String
    ) -> [Finding] {
        let kept = Dictionary(records.map { ($0.said, $0) }, uniquingKeysWith: { first, _ in first })
        return given.sorted { $0.key.sn < $1.key.sn }.compactMap { place, receipt in
            guard let record = kept[receipt.said], record.sn == place.sn, record.aid == place.aid,
                record.proof.witnessSignatures.contains(where: { $0.raw == receipt.signature })
            else { return Finding(.lost, "\(name) gave a receipt of \(place.sn) that its store has not") }
            return nil
        }
    }
}
