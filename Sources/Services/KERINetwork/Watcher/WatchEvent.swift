// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkBytes

/// Something that a watcher noticed, pushed to whoever listens and readable by cursor.
public struct WatchEvent: Sendable, Hashable {
    /// What happened. The raw values are stable.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The log of an AID has a new latest event.
        case keyState = "key-state"
        /// Somebody was proven to have said two things.
        case duplicity
        /// A witness shows a log that is shorter than the one known.
        case witnessBehind = "witness-behind"
        /// A witness does not answer, or not with a log of the AID.
        case witnessUnreachable = "witness-unreachable"
        /// A witness that did not answer does so again.
        case witnessBack = "witness-back"
        /// Nobody has answered about an AID for long: its state may be outdated.
        case stale
    }

    /// Grows from event to event, also over restarts.
    public let id: UInt64
    /// When it was noticed.
    public let at: Timestamp
    /// What happened.
    public let kind: Kind
    /// Whose log it is about.
    public let aid: AID
    /// The witness it is about; the accused one of a duplicity.
    public let witness: AID?
    /// The event it is about.
    public let position: SequenceNumber?
    /// The digest of that event.
    public let said: SAID?
    /// One clause for people.
    public let detail: String

    /// The event as a document.
    public var record: OrderedMap {
        var map: OrderedMap = [
            "id": .text(String(id)), "at": .text(at.description), "event": .text(kind.rawValue), "aid": .text(aid.text),
        ]
        if let witness { map["witness"] = .text(witness.text) }
        if let position { map["sn"] = .text(position.hex) }
        if let said { map["said"] = .text(said.text) }
        if !detail.isEmpty { map["detail"] = .text(detail) }
        return map
    }
}
