// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import IdentityHTTP
internal import Issuer
internal import SPIFFE
internal import Synchronization

/// What an issuer tells.
final class IssuerMetrics: Sendable {
    /// How long a count of agents is told again: counting reads all of them.
    static let freshness = Duration.seconds(5)

    private typealias Row = MetricDefinition.Row<Double>

    private struct AgentCounts {
        let active: Int
        let expired: Int
        let banned: Int
        let at: Duration
    }

    private let facades: IssuerFacades
    private let issuance: IssuanceMeter
    private let process: ProcessMetrics
    private let agents = Mutex<AgentCounts?>(nil)

    init(_ facades: IssuerFacades, issuance: IssuanceMeter, meters: [CallMeter]) {
        self.facades = facades
        self.issuance = issuance
        process = ProcessMetrics(part: "issuer", meters: meters, start: facades.clock.now())
    }

    /// What `/metrics` answers.
    var endpoint: MetricsEndpoint { MetricsEndpoint { [self] in await families() } }

    /// The families of ``MetricCatalog/Process`` and ``MetricCatalog/Issuer``.
    func families() async -> [MetricFamily] {
        process.families() + issued() + authorities() + (await registrations())
    }

    private func issued() -> [MetricFamily] {
        let kinds = IssuanceRecord.Kind.allCases
        return [
            MetricCatalog.Issuer.signed.numbers(kinds.map { Row(Double(issuance.signed($0)), [$0.rawValue]) }),
            MetricCatalog.Issuer.refused.numbers(kinds.map { Row(Double(issuance.refused($0)), [$0.rawValue]) }),
            MetricCatalog.Issuer.storeFailures.number(Double(issuance.storeFailures)),
        ]
    }

    private func authorities() -> [MetricFamily] {
        let state = facades.authorities.state
        var present: [Row] = []
        var expiries: [Row] = []
        for kind in AuthorityKind.allCases {
            let all: [(String, AuthorityEntry?)] = [
                ("prepared", state[kind].prepared), ("active", state[kind].active), ("old", state[kind].old),
            ]
            for (status, entry) in all {
                present.append(Row(entry == nil ? 0 : 1, [kind.rawValue, status]))
                if let entry { expiries.append(Row(Double(entry.notAfter.seconds), [kind.rawValue, status])) }
            }
        }
        let bundle = state.bundle
        return [
            MetricCatalog.Issuer.authorities.numbers(present),
            MetricCatalog.Issuer.authorityExpiry.numbers(expiries),
            MetricCatalog.Issuer.identityExpiry.number(
                facades.identity()?.chain.first.map { Double($0.notAfter.seconds) }),
            MetricCatalog.Issuer.bundleSequence.number(bundle.sequence.map { Double($0) }),
            MetricCatalog.Issuer.bundleAuthorities.numbers([
                Row(Double(bundle.x509Authorities.count), [AuthorityKind.x509.rawValue]),
                Row(Double(bundle.jwtAuthorities.count), [AuthorityKind.jwt.rawValue]),
            ]),
        ]
    }

    private func registrations() async -> [MetricFamily] {
        var agents: [Row] = []
        if let counts = await agentCounts() {
            agents = [
                Row(Double(counts.active), ["active"]), Row(Double(counts.expired), ["expired"]),
                Row(Double(counts.banned), ["banned"]),
            ]
        }
        return [
            MetricCatalog.Issuer.entries.number((try? facades.entries.count()).map { Double($0) }),
            MetricCatalog.Issuer.federated.number((try? await facades.federation.bundleCount()).map { Double($0) }),
            MetricCatalog.Issuer.agents.numbers(agents),
        ]
    }

    private func agentCounts() async -> AgentCounts? {
        let uptime = facades.clock.uptime()
        if let known = agents.withLock({ $0 }), uptime - known.at < Self.freshness { return known }
        let now = facades.clock.now().seconds
        var (active, expired, banned) = (0, 0, 0)
        do {
            var token = ""
            repeat {
                let page = try await facades.agents.list(pageSize: 500, pageToken: token)
                for agent in page.elements {
                    if agent.isBanned {
                        banned += 1
                    } else if agent.expiresAt < now {
                        expired += 1
                    } else {
                        active += 1
                    }
                }
                token = page.nextToken
            } while !token.isEmpty
        } catch {
            return nil
        }
        let counts = AgentCounts(active: active, expired: expired, banned: banned, at: uptime)
        agents.withLock { $0 = counts }
        return counts
    }
}
