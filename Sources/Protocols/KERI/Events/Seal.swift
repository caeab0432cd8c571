// SPDX-License-Identifier: Apache-2.0

/// A member of an event's `a` list whose shape KERI gives a meaning; recognised by exact member names in order
/// (facts 5.5). Anything else in the list is data.
public enum Seal: Sendable, Hashable {
    /// `{d}`: any content by its digest.
    case digest(SAID)
    /// `{rd}`: the root of a Merkle tree.
    case root(SAID)
    /// `{i, s, d}`: an event of another log.
    case event(EventSeal)
    /// `{s, d}`: an establishment event of the same log.
    case establishment(SequenceNumber, SAID)
    /// `{i}`: the latest establishment event of an AID.
    case last(AID)
    /// `{bi, d}`: metadata of a registrar backer.
    case backer(AID, SAID)
}

/// Names one event: whose log, where, and its digest.
public struct EventSeal: Sendable, Hashable {
    /// The log: an AID, a registry or a credential.
    public let aid: AID
    /// The position.
    public let sn: SequenceNumber
    /// The digest.
    public let said: SAID

    /// Collects the three.
    public init(aid: AID, sn: SequenceNumber, said: SAID) {
        self.aid = aid
        self.sn = sn
        self.said = said
    }
}
