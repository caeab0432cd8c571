// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes
internal import Synchronization

extension Watcher {
    /// Asks whoever is due, again and again, until the task is cancelled.
    public func run() async {
        // What waited when the process stopped may be complete now; the list of who is asked follows from the answers.
        _ = try? EventProcessor(store: store).resume(now: clock.now())
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for question in takeDue() { group.addTask { await self.ask(question) } }
                reportStale()
                do { try await clock.sleep(for: policy.tick) } catch { break }
            }
            group.cancelAll()
        }
    }

    /// Asks every source of an AID once, now, and waits for what they answer.
    public func poll(_ aid: AID) async {
        // The first introduction names the witnesses, which are then asked too.
        var asked: Set<WatchSource> = []
        while true {
            let open = views(of: aid).keys.filter { !asked.contains($0) }
            guard !open.isEmpty else { return }
            asked.formUnion(open)
            await withDiscardingTaskGroup { group in
                for source in open { group.addTask { await self.ask(Question(aid: aid, source: source)) } }
            }
        }
    }

    /// Takes the questions that are due and not being asked, as many as may run at once.
    func takeDue() -> [Question] {
        let now = clock.now()
        return state.withLock { state in
            state.tickedAt = now
            let room = policy.parallelism - state.asking.count
            guard room > 0 else { return [] }
            var due: [(Timestamp, Question)] = []
            for (aid, watched) in state.watched {
                let hasWitnesses = watched.views.contains { $0.key.isWitness && $0.value.failures == 0 }
                for (source, view) in watched.views where view.due <= now {
                    // Introductions are for finding the witnesses; while those answer they are not needed.
                    if !source.isWitness, hasWitnesses, view.condition != .untried { continue }
                    let question = Question(aid: aid, source: source)
                    if !state.asking.contains(question) { due.append((view.due, question)) }
                }
            }
            let taken = due.sorted { $0.0 < $1.0 }.prefix(room).map(\.1)
            state.asking.formUnion(taken)
            return taken
        }
    }

    /// Asks one source and judges its answer.
    func ask(_ question: Question) async {
        let answer = await fetch(question)
        let now = clock.now()
        let outcome: Answer
        switch answer {
        case .success(let bytes):
            do { outcome = try take(bytes, of: question, now: now) } catch { outcome = .failed("\(error)") }
        case .failure(let fault): outcome = .failed(fault.detail)
        }
        settle(question, outcome, now: now)
        if case .shown = outcome { judge(question.aid, now: now) }
    }

    /// What came of one question.
    enum Answer {
        case shown(WitnessView.Condition, last: EventSeal?, settled: AnswerPrefix?, unsettled: [SignedEvent])
        case nothing(String)
        case failed(String)
    }

    /// Why there is no answer.
    struct Unanswered: Error { let detail: String }

    // MARK: Fetching

    private func fetch(_ question: Question) async -> Result<[UInt8], Unanswered> {
        let targets: [(PeerURL, String)]
        switch question.source {
        case .introduction(let url): targets = [(url, url.path)]
        case .witness(let witness):
            if location(of: witness, for: question.aid) == nil { await learnLocations(question) }
            guard let base = location(of: witness, for: question.aid) else {
                return .failure(Unanswered(detail: "no URL of \(witness) is known"))
            }
            targets = [
                (base, base.below("oobi/\(question.aid)/witness/\(witness)")),
                // An OOBI is refused while the newest event lacks receipts of others; a plain query is not (facts 9.4, 10).
                (base, base.below("query?typ=kel&pre=\(question.aid)")),
            ]
        }
        var fault = "nobody was asked"
        for (url, target) in targets {
            guard policy.allowsPrivateAddresses || !url.isPrivate else {
                return .failure(Unanswered(detail: "\(url) is a private address"))
            }
            do throws(TransportError) {
                let response = try await transport.send(
                    PeerRequest(.get, url, target: target), timeout: policy.timeout, limit: policy.largestAnswer)
                if response.status == 200 { return .success(response.body) }
                fault = "status \(response.status)"
            } catch { return .failure(Unanswered(detail: "\(error)")) }
        }
        return .failure(Unanswered(detail: fault))
    }

    /// Asks sources that have answered where the other witnesses listen: an introduction by one of them may name only
    /// itself, that without an endpoint names all (facts 9.4).
    private func learnLocations(_ question: Question) async {
        let aid = question.aid
        let heard = views(of: aid).filter { $0.key != question.source && $0.value.heardAt != nil }.keys
        let bases = Set(heard.compactMap { base(of: $0, for: aid) }).sorted { $0.description < $1.description }
        for base in bases.prefix(2) where policy.allowsPrivateAddresses || !base.isPrivate {
            let request = PeerRequest(.get, base, target: base.below("oobi/\(aid)/witness"))
            guard
                let response = try? await transport.send(
                    request, timeout: policy.timeout, limit: policy.largestAnswer), response.status == 200,
                let known = try? context(of: aid), let witnesses = known.state?.witnesses
            else { continue }
            let shown = ShownLog(
                response.body, about: aid, known: nil, delegators: known.delegators, endpoints: Set(witnesses),
                limits: policy.limits)
            // A store that fails now is asked again with the next question.
            try? process(shown, now: clock.now())
        }
    }

    /// Where a source answers.
    private func base(of source: WatchSource, for aid: AID) -> PeerURL? {
        switch source {
        case .witness(let witness): return location(of: witness, for: aid)
        case .introduction(let url):
            guard let end = url.path.firstRange(of: "/oobi/") else { return nil }
            let path = url.path[..<end.lowerBound]
            return PeerURL(scheme: url.scheme, host: url.host, port: url.port, path: path.isEmpty ? "/" : String(path))
        }
    }

    /// Where a witness listens: as it says itself, else where an introduction by it came from.
    private func location(of witness: AID, for aid: AID) -> PeerURL? {
        for scheme in ["https", "http"] {
            let key = ReplyKey(route: "/loc/scheme", aid: witness, detail: scheme)
            if let record = try? store.read({ try $0.reply(key) }), let url = PeerURL(record.value) { return url }
        }
        for source in views(of: aid).keys {
            guard case .introduction(let url) = source,
                let end = url.path.firstRange(of: "/oobi/\(aid)/witness/\(witness)")
            else { continue }
            let base = url.path[..<end.lowerBound]
            return PeerURL(scheme: url.scheme, host: url.host, port: url.port, path: base.isEmpty ? "/" : String(base))
        }
        return nil
    }

    // MARK: Taking in

    /// Feeds an answer to the watcher's own log and says what of it the log did not take.
    private func take(_ bytes: [UInt8], of question: Question, now: Timestamp) throws -> Answer {
        let aid = question.aid
        guard let view = views(of: aid)[question.source] else { return .nothing("not followed") }
        let before = try context(of: aid)
        var endpoints = Set(before.state?.witnesses ?? [])
        if case .witness(let witness) = question.source { endpoints.insert(witness) }
        var shown = ShownLog(
            bytes, about: aid, known: view.settled, delegators: before.delegators, endpoints: endpoints,
            limits: policy.limits)
        if before.state == nil, let inception = shown.events.first?.event.establishment {
            // The witnesses are learnt from this very answer, and their locations stand behind the log.
            endpoints.formUnion(inception.witnessesAdded)
            for signed in shown.events { endpoints.formUnion(signed.event.establishment?.witnessesAdded ?? []) }
            shown = ShownLog(
                bytes, about: aid, known: view.settled, delegators: before.delegators, endpoints: endpoints,
                limits: policy.limits)
        }
        if view.settled == nil || shown.settled != view.settled || !shown.messages.isEmpty {
            try process(shown, now: now)
        }
        var unsettled = try store.read { transaction in
            try (view.unsettled + shown.events).filter { signed in
                let event = signed.event
                return try transaction.record(of: aid, at: event.sn, said: event.said) == nil
            }
        }
        unsettled = Self.joined(unsettled).suffix(policy.mostUnsettled).map(\.self)
        guard let last = shown.events.last?.event.seal ?? view.seal(of: aid) else {
            return .nothing(shown.hasFaults ? "no readable log" : "no log of \(aid)")
        }
        let condition = try condition(of: last, unsettled)
        return .shown(condition, last: last, settled: shown.settled, unsettled: unsettled)
    }

    /// Copies of one event are kept once.
    private static func joined(_ events: [SignedEvent]) -> [SignedEvent] {
        var places: [SAID: Int] = [:]
        var joined: [SignedEvent] = []
        for signed in events {
            if let place = places[signed.event.said] {
                joined[place] = joined[place].joined(with: signed)
            } else {
                places[signed.event.said] = joined.count
                joined.append(signed)
            }
        }
        return joined
    }

    private func context(of aid: AID) throws -> (state: KeyState?, delegators: Set<AID>) {
        try store.read { transaction in
            let state = try transaction.keyState(of: aid)
            var delegators: Set<AID> = []
            var next = state?.delegator
            while let above = next, delegators.insert(above).inserted, delegators.count < 64 {
                next = try transaction.keyState(of: above)?.delegator
            }
            return (state, delegators)
        }
    }

    private func process(_ shown: ShownLog, now: Timestamp) throws {
        let processor = EventProcessor(store: store)
        var moved: Set<AID> = []
        var start = 0
        while start < shown.messages.count {
            let part = shown.messages[start..<min(start + 128, shown.messages.count)]
            let outcomes = try store.write { transaction in
                try part.map { try processor.apply($0.message, with: $0.attachments, to: &transaction, now: now) }
            }
            for (item, outcome) in zip(part, outcomes) where outcome.wakesOthers {
                if let subject = item.message.subject?.aid { moved.insert(subject) }
            }
            start += part.count
        }
        // A round has a bound; what is left after some of them waits for the next answer.
        var wakeups = moved.sorted().map(Wakeup.init)
        for _ in 0..<8 where !wakeups.isEmpty { wakeups = try processor.resume(wakeups, now: now).remaining }
    }

    private func condition(of last: EventSeal, _ unsettled: [SignedEvent]) throws -> WitnessView.Condition {
        guard let state = try keyState(of: last.aid) else { return .apart }
        if last.said == state.said { return .even }
        let isKnown = try store.read { try $0.record(of: last.aid, at: last.sn, said: last.said) != nil }
        return isKnown ? .behind : .apart
    }
}

extension WatchSource {
    var isWitness: Bool { if case .witness = self { true } else { false } }
    /// The witness, if it is one.
    var witness: AID? { if case .witness(let aid) = self { aid } else { nil } }
}

extension WitnessView {
    func seal(of aid: AID) -> EventSeal? {
        guard let sn, let said else { return nil }
        return EventSeal(aid: aid, sn: sn, said: said)
    }
}

extension KeyEvent {
    /// The event as a seal names it.
    var seal: EventSeal { EventSeal(aid: aid, sn: sn, said: said) }
}

extension WatcherPolicy {
    /// Bounds of one answer's messages.
    var limits: Limits {
        var limits = Limits.standard
        limits.bodyBytes = min(limits.bodyBytes, largestAnswer)
        return limits
    }
}
