// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkCrypto
internal import SPIFFE
internal import StorageSQLite
internal import TrustBinding

extension IssuerService {
    /// Seals the withdrawal of a statement. Record first, then seal.
    func withdraw(
        _ withdrawal: Withdrawal, by author: Controller<SQLiteKeyEventStore>, signers: [Int]?, now: Timestamp
    ) async throws -> AuthoredEvent {
        let record = BindingRecord.withdrawal(withdrawal)
        guard let digest = SAID(withdrawal.said) else { throw CommandFailure("KM-INTERNAL", "the SAID is none") }
        if !wallet.isDryRun { try folder.records.save(record) }
        do {
            return try await Self.seal([.digest(digest)], by: author, signers, now)
        } catch {
            if !wallet.isDryRun, (try? isKnown(digest, in: author.aid)) == false { folder.records.remove(record) }
            throw error
        }
    }

    /// The statements and withdrawals that a recovery of the issuer at a position would leave without their seals.
    func superseded(at position: SequenceNumber) throws -> [BindingRecord] {
        let known =
            try folder.entries(of: controller.aid).map { BindingRecord.statement($0.statement) }
            + folder.records.records()
        return try wallet.store.read { transaction in
            guard let state = try transaction.keyState(of: controller.aid) else { return [] }
            var lost: Set<SAID> = []
            var kept: Set<SAID> = []
            var place: SequenceNumber? = .zero
            while let sn = place, sn <= state.sn, let record = try transaction.record(of: controller.aid, at: sn) {
                for case .digest(let said)? in record.seals {
                    if sn < position { kept.insert(said) } else { lost.insert(said) }
                }
                place = sn.next
            }
            return known.filter { record in SAID(record.said).map { lost.subtracting(kept).contains($0) } ?? false }
        }
    }
}
