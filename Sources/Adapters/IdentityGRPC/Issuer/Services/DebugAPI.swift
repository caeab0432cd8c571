// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import Issuer
internal import SPIFFE
internal import SPIREAPI
internal import Synchronization
internal import X509

/// `spire.api.server.debug.v1.Debug`: how much there is, since when, and what the issuer shows. Facts (SPIFFE) 15.4.
final class DebugAPI: Spire_Api_Server_Debug_V1_Debug.SimpleServiceProtocol {
    typealias Info = Spire_Api_Server_Debug_V1_GetInfoResponse

    /// How long an answer is given again: counting agents reads all of them.
    static let freshness = Duration.seconds(5)

    private let facades: IssuerFacades
    private let start: Duration
    private let last = Mutex<(info: Info, at: Duration)?>(nil)

    init(_ facades: IssuerFacades) {
        self.facades = facades
        start = facades.clock.uptime()
    }

    func getInfo(
        request: Spire_Api_Server_Debug_V1_GetInfoRequest, context: ServerContext
    ) async throws -> Info {
        let now = facades.clock.uptime()
        var info: Info
        if let last = last.withLock({ $0 }), now - last.at < Self.freshness {
            info = last.info
        } else {
            info = Info()
            info.svidChain = chain.map { certificate in
                var wire = Info.Cert()
                if let text = certificate.uris.first, let id = try? SPIFFEID(text) {
                    wire.id = Spire_Api_Types_SPIFFEID(id)
                }
                wire.expiresAt = certificate.notAfter.seconds
                wire.subject = certificate.certificate.subject.description
                return wire
            }
            info.entriesCount = Int32(clamping: try facades.entries.count())
            info.agentsCount = Int32(clamping: try await facades.agents.count())
            info.federatedBundlesCount = Int32(clamping: try await facades.federation.bundleCount())
            let made = info
            last.withLock { $0 = (made, now) }
        }
        info.uptime = Int32(clamping: (now - start).components.seconds)
        return info
    }

    /// What the issuer shows, and the authority at which it ends.
    private var chain: [X509Certificate] {
        let shown = facades.identity()?.chain ?? []
        guard let last = shown.last else { return [] }
        let root = facades.bundles.bundle.x509Authorities.map(\.certificate).first {
            $0 != last && $0.certificate.subject == last.certificate.issuer && last.hasSignature(by: $0)
        }
        return shown + (root.map { [$0] } ?? [])
    }
}
