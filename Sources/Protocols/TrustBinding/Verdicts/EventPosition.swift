// SPDX-License-Identifier: Apache-2.0

/// One event of a key event log: whose log, where, and its digest.
public struct EventPosition: Hashable, Sendable, CustomStringConvertible {
    /// The AID whose log it is.
    public let aid: String
    /// Sequence number.
    public let sn: UInt128
    /// SAID of the event.
    public let said: String

    /// Joins the three.
    public init(aid: String, sn: UInt128, said: String) {
        self.aid = aid
        self.sn = sn
        self.said = said
    }

    /// `AID:sn SAID`, the sequence number in hex as in events.
    public var description: String { "\(aid):\(String(sn, radix: 16)) \(said)" }
}
