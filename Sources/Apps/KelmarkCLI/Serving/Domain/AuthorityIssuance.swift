// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import Issuer
internal import KERI
internal import KERINetwork
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

    private struct Known: Sendable {
        var limits: [String: AuthorityLimits] = [:]
        var readAt: Duration?
    }

    private let context: CommandContext
    private let issuer: String
    private let clock: any IssuerClock
    private let known = Mutex(Known())

    init(context: CommandContext, issuer: String, clock: any IssuerClock) {
        self.context = context
        self.issuer = issuer
        self.clock = clock
    }

    func decide(about proposal: IssuanceProposal) async -> IssuanceDecision {
        guard let statement = proposal.statement else { return .refused(["the key has no authority statement"]) }
        let limits: AuthorityLimits?
        do {
            limits = try self.limits(under: statement)
        } catch {
            return .refused(["the authority can't be read: \(ErrorTranslation.failure(for: error).cause)"])
        }
        guard let limits else { return .refused(["statement \(statement) does not stand any more"]) }
        let faults = Self.faults(of: proposal, limits)
        return faults.isEmpty ? .allowed() : .refused(faults)
    }

    /// The limits under which a statement stands; nil when it does not.
    private func limits(under statement: String) throws -> AuthorityLimits? {
        let now = clock.uptime()
        let fresh = known.withLock { known in
            known.readAt.map { now - $0 < Self.freshness } == true ? known.limits[statement] : nil
        }
        if let fresh { return fresh }
        let read = try read()
        known.withLock { $0 = Known(limits: read, readAt: now) }
        return read[statement]
    }

    private func read() throws -> [String: AuthorityLimits] {
        let service = try IssuerService(
            context.readingIssuing(), folder: IssuerFolder(path: context.home.issuers), name: issuer)
        var credentials: [SAID: AuthorityLimits] = [:]
        for entry in try service.book.entries(issuer: service.controller.aid) where entry.verdict.isValid {
            credentials[entry.authority.said] = entry.authority.limits
        }
        var limits: [String: AuthorityLimits] = [:]
        for entry in try service.liveEntries(at: clock.now()) {
            limits[entry.statement.said.text] = SAID(entry.statement.credential).flatMap { credentials[$0] }
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
