// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// Which agents a list or a count is about: those that pass every condition that is set.
public struct AgentFilter: Hashable, Sendable {
    /// Agents that were attested so.
    public var attestationType: String?
    /// Agents whose selectors compare so with these.
    public var selectors: SelectorCondition?
    /// Banned ones, or the others.
    public var isBanned: Bool?
    /// Those that may attest again, or the others.
    public var canReattest: Bool?
    /// Those whose SVID expires before a moment, as text `2026-11-21 15:04:05 -0700 -07`.
    public var expiresBefore: String?

    /// Every agent.
    public init() {}
}

extension AgentService {
    /// Agents that are read at once.
    private static let readAtOnce = 500

    /// The agent of an ID.
    /// - Throws: `invalidArgument` for an ID that no agent has, `notFound`.
    public func agent(_ id: IDDraft?) async throws(IssuerError) -> AttestedAgent {
        let id = try rules.agent(id)
        guard let agent = try await directory.read("read agent", { try $0.agent(id) }) else { throw Self.missing }
        return agent
    }

    /// A page of the agents that pass a filter, in the order of their IDs.
    /// - Parameters:
    ///   - pageSize: most agents of the page; 0 for all.
    ///   - pageToken: ``Page/nextToken`` of the page before; empty for the first.
    /// - Throws: `invalidArgument` for a filter that can't be read or a token that is none.
    public func list(
        _ filter: AgentFilter = AgentFilter(), pageSize: Int = 0, pageToken: String = ""
    ) async throws(IssuerError) -> Page<AttestedAgent> {
        guard pageSize >= 0 else { throw IssuerError(.invalidArgument, "page size must not be negative") }
        var start: SPIFFEID?
        if !pageToken.isEmpty {
            guard let id = try? SPIFFEID(pageToken) else {
                throw IssuerError(.invalidArgument, "could not parse token '\(pageToken)'")
            }
            start = id
        }
        var found: [AttestedAgent] = []
        var isMore = false
        try await forEach(filter, after: start) { agent in
            guard pageSize == 0 || found.count < pageSize else {
                isMore = true
                return false
            }
            found.append(agent)
            return true
        }
        return Page(found, nextToken: isMore ? found.last?.id.description ?? "" : "")
    }

    /// How many agents pass a filter.
    /// - Throws: `invalidArgument` for a filter that can't be read.
    public func count(_ filter: AgentFilter = AgentFilter()) async throws(IssuerError) -> Int {
        var count = 0
        try await forEach(filter, after: nil) { _ in
            count += 1
            return true
        }
        return count
    }

    /// Bans an agent: no SVID of it counts any more, and it can't attest again. Its record stays.
    /// - Throws: `invalidArgument` for an ID that no agent has, `notFound`.
    public func ban(_ id: IDDraft?) async throws(IssuerError) {
        let id = try rules.agent(id)
        try await directory.change("ban an agent") { edit in
            guard var agent = try edit.records.agent(id) else { throw Self.missing }
            agent.standing = .banned
            try edit.records.put(agent)
        }
    }

    /// Forgets an agent; it has to attest again, and may. Also called evict.
    /// - Throws: `invalidArgument` for an ID that no agent has, `notFound`.
    public func delete(_ id: IDDraft?) async throws(IssuerError) {
        let id = try rules.agent(id)
        try await directory.change("evict an agent") { edit in
            guard try edit.records.deleteAgent(id) else { throw Self.missing }
        }
    }

    /// Forgets agents whose SVIDs expired long ago; says which. Banned ones are kept, and those that could not attest
    /// again are too unless `includingFirstUse`, since forgetting one lets its proof be used once more.
    /// - Parameter before: seconds since 1970 before which the SVID expired.
    public func purge(
        expiredBefore before: Int64, includingFirstUse: Bool = false, limit: Int = 1000
    ) async throws(IssuerError) -> [SPIFFEID] {
        var found: [SPIFFEID] = []
        try await forEach(AgentFilter(), after: nil) { agent in
            if Self.isPurged(agent, before, includingFirstUse) { found.append(agent.id) }
            return found.count < limit
        }
        let candidates = found
        return try await directory.change("purge agents") { edit in
            var purged: [SPIFFEID] = []
            for id in candidates {
                guard let agent = try edit.records.agent(id), Self.isPurged(agent, before, includingFirstUse),
                    try edit.records.deleteAgent(id)
                else { continue }
                purged.append(id)
            }
            return purged
        }
    }

    private static func isPurged(_ agent: AttestedAgent, _ before: Int64, _ includingFirstUse: Bool) -> Bool {
        guard case .active(let current, let next) = agent.standing else { return false }
        return max(current.expiresAt, next?.expiresAt ?? .min) < before && (agent.canReattest || includingFirstUse)
    }

    private func forEach(
        _ filter: AgentFilter, after start: SPIFFEID?, _ body: (AttestedAgent) -> Bool
    ) async throws(IssuerError) {
        let conditions = try AgentConditions(filter)
        var last = start
        while true {
            let from = last
            let some = try await directory.read("list agents") { try $0.agents(after: from, limit: Self.readAtOnce) }
            for agent in some where conditions.hold(for: agent) {
                guard body(agent) else { return }
            }
            guard some.count == Self.readAtOnce, let end = some.last else { return }
            last = end.id
        }
    }
}

/// A filter whose values were checked.
private struct AgentConditions {
    let filter: AgentFilter
    let selectors: (set: Set<Selector>, match: SetMatch)?
    let expiresBefore: Int64?

    init(_ filter: AgentFilter) throws(IssuerError) {
        self.filter = filter
        if let condition = filter.selectors {
            selectors = (try EntryConditions.selectors(condition.selectors), condition.match)
        } else {
            selectors = nil
        }
        if let text = filter.expiresBefore {
            guard let moment = Self.moment(text) else {
                throw IssuerError(.invalidArgument, "failed to parse expires before filter: \"\(text)\"")
            }
            expiresBefore = moment
        } else {
            expiresBefore = nil
        }
    }

    func hold(for agent: AttestedAgent) -> Bool {
        if let type = filter.attestationType, agent.attestationType != type { return false }
        if let isBanned = filter.isBanned, agent.isBanned != isBanned { return false }
        if let canReattest = filter.canReattest, agent.canReattest != canReattest { return false }
        if let expiresBefore, agent.expiresAt >= expiresBefore { return false }
        if let selectors, !selectors.match.holds(agent.selectors, selectors.set) { return false }
        return true
    }

    /// Reads `2026-11-21 15:04:05 -0700 -07`: date, time, offset from UTC, and the zone's name, which Go writes as the
    /// offset again or as letters; the name says nothing that the offset does not.
    private static func moment(_ text: String) -> Int64? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4, let time = CertificateTime("\(parts[0])T\(parts[1])Z"), !parts[3].isEmpty else {
            return nil
        }
        let offset = parts[2].utf8
        guard offset.count == 5, let sign = offset.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            offset.dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let digits = Int64(parts[2].dropFirst()), digits % 100 < 60, digits / 100 <= 24
        else { return nil }
        let seconds = (digits / 100 * 60 + digits % 100) * 60
        return time.seconds - (sign == UInt8(ascii: "-") ? -seconds : seconds)
    }
}
