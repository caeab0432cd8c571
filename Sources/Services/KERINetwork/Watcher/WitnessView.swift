// SPDX-License-Identifier: Apache-2.0

public import KERI

/// Who is asked about an AID.
public enum WatchSource: Sendable, Hashable {
    /// One of its witnesses.
    case witness(AID)
    /// The URL of an introduction.
    case introduction(PeerURL)
}

/// What one source shows of one AID, kept apart from what others show.
public struct WitnessView: Sendable {
    /// How asking went last.
    public enum Condition: String, Sendable, Hashable, CaseIterable {
        /// It has not been asked yet.
        case untried
        /// It shows the same log as the watcher's own, or its newest part.
        case even
        /// It shows a shorter log.
        case behind
        /// It shows events that the watcher's own log does not have: more receipts are needed, or they contradict it.
        case apart
        /// It answers without a log of the AID.
        case nothing
        /// It does not answer.
        case unreachable
    }

    /// How asking went last.
    public internal(set) var condition = Condition.untried
    /// When it last answered with a log of the AID.
    public internal(set) var heardAt: Timestamp?
    /// The position of the last event that it showed.
    public internal(set) var sn: SequenceNumber?
    /// The digest of that event.
    public internal(set) var said: SAID?
    /// What went wrong last, for the operator.
    public internal(set) var fault: String?

    /// When it is asked next.
    var due: Timestamp
    /// The time between questions.
    var pace: Duration
    var failures = 0
    /// How often in a row it was behind.
    var timesBehind = 0
    /// What of the last answer had been taken in, to be passed over in the next.
    var settled: AnswerPrefix?
    /// Events that it showed and the watcher's own log does not have, oldest first.
    var unsettled: [SignedEvent] = []

    init(due: Timestamp, pace: Duration) {
        self.due = due
        self.pace = pace
    }
}

/// The beginning of an answer, by length and digest: logs grow at their end, so it is there again in the next answer.
struct AnswerPrefix: Sendable, Hashable {
    let count: Int
    let digest: [UInt8]
}
