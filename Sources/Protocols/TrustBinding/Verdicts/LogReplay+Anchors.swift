// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI

/// How an event of a registry stands in the log of the organisation (facts 13.2).
enum AnchorStanding: Hashable {
    /// An event of the current branch seals it.
    case stands(EventRecord)
    /// Only an event of a branch that a recovery superseded seals it.
    case superseded
    /// The log was cut before the place that it names.
    case absentAtPosition
    /// The log in the file ends before the place that it names.
    case missing
    /// The place that it names does not seal it.
    case untrue
}

extension LogReplay {
    /// How an event stands in the log of `aid`. The seal may stand at any position of an event's list; after a recovery
    /// it may have been sealed again.
    func standing(of anchored: AnchoredEvent, in aid: AID) -> AnchorStanding {
        guard let state = state(of: aid) else { return .missing }
        let seal = anchored.event.seal
        let place = anchored.anchor
        guard let named = (try? store.read { $0.record(of: aid, at: place.sn, said: place.said) }) ?? nil else {
            guard place.sn > state.sn else { return .untrue }
            return cutLogs.contains(aid.text) ? .absentAtPosition : .missing
        }
        guard named.place(of: seal) != nil else { return .untrue }
        let sources = (try? store.read { $0.sealings(of: seal.said, by: aid) }) ?? []
        let standing = sources.compactMap { source in
            event(of: aid, at: source.sn).flatMap { record in
                record.said == source.said && record.place(of: seal) != nil ? record : nil
            }
        }
        return standing.min { $0.sn < $1.sn }.map(AnchorStanding.stands) ?? .superseded
    }

    /// Every seal in the log of `aid`, of superseded branches too, that names an event of `subject`.
    func seals(of subject: SAID, in aid: AID) -> [(record: EventRecord, seal: EventSeal)] {
        var found: [(EventRecord, EventSeal)] = []
        for record in everyEvent(of: aid) {
            for case .event(let seal)? in record.seals where seal.aid.primitive == subject.primitive {
                found.append((record, seal))
            }
        }
        return found
    }
}
