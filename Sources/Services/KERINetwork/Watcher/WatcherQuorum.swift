// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes

/// Asks several independent watchers and believes what enough of them say.
///
/// ```swift
/// let quorum = WatcherQuorum(watchers, needed: 2, freshness: .seconds(60), transport: transport, clock: clock)
/// switch await quorum.ask(about: aid) {
/// case .agreed(let seal): …
/// case .behind, .duplicitous, .undecidable: …
/// }
/// ```
public struct WatcherQuorum: Sendable {
    /// A watcher that is asked.
    public struct Member: Sendable, Hashable {
        /// Its AID, which its answers must be signed by.
        public let aid: AID
        /// Where it listens.
        public let url: PeerURL

        /// Joins the two.
        public init(aid: AID, url: PeerURL) {
            self.aid = aid
            self.url = url
        }
    }

    /// Who is asked, each AID once.
    public let members: [Member]
    /// How many must agree.
    public let needed: Int
    /// How old what they say may be.
    public let freshness: Duration
    private let transport: any PeerTransport
    private let clock: any NetworkClock
    private let timeout: Duration

    /// Describes a quorum. A watcher that is named twice counts once.
    public init(
        _ members: [Member], needed: Int, freshness: Duration, transport: any PeerTransport, clock: any NetworkClock,
        timeout: Duration = .seconds(5)
    ) {
        var seen: Set<AID> = []
        self.members = members.filter { seen.insert($0.aid).inserted }
        self.needed = max(1, needed)
        self.freshness = freshness
        self.transport = transport
        self.clock = clock
        self.timeout = timeout
    }

    /// What asking came to.
    public enum Outcome: Sendable, Hashable {
        /// Enough watchers agree on this latest event, and it is not older than what the asker has.
        case agreed(EventSeal)
        /// Enough watchers agree on an event before the one that the asker has.
        case behind(EventSeal)
        /// At least one watcher handed out evidence against the controller that verifies by itself.
        case duplicitous([VerifiedDuplicity])
        /// Too few agree; why each did not count stands in the report.
        case undecidable
    }

    /// The outcome and what each watcher said.
    public struct Report: Sendable {
        /// What asking came to.
        public let outcome: Outcome
        /// What each watcher said, or why it does not count.
        public let answers: [AID: Result<WatcherStatement, QuorumReason>]
    }

    /// Asks all watchers at once.
    ///
    /// - Parameters:
    ///   - aid: about whom.
    ///   - known: the latest event that the asker has, if any.
    public func ask(about aid: AID, known: EventSeal? = nil) async -> Report {
        var answers: [AID: Result<WatcherStatement, QuorumReason>] = [:]
        var evidence: [VerifiedDuplicity] = []
        await withTaskGroup { group in
            for member in members {
                group.addTask {
                    (
                        member.aid, await self.statement(of: member, about: aid),
                        await self.evidence(of: member, about: aid)
                    )
                }
            }
            for await (watcher, answer, found) in group {
                answers[watcher] = answer
                if let found, !evidence.contains(where: found.isSameContradiction) { evidence.append(found) }
            }
        }
        let now = clock.now()
        for (watcher, answer) in answers {
            guard case .success(let statement) = answer else { continue }
            if !statement.isFresh(within: freshness, at: now) { answers[watcher] = .failure(.stale) }
        }
        let outcome = Self.outcome(
            evidence, answers.values.compactMap { try? $0.get() }, needed: needed, members: members.count, known: known)
        return Report(outcome: outcome, answers: answers)
    }

    static func outcome(
        _ evidence: [VerifiedDuplicity], _ statements: [WatcherStatement], needed: Int, members: Int, known: EventSeal?
    ) -> Outcome {
        if !evidence.isEmpty { return .duplicitous(evidence) }
        let counts = Dictionary(grouping: statements, by: \.latest).mapValues(\.count)
        // Fewer than half could be needed, so that two events might be agreed on; then nothing is.
        let agreed = counts.filter { $0.value >= needed }
        guard agreed.count == 1, let seal = agreed.first?.key else { return .undecidable }
        guard let known else { return .agreed(seal) }
        if seal.sn < known.sn { return .behind(seal) }
        // Another event at the asker's own place, and no evidence of who is wrong.
        guard seal.sn > known.sn || seal.said == known.said else { return .undecidable }
        return .agreed(seal)
    }

    private func statement(of member: Member, about aid: AID) async -> Result<WatcherStatement, QuorumReason> {
        do throws(TransportError) {
            let response = try await transport.send(
                PeerRequest(.get, member.url, target: member.url.below("ksn/\(aid)")), timeout: timeout,
                limit: 1 << 20)
            guard response.status == 200 else { return .failure(response.status == 404 ? .unknown : .refused) }
            return Result { () throws(QuorumReason) in
                try WatcherStatement(response.body, by: member.aid, about: aid)
            }
        } catch { return .failure(.unreachable) }
    }

    /// Evidence that a watcher has against the controller; what does not verify is nobody's business.
    private func evidence(of member: Member, about aid: AID) async -> VerifiedDuplicity? {
        guard
            let response = try? await transport.send(
                PeerRequest(.get, member.url, target: member.url.below("duplicity/\(aid)")), timeout: timeout,
                limit: DuplicityEvidence.largest), response.status == 200,
            let found = try? VerifiedDuplicity(reading: response.body), found.accusesController(of: aid)
        else { return nil }
        return found
    }
}

/// Why a watcher's answer does not count. The raw values are stable codes.
public enum QuorumReason: String, Error, Sendable, Hashable, CaseIterable {
    /// It does not answer.
    case unreachable
    /// It answers with an error.
    case refused
    /// It does not follow the AID.
    case unknown
    /// The answer is no statement of a watcher.
    case unreadable
    /// The answer is not signed by the watcher.
    case unsigned
    /// The answer is about another AID.
    case aboutAnother = "about-another"
    /// The answer, or what it rests on, is older than asked for.
    case stale
}
