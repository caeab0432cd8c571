// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KERINetwork
internal import StorageSQLite
internal import TrustBinding

extension HomeWallet {
    /// Those of some records whose seals a recovery of an AID at a position would take away.
    func superseded(
        _ records: [BindingRecord], at position: SequenceNumber, of aid: AID
    ) throws -> [BindingRecord] {
        guard !records.isEmpty else { return [] }
        return try store.read { transaction in
            guard let state = try transaction.keyState(of: aid) else { return [] }
            var lost: Set<SAID> = []
            var kept: Set<SAID> = []
            var place: SequenceNumber? = .zero
            while let sn = place, sn <= state.sn, let record = try transaction.record(of: aid, at: sn) {
                for case .digest(let said)? in record.seals {
                    if sn < position { kept.insert(said) } else { lost.insert(said) }
                }
                place = sn.next
            }
            return records.filter { record in SAID(record.said).map { lost.subtracting(kept).contains($0) } ?? false }
        }
    }
}
