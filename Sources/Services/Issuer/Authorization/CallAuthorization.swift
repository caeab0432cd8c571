// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// As whom a caller may make a call, and where that right stands: what the audit log says. Facts (SPIFFE) 15.2, 15.5.
public struct CallGrant: Hashable, Sendable {
    /// The group that was decisive; the raw values stand in the audit log.
    public enum Role: String, Hashable, Sendable {
        case nobody, local, admin, downstream, agent
    }

    /// Where the right stands; the raw values stand in the audit log.
    public enum Source: String, Hashable, Sendable {
        /// In nothing: the call is open to anyone.
        case none = ""
        /// In the listener that the caller came over.
        case transport
        /// In the configuration.
        case configuration = "config"
        /// In an entry or an agent's record.
        case store = "datastore"
    }

    /// As whom.
    public let role: Role
    /// By what.
    public let source: Source
    /// The identity that was authorised; nil for local callers and those whom nothing was asked.
    public let id: SPIFFEID?
}

/// Decides who may make which call. The order of the questions is SPIRE's. Facts (SPIFFE) 15.2.
public final class CallAuthorization: Sendable {
    private let directory: RegistrationDirectory
    private let agents: AgentService
    private let administrators: Set<SPIFFEID>
    private let clock: any IssuerClock

    /// - Parameter administrators: identities with rights of an administrator by configuration; they may be of other
    ///   trust domains.
    public init(
        _ directory: RegistrationDirectory, agents: AgentService, administrators: Set<SPIFFEID> = [],
        clock: any IssuerClock
    ) {
        self.directory = directory
        self.agents = agents
        self.administrators = administrators
        self.clock = clock
    }

    /// Says as whom a caller makes a call.
    /// - Parameter path: the gRPC path of the call, `/package.Service/Method`.
    /// - Throws: `permissionDenied` when the caller may not, with the reason where an agent acts upon it; also for a
    ///   path that is no call of the issuer.
    public func authorize(_ caller: Caller, path: String) async throws(IssuerError) -> CallGrant {
        guard let method = IssuerMethod(rawValue: path) else { throw Self.denied(path) }
        return try await authorize(caller, method)
    }

    /// Says as whom a caller makes a call.
    /// - Throws: `permissionDenied` when the caller may not, with the reason where an agent acts upon it.
    public func authorize(_ caller: Caller, _ method: IssuerMethod) async throws(IssuerError) -> CallGrant {
        let audience = method.audience
        if audience.contains(.anyone) { return CallGrant(role: .nobody, source: .none, id: caller.identity?.id) }
        if case .local = caller, audience.contains(.local) {
            return CallGrant(role: .local, source: .transport, id: nil)
        }
        guard let identity = caller.identity else { throw Self.denied(method.rawValue) }
        let isCurrent = clock.now() <= identity.notAfter
        if isCurrent, !audience.isDisjoint(with: [.admin, .downstream]) {
            if audience.contains(.admin), administrators.contains(identity.id) {
                return CallGrant(role: .admin, source: .configuration, id: identity.id)
            }
            let rights = directory.snapshot.rights(of: identity.id, at: clock.now().seconds)
            if audience.contains(.admin), rights.isAdmin {
                return CallGrant(role: .admin, source: .store, id: identity.id)
            }
            if audience.contains(.downstream), rights.isDownstream {
                return CallGrant(role: .downstream, source: .store, id: identity.id)
            }
        }
        guard audience.contains(.agent), identity.id.trustDomain == directory.trustDomain,
            IdentifierRules.isAgent(identity.id.path)
        else { throw Self.denied(method.rawValue) }
        try await agents.admit(identity)
        return CallGrant(role: .agent, source: .store, id: identity.id)
    }

    private static func denied(_ path: String) -> IssuerError {
        IssuerError(.permissionDenied, "authorization denied for method \(path)")
    }
}
