// SPDX-License-Identifier: Apache-2.0

/// Every call that the issuer answers, by its gRPC path, and who may make it. Facts (SPIFFE) 15.2.
public enum IssuerMethod: String, Hashable, Sendable, CaseIterable {
    case countAgents = "/spire.api.server.agent.v1.Agent/CountAgents"
    case listAgents = "/spire.api.server.agent.v1.Agent/ListAgents"
    case getAgent = "/spire.api.server.agent.v1.Agent/GetAgent"
    case deleteAgent = "/spire.api.server.agent.v1.Agent/DeleteAgent"
    case banAgent = "/spire.api.server.agent.v1.Agent/BanAgent"
    case attestAgent = "/spire.api.server.agent.v1.Agent/AttestAgent"
    case renewAgent = "/spire.api.server.agent.v1.Agent/RenewAgent"
    case createJoinToken = "/spire.api.server.agent.v1.Agent/CreateJoinToken"
    case postStatus = "/spire.api.server.agent.v1.Agent/PostStatus"

    case countBundles = "/spire.api.server.bundle.v1.Bundle/CountBundles"
    case getBundle = "/spire.api.server.bundle.v1.Bundle/GetBundle"
    case appendBundle = "/spire.api.server.bundle.v1.Bundle/AppendBundle"
    case publishJWTAuthority = "/spire.api.server.bundle.v1.Bundle/PublishJWTAuthority"
    case publishWITAuthority = "/spire.api.server.bundle.v1.Bundle/PublishWITAuthority"
    case listFederatedBundles = "/spire.api.server.bundle.v1.Bundle/ListFederatedBundles"
    case getFederatedBundle = "/spire.api.server.bundle.v1.Bundle/GetFederatedBundle"
    case createFederatedBundles = "/spire.api.server.bundle.v1.Bundle/BatchCreateFederatedBundle"
    case updateFederatedBundles = "/spire.api.server.bundle.v1.Bundle/BatchUpdateFederatedBundle"
    case setFederatedBundles = "/spire.api.server.bundle.v1.Bundle/BatchSetFederatedBundle"
    case deleteFederatedBundles = "/spire.api.server.bundle.v1.Bundle/BatchDeleteFederatedBundle"

    case debugInfo = "/spire.api.server.debug.v1.Debug/GetInfo"

    case countEntries = "/spire.api.server.entry.v1.Entry/CountEntries"
    case listEntries = "/spire.api.server.entry.v1.Entry/ListEntries"
    case getEntry = "/spire.api.server.entry.v1.Entry/GetEntry"
    case createEntries = "/spire.api.server.entry.v1.Entry/BatchCreateEntry"
    case updateEntries = "/spire.api.server.entry.v1.Entry/BatchUpdateEntry"
    case deleteEntries = "/spire.api.server.entry.v1.Entry/BatchDeleteEntry"
    case authorizedEntries = "/spire.api.server.entry.v1.Entry/GetAuthorizedEntries"
    case syncAuthorizedEntries = "/spire.api.server.entry.v1.Entry/SyncAuthorizedEntries"

    case jwtAuthorityState = "/spire.api.server.localauthority.v1.LocalAuthority/GetJWTAuthorityState"
    case prepareJWTAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/PrepareJWTAuthority"
    case activateJWTAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/ActivateJWTAuthority"
    case taintJWTAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/TaintJWTAuthority"
    case revokeJWTAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/RevokeJWTAuthority"
    case x509AuthorityState = "/spire.api.server.localauthority.v1.LocalAuthority/GetX509AuthorityState"
    case prepareX509Authority = "/spire.api.server.localauthority.v1.LocalAuthority/PrepareX509Authority"
    case activateX509Authority = "/spire.api.server.localauthority.v1.LocalAuthority/ActivateX509Authority"
    case taintX509Authority = "/spire.api.server.localauthority.v1.LocalAuthority/TaintX509Authority"
    case taintX509UpstreamAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/TaintX509UpstreamAuthority"
    case revokeX509Authority = "/spire.api.server.localauthority.v1.LocalAuthority/RevokeX509Authority"
    case revokeX509UpstreamAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/RevokeX509UpstreamAuthority"
    case witAuthorityState = "/spire.api.server.localauthority.v1.LocalAuthority/GetWITAuthorityState"
    case prepareWITAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/PrepareWITAuthority"
    case activateWITAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/ActivateWITAuthority"
    case taintWITAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/TaintWITAuthority"
    case revokeWITAuthority = "/spire.api.server.localauthority.v1.LocalAuthority/RevokeWITAuthority"

