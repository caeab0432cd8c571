// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// What a watcher says about an AID over its signature: the key state, and how fresh it is.
///
/// Two replies: `/ksn/{watcher}` with the key state record (facts 5.6), which any KERI node reads, and
/// `/watched/{watcher}` with when each witness was last heard and how many contradictions are on record.
public struct WatcherStatement: Sendable, Hashable {
    /// The watcher.
    public let watcher: AID
    /// When it said so.
    public let dated: Timestamp
    /// The latest event it knows.
    public let latest: EventSeal
    /// How many witnesses must receipt an event.
    public let witnessThreshold: UInt32
    /// What each source showed last; a nil witness is an introduction.
    public let heard: [Heard]
    /// How many contradictions about the AID it has evidence of.
    public let contradictions: Int

    /// One source.
    public struct Heard: Sendable, Hashable {
        /// The witness.
        public let witness: AID?
        /// The last event it showed.
        public let sn: SequenceNumber
        /// Its digest.
        public let said: SAID
        /// When it last answered.
        public let at: Timestamp
    }

    static func stateRoute(_ watcher: AID) -> String { "/ksn/\(watcher)" }
    static func freshnessRoute(_ watcher: AID) -> String { "/watched/\(watcher)" }

    /// The two signed replies.
    static func make(
        _ state: KeyState, heard: [Heard], contradictions: Int, by identity: WatcherIdentity, now: Timestamp
    ) async throws -> [UInt8] {
        let record = try MessageBuilder.reply(route: stateRoute(identity.aid), payload: state.record, dated: now)
        let list = heard.map { one -> OrderedValue in
            [
                "i": .text(one.witness?.text ?? ""), "s": .text(one.sn.hex), "d": .text(one.said.text),
                "dt": .text(one.at.description),
            ]
        }
        let freshness = try MessageBuilder.reply(
            route: freshnessRoute(identity.aid),
            payload: [
                "i": .text(state.aid.text), "s": .text(state.sn.hex), "d": .text(state.said.text),
                "n": OrderedValue(contradictions), "w": .list(list),
            ], dated: now)
        return try await identity.signed(record) + identity.signed(freshness)
    }

    /// Reads an answer and checks its signatures.
    ///
    /// - Parameters:
    ///   - bytes: the whole answer.
    ///   - watcher: who must have signed it.
    ///   - aid: whom it must be about.
    /// - Throws: ``QuorumReason``.
    init(_ bytes: [UInt8], by watcher: AID, about aid: AID) throws(QuorumReason) {
        var reader = StreamReader()
        var parser = MessageParser()
        var replies: [Reply] = []
        reading: while replies.count < 3 {
            switch reader.next(in: bytes.span) {
            case .end, .needMore: break reading
            case .fault: throw .unreadable
            case .message(let frame):
                guard
                    case .reply(let reply)? = try? parser.parse(
                        bytes.span.extracting(frame.bodyRange), version: frame.version)
                else { throw .unreadable }
                guard let key = watcher.key,
                    frame.attachments.nonTransferableReceipts.contains(where: { couple in
                        couple.key == watcher.primitive && couple.signature.code == .signature(key.algorithm)
                            && key.verifies(couple.signature.span, over: reply.bytes.span)
                    })
                else { throw .unsigned }
                replies.append(reply)
            }
        }
        guard replies.count == 2, replies[0].route == Self.stateRoute(watcher),
            replies[1].route == Self.freshnessRoute(watcher), replies[0].dated == replies[1].dated
        else { throw .unreadable }
        let (state, freshness) = (replies[0].payload, replies[1].payload)
        guard state.aid("i") == aid, freshness.aid("i") == aid else { throw .aboutAnother }
        guard let sn = state.sn("s"), let said = state.said("d"), freshness.sn("s") == sn, freshness.said("d") == said,
            let threshold = state.text("bt").flatMap({ UInt32($0, radix: 16) }),
            let contradictions = freshness["n"]?.integerValue, contradictions >= 0,
            let list = freshness["w"]?.listValue, list.count <= 1024
        else { throw .unreadable }
        var heard: [Heard] = []
        for item in list {
            guard let map = item.mapValue, let name = map.text("i"), name.isEmpty || AID(name) != nil,
                let sn = map.sn("s"), let said = map.said("d"), let at = map.text("dt").flatMap({ Timestamp($0) })
            else { throw .unreadable }
            heard.append(Heard(witness: AID(name), sn: sn, said: said, at: at))
        }
        self.watcher = watcher
        dated = replies[0].dated
        latest = EventSeal(aid: aid, sn: sn, said: said)
        witnessThreshold = threshold
        self.heard = heard
        self.contradictions = contradictions
    }

    /// Whether enough witnesses were heard within a time before a moment: as many as must receipt an event, and showing
    /// the event that is stated; at least one source.
    func isFresh(within bound: Duration, at now: Timestamp) -> Bool {
        // A clock that is off by more than the bound says nothing about freshness.
        guard now <= dated.advanced(by: bound), dated <= now.advanced(by: bound) else { return false }
        let recent = heard.filter { dated <= $0.at.advanced(by: bound) && $0.said == latest.said }
        let witnesses = Set(recent.compactMap(\.witness)).count
        return witnessThreshold == 0 ? !recent.isEmpty : witnesses >= Int(witnessThreshold)
    }
}
