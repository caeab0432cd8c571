// SPDX-License-Identifier: Apache-2.0

package import GRPCCore
package import NodeAgent
package import SPIFFE
package import SPIREAPI
internal import SwiftProtobuf
internal import X509

/// SPIRE's debug API of agents, for the admin socket: how the agent is, in numbers. Facts (SPIFFE) 20.7, A.2.
package struct AgentDebugService: Spire_Agent_Debug_V1_Debug.SimpleServiceProtocol {
    private let identity: @Sendable () -> AgentIdentity?
    private let health: @Sendable () -> AgentHealth
    private let startedAt: CertificateTime

    /// - Parameters:
    ///   - startedAt: when the process began.
    ///   - identity: who the agent is.
    ///   - health: how the agent is.
    package init(
        startedAt: CertificateTime, identity: @escaping @Sendable () -> AgentIdentity?,
        health: @escaping @Sendable () -> AgentHealth
    ) {
        self.startedAt = startedAt
        self.identity = identity
        self.health = health
    }

    package func getInfo(
        request: Spire_Agent_Debug_V1_GetInfoRequest, context: ServerContext
    ) async throws -> Spire_Agent_Debug_V1_GetInfoResponse {
        let (identity, health) = (identity(), health())
        return .with { info in
            info.svidChain = identity?.chain.map { Spire_Agent_Debug_V1_GetInfoResponse.Cert($0) } ?? []
            info.uptime = Int32(clamping: health.at.seconds - startedAt.seconds)
            info.svidsCount = Int32(clamping: health.x509SVIDs)
            info.cachedX509SvidsCount = Int32(clamping: health.x509SVIDs)
            info.cachedJwtSvidsCount = Int32(clamping: health.tokens)
            info.lastSyncSuccess = health.synchronisedAt?.seconds ?? 0
        }
    }
}

extension Spire_Agent_Debug_V1_GetInfoResponse.Cert {
    fileprivate init(_ certificate: X509Certificate) {
        self.init()
        if certificate.uris.count == 1, let id = try? SPIFFE.SPIFFEID(certificate.uris[0]) {
            self.id = Spire_Api_Types_SPIFFEID(id)
        }
        expiresAt = certificate.notAfter.seconds
        subject = certificate.certificate.subject.description
    }
}
