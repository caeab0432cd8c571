// SPDX-License-Identifier: Apache-2.0

internal import CESR
package import KERI
private import Synchronization

/// Every receipt that a witness has given at any time, whether or not it reached anybody.
package final class ReceiptLedger: Sendable {
    /// Where a receipt belongs.
    package struct Place: Hashable, Sendable {
        package let witness: AID
        package let aid: AID
        package let sn: SequenceNumber
    }

    /// What was signed there, and by which bytes.
    package struct Given: Hashable, Sendable {
        package let said: SAID
        package let signature: [UInt8]
    }

    private struct State {
        var given: [Place: Given] = [:]
        var seen = 0
        var conflicts: [String] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes in what a witness answered to one HTTP request.
    package func note(answer: [UInt8], of witness: AID) {
        note(stream: Array(HTTPExtent.body(of: answer)), of: witness)
    }

    /// Takes in a stream of a witness; only its receipts with its own couple count.
    package func note(stream: [UInt8], of witness: AID) {
        var reader = StreamReader()
        var parser = MessageParser()
        while case .message(let frame) = reader.next(in: stream.span) {
            guard let message = try? parser.parse(stream.span.extracting(frame.bodyRange), version: frame.version),
                case .receipt(let receipt) = message
            else { continue }
            for couple in frame.attachments.nonTransferableReceipts where couple.key == witness.primitive {
                note(
                    Place(witness: witness, aid: receipt.event.aid, sn: receipt.event.sn),
                    Given(said: receipt.event.said, signature: couple.signature.raw))
            }
        }
    }

    private func note(_ place: Place, _ given: Given) {
        state.withLock { state in
            state.seen += 1
            guard let former = state.given[place] else {
                state.given[place] = given
                return
            }
            if former != given {
                state.conflicts.append(
                    "\(place.witness) has receipted \(former.said) and \(given.said) at \(place.sn) of \(place.aid)")
            }
        }
    }

    /// How many receipts were seen, the same one as often as it came.
    package var seen: Int { state.withLock { $0.seen } }
    /// Places that were receipted twice differently.
    package var conflicts: [String] { state.withLock { $0.conflicts } }
    /// The receipts of one witness by their places.
    package func given(by witness: AID) -> [Place: Given] {
        state.withLock { $0.given.filter { $0.key.witness == witness } }
    }
    /// The last place of a log that a witness has receipted.
    package func latest(by witness: AID, of aid: AID) -> (sn: SequenceNumber, given: Given)? {
        given(by: witness).filter { $0.key.aid == aid }.max { $0.key.sn < $1.key.sn }.map { ($0.key.sn, $0.value) }
    }
}