    case getLogger = "/spire.api.server.logger.v1.Logger/GetLogger"
    case setLogLevel = "/spire.api.server.logger.v1.Logger/SetLogLevel"
    case resetLogLevel = "/spire.api.server.logger.v1.Logger/ResetLogLevel"

    case mintX509SVID = "/spire.api.server.svid.v1.SVID/MintX509SVID"
    case mintJWTSVID = "/spire.api.server.svid.v1.SVID/MintJWTSVID"
    case mintWITSVID = "/spire.api.server.svid.v1.SVID/MintWITSVID"
    case newX509SVIDs = "/spire.api.server.svid.v1.SVID/BatchNewX509SVID"
    case newJWTSVID = "/spire.api.server.svid.v1.SVID/NewJWTSVID"
    case newWITSVIDs = "/spire.api.server.svid.v1.SVID/BatchNewWITSVID"
    case newDownstreamX509CA = "/spire.api.server.svid.v1.SVID/NewDownstreamX509CA"

    case listRelationships = "/spire.api.server.trustdomain.v1.TrustDomain/ListFederationRelationships"
    case getRelationship = "/spire.api.server.trustdomain.v1.TrustDomain/GetFederationRelationship"
    case createRelationships = "/spire.api.server.trustdomain.v1.TrustDomain/BatchCreateFederationRelationship"
    case updateRelationships = "/spire.api.server.trustdomain.v1.TrustDomain/BatchUpdateFederationRelationship"
    case deleteRelationships = "/spire.api.server.trustdomain.v1.TrustDomain/BatchDeleteFederationRelationship"
    case refreshBundle = "/spire.api.server.trustdomain.v1.TrustDomain/RefreshBundle"

    case checkHealth = "/grpc.health.v1.Health/Check"
    case listHealth = "/grpc.health.v1.Health/List"
    case watchHealth = "/grpc.health.v1.Health/Watch"

    /// Groups of callers.
    public struct Audience: OptionSet, Hashable, Sendable {
        /// One bit for each.
        public let rawValue: UInt8
        /// The set of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Whoever reaches a listener.
        public static let anyone = Audience(rawValue: 1 << 0)
        /// Processes of this machine over the Unix socket.
        public static let local = Audience(rawValue: 1 << 1)
        /// Identities with rights of an administrator.
        public static let admin = Audience(rawValue: 1 << 2)
        /// Identities with rights of a downstream server.
        public static let downstream = Audience(rawValue: 1 << 3)
        /// Agents in good standing.
        public static let agent = Audience(rawValue: 1 << 4)
    }

    /// Who may make the call.
    public var audience: Audience {
        switch self {
        case .attestAgent, .getBundle: .anyone
        case .renewAgent, .postStatus, .authorizedEntries, .syncAuthorizedEntries, .newX509SVIDs, .newJWTSVID,
            .newWITSVIDs:
            .agent
        case .getFederatedBundle: [.agent, .admin, .local]
        case .newDownstreamX509CA, .publishJWTAuthority, .publishWITAuthority: .downstream
        case .debugInfo, .getLogger, .setLogLevel, .resetLogLevel, .checkHealth, .listHealth, .watchHealth: .local
        case .countAgents, .listAgents, .getAgent, .deleteAgent, .banAgent, .createJoinToken, .countBundles,
            .appendBundle, .listFederatedBundles, .createFederatedBundles, .updateFederatedBundles,
            .setFederatedBundles, .deleteFederatedBundles, .countEntries, .listEntries, .getEntry, .createEntries,
            .updateEntries, .deleteEntries, .jwtAuthorityState, .prepareJWTAuthority, .activateJWTAuthority,
            .taintJWTAuthority, .revokeJWTAuthority, .x509AuthorityState, .prepareX509Authority,
            .activateX509Authority, .taintX509Authority, .taintX509UpstreamAuthority, .revokeX509Authority,
            .revokeX509UpstreamAuthority, .witAuthorityState, .prepareWITAuthority, .activateWITAuthority,
            .taintWITAuthority, .revokeWITAuthority, .mintX509SVID, .mintJWTSVID, .mintWITSVID, .listRelationships,
            .getRelationship, .createRelationships, .updateRelationships, .deleteRelationships, .refreshBundle:
            [.admin, .local]
        }
    }
}
