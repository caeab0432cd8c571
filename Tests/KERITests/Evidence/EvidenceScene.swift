// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes

@testable import KERI

/// Evidence that is written by hand, so that it can be wrong in every way.
enum EvidenceScene {
    static let seenAt = Timestamp(seconds: 1_750_000_100)

    /// The code that evidence is refused with; nil when it proves its claim.
    static func fault(_ bytes: [UInt8]) -> EvidenceFault.Code? {
        do throws(EvidenceFault) {
            _ = try VerifiedDuplicity(reading: bytes)
            return nil
        } catch {
            // The words of errors must never crash either.
            _ = "\(error)"
            return error.code
        }
    }

    /// A statement about two events and whatever is put behind it; the branches in the order that is asked for.
    static func bytes(
        _ accused: DuplicityStatement.Accused = .controller, log: [Signed], _ one: [Signed], _ other: [Signed],
        at sn: SequenceNumber? = nil
    ) throws -> [UInt8] {
        let statement = DuplicityStatement(
            accused, aid: one[0].event.aid, sn: sn ?? one[0].event.sn, one[0].event.said, other[0].event.said,
            seenAt: seenAt)
        let inOrder = statement.first == one[0].event.said ? one + other : other + one
        return try statement.bytes + (log + inOrder).flatMap { try $0.bytes }
    }

    /// Two events with a receipt each.
    static func receipts(
        _ one: Signed, _ other: Signed, by key: CreatedKey, accused: CreatedKey? = nil
    ) throws -> [UInt8] {
        try bytes(
            .witness((accused ?? key).aid), log: [], [one.bare.receipted(by: [key])],
            [other.bare.receipted(by: [key])])
    }
}
