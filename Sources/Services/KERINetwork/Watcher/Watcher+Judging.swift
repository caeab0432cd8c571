// SPDX-License-Identifier: Apache-2.0

package import KERI
internal import Synchronization

extension Watcher {
    /// Writes down what came of a question, reports what changed, and says when to ask again.
    func settle(_ question: Question, _ answer: Answer, now: Timestamp) {
        let known = try? keyState(of: question.aid)
        let events = state.withLock { state -> [PendingEvent] in
            state.asking.remove(question)
            guard var watched = state.watched[question.aid], var view = watched.views[question.source] else {
                return []
            }
            var events: [PendingEvent] = []
            let witness = question.source.witness
            let wasAnswering = view.failures == 0
            switch answer {
            case .shown(let condition, let last, let settled, let unsettled):
                if !wasAnswering, view.failures >= Self.failuresBeforeReport, let witness {
                    events.append(PendingEvent(.witnessBack, witness: witness, seal: last))
                }
                view.failures = 0
                view.fault = nil
                view.heardAt = now
                view.condition = condition
                view.sn = last?.sn
                view.said = last?.said
                view.settled = settled
                view.unsettled = unsettled
                watched.isStale = false
                view.timesBehind = condition == .behind ? view.timesBehind + 1 : 0
                // Once is no news: the newest event may just be on its way to it.
                if view.timesBehind == 2, let witness {
                    events.append(
                        PendingEvent(
                            .witnessBehind, witness: witness, seal: last, detail: "it ends at \(last?.sn.hex ?? "")"))
                }
            case .nothing(let fault), .failed(let fault):
                view.failures += 1
                view.fault = fault
                if case .nothing = answer { view.condition = .nothing } else { view.condition = .unreachable }
                if view.failures == Self.failuresBeforeReport, let witness {
                    events.append(PendingEvent(.witnessUnreachable, witness: witness, seal: nil, detail: fault))
                }
            }
            state.answers[view.condition, default: 0] += 1
            if let known {
                let seal = EventSeal(aid: known.aid, sn: known.sn, said: known.said)
                if watched.known != seal {
                    watched.known = seal
                    watched.changedAt = now
                    events.append(PendingEvent(.keyState, witness: nil, seal: seal))
                }
                adopt(known.witnesses, in: &watched, now: now)
            }
            if view.condition == .apart, !view.unsettled.isEmpty { watched.changedAt = now }
            view.pace = pace(of: view, watched, now: now)
            view.due = now.advanced(by: view.pace)
            if watched.changedAt == now {
                // Something moves: everybody is asked soon.
                for (source, other) in watched.views where other.failures == 0 {
                    watched.views[source]?.due = min(other.due, now.advanced(by: policy.quickest))
                }
            }
            if watched.views[question.source] != nil { watched.views[question.source] = view }
            state.watched[question.aid] = watched
            return events
        }
        for event in events { report(event, about: question.aid, now: now) }
    }

    /// How many times in a row a witness must fail to be reported.
    private static var failuresBeforeReport: Int { 2 }

    /// An event of the journal before it has a number.
    private struct PendingEvent {
        let kind: WatchEvent.Kind
        let witness: AID?
        let seal: EventSeal?
        let detail: String

        init(_ kind: WatchEvent.Kind, witness: AID?, seal: EventSeal?, detail: String = "") {
            self.kind = kind
            self.witness = witness
            self.seal = seal
            self.detail = detail
        }
    }

    private func report(_ event: PendingEvent, about aid: AID, now: Timestamp) {
        journal.add(
            event.kind, at: now, aid: aid, witness: event.witness, position: event.seal?.sn, said: event.seal?.said,
            detail: event.detail)
    }

    /// Asks the witnesses that are in force, and no longer those that are not.
    private func adopt(_ witnesses: [AID], in watched: inout Watched, now: Timestamp) {
        let wanted = Set(witnesses)
        for source in watched.views.keys {
            if let witness = source.witness, !wanted.contains(witness) { watched.views[source] = nil }
        }
        for witness in witnesses where watched.views[.witness(witness)] == nil {
            watched.views[.witness(witness)] = WitnessView(due: now, pace: policy.quickest)
        }
    }

    /// The time until the next question: quick while things change, slower and slower while they don't or nobody answers.
    private func pace(of view: WitnessView, _ watched: Watched, now: Timestamp) -> Duration {
        guard view.failures == 0 else { return min(policy.slowest, policy.quickest * (1 << min(view.failures, 16))) }
        guard now >= watched.changedAt.advanced(by: policy.quickFor) else { return policy.quickest }
        return min(policy.slowest, max(view.pace, policy.quickest) * 2)
    }

    // MARK: Contradictions

    /// Looks for contradictions in all that is shown of an AID, and records what is proven.
    func judge(_ aid: AID, now: Timestamp) {
        let snapshot = state.withLock { state in
            state.watched[aid].map { ($0.views.values.flatMap(\.unsettled), $0.tried) }
        }
        guard let (unsettled, tried) = snapshot, !unsettled.isEmpty else { return }
        let result = try? store.read { transaction in
            var tried = tried
            var search = try ForkSearch(aid, unsettled, in: transaction, now: now)
            return (found: try search.contradictions(tried: &tried), tried: tried)
        }
        // A store that fails now is asked again with the next answer.
        guard let result else { return }
        for duplicity in result.found { record(duplicity, now: now) }
        state.withLock { $0.watched[aid]?.tried.formUnion(result.tried) }
    }

    /// Keeps evidence for ever and says so, unless it says nothing new.
    private func record(_ duplicity: VerifiedDuplicity, now: Timestamp) {
        let accused = duplicity.statement.accusedAID
        let isNew = state.withLock { state in
            let known = state.found.filter { $0.statement.accusedAID == accused }
            guard !known.contains(where: duplicity.isSameContradiction), known.count < policy.mostContradictions else {
                return false
            }
            state.found.append(duplicity)
            return true
        }
        guard isNew else { return }
        let statement = duplicity.statement
        var detail = "\(statement.first) and \(statement.second)"
        do { try evidence.append(duplicity) } catch {
            // Known until the restart, when the witnesses show it again; the operator must learn that the medium fails.
            detail += ", not stored: \(error)"
        }
        var witness: AID?
        if case .witness(let aid) = statement.accused { witness = aid }
        journal.add(
            .duplicity, at: now, aid: statement.aid, witness: witness, position: statement.sn, said: statement.second,
            detail: detail)
    }

    /// Reports AIDs that nobody has answered about for long.
    func reportStale() {
        let now = clock.now()
        let stale = state.withLock { state in
            var stale: [AID] = []
            for (aid, watched) in state.watched where !watched.isStale {
                let heard = watched.views.values.compactMap(\.heardAt).max() ?? watched.identifier.since
                guard now > heard.advanced(by: policy.staleAfter) else { continue }
                state.watched[aid]?.isStale = true
                stale.append(aid)
            }
            return stale.sorted()
        }
        for aid in stale { journal.add(.stale, at: now, aid: aid, detail: "nobody has answered about it") }
    }
}

extension Timestamp {
    /// This moment moved by a duration, in whole microseconds.
    package func advanced(by duration: Duration) -> Timestamp {
        let parts = duration.components
        return Timestamp(
            microseconds: microseconds &+ parts.seconds &* 1_000_000 &+ parts.attoseconds / 1_000_000_000_000)
    }
}
