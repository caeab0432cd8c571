// SPDX-License-Identifier: Apache-2.0

internal import KERI
private import Synchronization

/// From where on a witness has not heard of the receipts of the others, because telling it failed.
final class UntoldReceipts: Sendable {
    private struct Place: Hashable {
        let aid: AID
        let witness: AID
    }

    private let places = Mutex<[Place: SequenceNumber]>([:])

    func add(_ aid: AID, _ witness: AID, from sn: SequenceNumber) {
        places.withLock { places in
            let place = Place(aid: aid, witness: witness)
            places[place] = min(places[place] ?? sn, sn)
        }
    }

    func remove(_ aid: AID, _ witness: AID) {
        places.withLock { $0[Place(aid: aid, witness: witness)] = nil }
    }

    func first(_ aid: AID, _ witness: AID) -> SequenceNumber? {
        places.withLock { $0[Place(aid: aid, witness: witness)] }
    }
}
