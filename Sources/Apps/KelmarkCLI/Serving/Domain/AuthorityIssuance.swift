// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import Issuer
internal import KERI
internal import KERINetwork
internal import Logging
internal import SPIFFE
internal import Synchronization
internal import TrustBinding

/// Lets an issuer that is served sign only what its authority credential allows, and nothing once that or the statement
/// of the key has ended. `03-binding.md`, section 1, rule 2.
///
/// What the home folder says is read again every few seconds; while it can't be read, nothing is signed.
final class AuthorityIssuance: IssuanceAuthorizer {
    /// How old what is known may be.
    static let freshness = Duration.seconds(5)
    /// For how long a statement that was not found is not looked for again. Agents ask again and again for what is refused,
    /// and each look reads the logs.
    static let patience = Duration.seconds(1)
    /// Most statements whose absence is remembered.
    private static let mostMissing = 16

    private struct Known: Sendable {
        var limits: [String: AuthorityLimits] = [:]
        var readAt: Duration?
        /// When a statement was looked for in vain.
        var missing: [String: Duration] = [:]
        /// When reading failed last; nil when the last look did not.
        var failedAt: Duration?
        var readCount = 0
    }

    private enum Standing {
        case limits(AuthorityLimits)
        case ended
        case unknown
    }

    private let context: CommandContext
    private let issuer: String
    private let clock: any IssuerClock
    private let logger: Logger
    private let known = Mutex(Known())

    init(context: CommandContext, issuer: String, clock: any IssuerClock, logger: Logger) {
        self.context = context
        self.issuer = issuer
        self.clock = clock
        self.logger = logger
    }

    /// How often the home folder was read.
    var readCount: Int { known.withLock { $0.readCount } }

    func decide(about proposal: IssuanceProposal) async -> IssuanceDecision {
        guard let statement = proposal.statement else { return .refused(["the key has no authority statement"]) }
        switch standing(of: statement) {
        case .limits(let limits):
            let faults = Self.faults(of: proposal, limits)
            return faults.isEmpty ? .allowed() : .refused(faults)
        case .ended:
            return .refused(
                ["the statement of the signing key does not stand any more"], detail: "statement \(statement)")
        // Passing, such as a full disk: why it can't be read is in the log already.
        case .unknown: return .undecided(detail: "the issuer's authority can't be read")
        }
    }

    /// How a statement stands. One reads at a time; whoever came meanwhile gets what was read.
    private func standing(of statement: String) -> Standing {
        let now = clock.uptime()
        func isRecent(_ moment: Duration?, _ span: Duration) -> Bool { moment.map { now - $0 < span } ?? false }
        return known.withLock { known in
            if isRecent(known.readAt, Self.freshness), let limits = known.limits[statement] { return .limits(limits) }
            if isRecent(known.failedAt, Self.patience) { return .unknown }
            if isRecent(known.missing[statement], Self.patience) { return .ended }
            known.readCount += 1
            do {
                // Those that signed since the last look go on; what has ended falls out here.
                known.limits = try read(Set(known.limits.keys).union([statement]))
            } catch {
                // What was known counts no more: it may be what can't be read.
                known = Known(failedAt: now, readCount: known.readCount)
                logger.error(
                    "the issuer's authority can't be read",
                    metadata: ["reason": "\(ErrorTranslation.failure(for: error).cause)"])
                return .unknown
            }
            known.readAt = now
            known.failedAt = nil
            if let limits = known.limits[statement] { return .limits(limits) }
            if known.missing.count >= Self.mostMissing { known.missing = [:] }
            known.missing[statement] = now
            return .ended
        }
    }

    private func read(_ statements: Set<String>) throws -> [String: AuthorityLimits] {
        let service = try IssuerService(
            context.readingIssuing(), folder: IssuerFolder(path: context.home.issuers), name: issuer)
        let now = clock.now()
        var limits: [String: AuthorityLimits] = [:]
        for case .stands(let statement, let allowed) in try service.standing(of: statements).values
        where statement.notBefore <= now && now <= statement.notAfter {
            limits[statement.said.text] = allowed
        }
        return limits
    }

    /// What the limits say against an SVID. Those of the issuer itself and of agents are below `/spire`, whatever paths
    /// are allowed to workloads.
    private static func faults(of proposal: IssuanceProposal, _ limits: AuthorityLimits) -> [String] {
        let isOwn = proposal.id.path.hasPrefix("/spire/")
        switch proposal.kind {
        case .x509:
            return limits.faults(ofX509: proposal.id, notBefore: proposal.notBefore, notAfter: proposal.notAfter)
                .filter { !(isOwn && $0.code == "limit-path") }.map(\.description)
        case .jwt:
            return limits.faults(ofJWT: proposal.id, notBefore: proposal.notBefore, notAfter: proposal.notAfter)
                .map(\.description)
        case .downstream:
            return limits.allowsDownstream ? [] : ["no downstream issuers"]
        }
    }
}
