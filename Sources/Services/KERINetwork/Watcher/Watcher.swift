// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import Synchronization

/// Follows AIDs through their witnesses, compares what the witnesses show, and proves contradictions.
///
/// ```swift
/// let watcher = try Watcher(
///     store: store, list: list, evidence: evidence, transport: transport, clock: clock, policy: WatcherPolicy())
/// try watcher.add(aid, introducedBy: [PeerURL("http://w1.example:5642/oobi/…/witness/…")!])
/// await watcher.run()  // until the task is cancelled
/// ```
///
/// Every witness is asked at its own pace and judged when it has answered, so one that hangs delays nobody. What is
/// shown goes through the same event processor as every log: first seen wins. Events that the log does not take in are
/// kept for each witness and compared (facts 7.5, 7.9); what contradicts itself is recorded for ever as evidence that
/// anybody can verify alone. ``WatcherEndpoint`` serves all of it.
public final class Watcher<Store: KeyEventStore>: Sendable {
    /// The watcher's own copy of the logs.
    public let store: Store
    /// How often it asks, and how much it takes.
    public let policy: WatcherPolicy
    /// What it noticed.
    public let journal: WatchJournal
    let list: any WatchList
    let evidence: any EvidenceStore
    let transport: any PeerTransport
    let clock: any NetworkClock
    let state: Mutex<State>

    /// What changes.
    struct State {
        var watched: [AID: Watched] = [:]
        var asking: Set<Question> = []
        var found: [VerifiedDuplicity] = []
        var answers: [WitnessView.Condition: UInt64] = [:]
        /// When the loop last looked for work; nil before the first time.
        var tickedAt: Timestamp?
    }

    /// One AID and all that is known about it beside its log.
    struct Watched {
        let identifier: WatchedIdentifier
        var views: [WatchSource: WitnessView]
        var changedAt: Timestamp
        var known: EventSeal?
        var tried: Set<ForkSearch<Store.Transaction>.Pair> = []
        var isStale = false
    }

    /// Whom to ask about whom.
    struct Question: Hashable {
        let aid: AID
        let source: WatchSource
    }

    /// Collects the parts and reads back whom to follow and what was found.
    /// - Throws: what list, evidence and store fail with.
    public init(
        store: Store, list: any WatchList, evidence: any EvidenceStore, transport: any PeerTransport,
        clock: any NetworkClock, policy: WatcherPolicy = WatcherPolicy()
    ) throws {
        self.store = store
        self.list = list
        self.evidence = evidence
        self.transport = transport
        self.clock = clock
        self.policy = policy
        let now = clock.now()
        journal = WatchJournal(length: policy.journalLength, now: now)
        var state = State()
        state.found = try evidence.all()
        for identifier in try list.all() {
            let known = try store.read { try $0.keyState(of: identifier.aid) }
            state.watched[identifier.aid] = Self.watched(identifier, known, policy, now)
        }
        self.state = Mutex(state)
    }

    private static func watched(
        _ identifier: WatchedIdentifier, _ known: KeyState?, _ policy: WatcherPolicy, _ now: Timestamp
    ) -> Watched {
        var sources = identifier.introductions.map(WatchSource.introduction)
        sources += (known?.witnesses ?? []).map(WatchSource.witness)
        let views = sources.map { ($0, WitnessView(due: now, pace: policy.quickest)) }
        return Watched(
            identifier: identifier, views: Dictionary(views) { first, _ in first }, changedAt: now,
            known: known.map { EventSeal(aid: $0.aid, sn: $0.sn, said: $0.said) })
    }

    // MARK: Whom to follow

    /// Follows an AID from now on; following it already, adds introductions.
    ///
    /// - Parameters:
    ///   - aid: whom.
    ///   - introductions: URLs of OOBIs of it (facts 9.4). Without any its witnesses must be known from before.
    /// - Returns: whether it was new.
    /// - Throws: ``WatcherError``; what the list and the store fail with.
    @discardableResult
    public func add(_ aid: AID, introducedBy introductions: [PeerURL] = []) throws -> Bool {
        let now = clock.now()
        let known = try store.read { try $0.keyState(of: aid) }
        let existing = state.withLock { $0.watched[aid]?.identifier }
        if existing == nil, state.withLock({ $0.watched.count }) >= policy.mostAIDs {
            throw WatcherError(.full, "\(policy.mostAIDs) AIDs are followed")
        }
        var urls = existing?.introductions ?? []
        for url in introductions where !urls.contains(url) {
            guard url.scheme != .tcp else { throw WatcherError(.introduction, "\(url) is no HTTP URL") }
            guard policy.allowsPrivateAddresses || !url.isPrivate else {
                throw WatcherError(.privateAddress, "\(url) is a private address")
            }
            urls.append(url)
        }
        guard urls.count <= 16 else { throw WatcherError(.introduction, "more than 16 introductions of \(aid)") }
        guard !urls.isEmpty || known?.witnesses.isEmpty == false else {
            throw WatcherError(.introduction, "nobody is known who could be asked about \(aid)")
        }
        let identifier = WatchedIdentifier(aid: aid, introductions: urls, since: existing?.since ?? now)
        guard identifier != existing else { return false }
        try list.put(identifier)
        state.withLock { state in
            var made = Self.watched(identifier, known, policy, now)
            if let old = state.watched[aid] {
                made.views.merge(old.views) { _, old in old }
                made.tried = old.tried
            }
            state.watched[aid] = made
        }
        return existing == nil
    }

    /// Follows an AID no longer. Its log and evidence about it are kept.
    /// - Returns: whether it was followed.
    /// - Throws: what the list fails with.
    @discardableResult
    public func remove(_ aid: AID) throws -> Bool {
        guard state.withLock({ $0.watched[aid] }) != nil else { return false }
        try list.remove(aid)
        state.withLock { $0.watched[aid] = nil }
        return true
    }

    // MARK: What is known

    /// The AIDs that are followed, in text order.
    public var identifiers: [WatchedIdentifier] {
        state.withLock { $0.watched.values.map(\.identifier) }.sorted { $0.aid < $1.aid }
    }

    /// What each source shows of an AID; empty when it is not followed.
    public func views(of aid: AID) -> [WatchSource: WitnessView] { state.withLock { $0.watched[aid]?.views ?? [:] } }

    /// The proven contradictions of an AID's controller and of witnesses in its log, or all of them, in order of
    /// discovery.
    public func duplicities(about aid: AID? = nil) -> [VerifiedDuplicity] {
        state.withLock { state in
            guard let aid else { return state.found }
            return state.found.filter { $0.statement.aid == aid || $0.statement.accusedAID == aid }
        }
    }

    /// The key state in the watcher's own log.
    /// - Throws: what the store fails with.
    public func keyState(of aid: AID) throws -> KeyState? { try store.read { try $0.keyState(of: aid) } }

    /// How many answers there were of each sort.
    public var answers: [WitnessView.Condition: UInt64] { state.withLock { $0.answers } }

    /// When the loop last looked for work; nil before it runs.
    public var tickedAt: Timestamp? { state.withLock { $0.tickedAt } }
}

/// Why a watcher does not do what it was asked to.
public struct WatcherError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// It follows as many AIDs as it may.
        case full
        /// Nobody to ask, or not in a way that is understood.
        case introduction
        /// The URL is of this machine or its neighbours, which the policy forbids.
        case privateAddress = "private-address"
        /// The request can't be read.
        case request
    }

    /// What is wrong.
    public let code: Code
    /// One clause for the operator.
    public let detail: String

    /// Joins a code and a clause.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
