// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// The first message of evidence: who is accused of what. It is unsigned (`bar`), for the rest of the stream proves it.
public struct DuplicityStatement: Sendable, Hashable {
    /// Who said two things.
    public enum Accused: Sendable, Hashable {
        /// The controller of the log signed two events for one place.
        case controller
        /// A witness receipted two events for one place.
        case witness(AID)
    }

    /// Who said two things.
    public let accused: Accused
    /// Whose log it is about.
    public let aid: AID
    /// The first place at which the two differ.
    public let sn: SequenceNumber
    /// The event at that place whose digest comes first in text order.
    public let first: SAID
    /// The other event at that place.
    public let second: SAID
    /// When whoever made the evidence saw both. Nothing proves it.
    public let seenAt: Timestamp

    /// The AID that can't be trusted any more.
    public var accusedAID: AID {
        switch accused {
        case .controller: aid
        case .witness(let witness): witness
        }
    }

    /// States a contradiction; the two events are put in text order.
    init(_ accused: Accused, aid: AID, sn: SequenceNumber, _ one: SAID, _ other: SAID, seenAt: Timestamp) {
        self.accused = accused
        self.aid = aid
        self.sn = sn
        first = min(one, other)
        second = max(one, other)
        self.seenAt = seenAt
    }

    /// Reads the statement; nil for any other message.
    init?(_ message: Reply) {
        let payload = message.payload
        guard let aid = payload.aid("i"), let sn = payload.sn("s"), let saids: [SAID] = payload.identifiers("d"),
            saids.count == 2, saids[0] < saids[1]
        else { return nil }
        switch message.route {
        case Self.controllerRoute:
            guard payload.labels == ["i", "s", "d"] else { return nil }
            accused = .controller
        case Self.witnessRoute:
            guard payload.labels == ["i", "s", "d", "w"], let witness = payload.aid("w"), witness.isNonTransferable
            else { return nil }
            accused = .witness(witness)
        default: return nil
        }
        self.aid = aid
        self.sn = sn
        first = saids[0]
        second = saids[1]
        seenAt = message.dated
    }

    private static var controllerRoute: String { "/duplicity/controller" }
    private static var witnessRoute: String { "/duplicity/witness" }

    /// The message.
    var bytes: [UInt8] {
        get throws(DocumentEncodingError) {
            var payload: OrderedMap = [
                "i": .text(aid.text), "s": .text(sn.hex), "d": .identifiers([first, second]),
            ]
            var route = Self.controllerRoute
            if case .witness(let witness) = accused {
                payload["w"] = .text(witness.text)
                route = Self.witnessRoute
            }
            return try MessageBuilder.body(
                .bare,
                [("d", ""), ("dt", .text(seenAt.description)), ("r", .text(route)), ("a", .map(payload))],
                digests: ["d"])
        }
    }
}
