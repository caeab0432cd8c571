// SPDX-License-Identifier: Apache-2.0

public import KERI

/// A place in one log, behind which nothing is looked at: `AID:sn`.
public struct LogPosition: Hashable, Sendable, CustomStringConvertible {
    /// Whose log.
    public let aid: AID
    /// The last event that counts.
    public let sn: SequenceNumber

    /// Joins the two.
    public init(aid: AID, sn: SequenceNumber) {
        self.aid = aid
        self.sn = sn
    }

    /// Reads `AID:sn`, the sequence number in hex as in events; nil for anything else.
    public init?(_ text: String) {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, let aid = AID(String(halves[0])), let sn = SequenceNumber(hex: String(halves[1]))
        else { return nil }
        self.init(aid: aid, sn: sn)
    }

    /// `AID:sn`.
    public var description: String { "\(aid.text):\(sn.hex)" }
}
