// SPDX-License-Identifier: Apache-2.0

internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import NIOCore
internal import NIOSSL
internal import NodeAgent
internal import SPIFFE
internal import SPIREAPI
internal import Synchronization

/// The connections to an issuer that are made with the same credentials.
final class IssuerConnection: Sendable {
    typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    let client: Client
    private let verdict: Verdict

    /// Connections of an agent.
    /// - Throws: when the credentials can't be used.
    convenience init(
        to address: IssuerAddress, trustDomain: TrustDomain, credentials: IssuerCredentials,
        now: @escaping @Sendable () -> CertificateTime
    ) throws {
        try self.init(
            to: address, trustDomain: trustDomain, trust: credentials.trust,
            identity: credentials.identity.map { TLSCredentials(chain: $0.chain, privateKey: $0.key.pkcs8) }, now: now)
    }

    /// Connections of whoever has this identity, or none.
    /// - Throws: when the credentials can't be used.
    init(
        to address: IssuerAddress, trustDomain: TrustDomain, trust: IssuerTrust, identity: TLSCredentials?,
        now: @escaping @Sendable () -> CertificateTime
    ) throws {
        let verdict = Verdict()
        self.verdict = verdict
        let security = HTTP2ClientTransport.Posix.TransportSecurity.TLS.defaults { tls in
            tls.trustRoots = .certificates([])
            if let identity {
                tls.certificateChain = identity.chain.map { .bytes($0.der, format: .der) }
                tls.privateKey = .bytes(identity.privateKey, format: .der)
            }
            guard case .bundle(let bundle) = trust else {
                tls.serverCertificateVerification = .noVerification
                return
            }
            // The name of the host says nothing, the SPIFFE ID does. Facts (SPIFFE) 20.1.
            tls.serverCertificateVerification = .noHostnameVerification
            let peers = PeerTrust(bundle: { $0 == bundle.trustDomain ? bundle : nil }, now: now)
            tls.customVerificationCallback = { presented, promise in
                promise.completeWithTask {
                    let fault = await Self.fault(of: presented, trustDomain: trustDomain, peers)
                    verdict.fault = fault
                    guard fault == nil else { return .failed }
                    return .certificateVerified(VerificationMetadata(NIOSSL.ValidatedCertificateChain(presented)))
                }
            }
        }
        var configuration = HTTP2ClientTransport.Posix.Config.defaults
        configuration.backoff.initial = .milliseconds(500)
        configuration.backoff.max = .seconds(30)
        configuration.connection.keepalive = .init(
            time: .seconds(30), timeout: .seconds(10), allowWithoutCalls: false)
        client = Client(
            transport: try Self.transport(
                to: address, security: .tls(security), configuration: configuration,
                balancing: ServiceConfig(methodConfig: [Self.repeated], loadBalancingConfig: [.roundRobin])))
    }

    /// An issuer ends connections when they are minutes old, and a call that begins in that moment comes back refused. Calls
    /// that change nothing of the agent are made once more; at worst an SVID is signed and recorded twice.
    private static let repeated = MethodConfig(
        names: [Spire_Api_Server_Svid_V1_SVID.descriptor, Spire_Api_Server_Bundle_V1_Bundle.descriptor].map {
            MethodConfig.Name(service: $0.fullyQualifiedService)
        },
        executionPolicy: .retry(
            RetryPolicy(
                maxAttempts: 2, initialBackoff: .milliseconds(50), maxBackoff: .seconds(1), backoffMultiplier: 2,
                retryableStatusCodes: [.unavailable])))

    /// An IP address is no name that TLS may send, so it must not be taken for one.
    private static func transport(
        to address: IssuerAddress, security: HTTP2ClientTransport.Posix.TransportSecurity,
        configuration: HTTP2ClientTransport.Posix.Config, balancing: ServiceConfig
    ) throws -> HTTP2ClientTransport.Posix {
        func make(_ target: any ResolvableTarget) throws -> HTTP2ClientTransport.Posix {
            try HTTP2ClientTransport.Posix(
                target: target, transportSecurity: security, config: configuration, serviceConfig: balancing)
        }
        switch try? NIOCore.SocketAddress(ipAddress: address.host, port: address.port) {
        case .v4: return try make(.ipv4(address: address.host, port: address.port))
        case .v6: return try make(.ipv6(address: address.host, port: address.port))
        default: return try make(.dns(host: address.host, port: address.port))
        }
    }

    /// Why whoever answered last was not taken for the issuer; nil when he was.
    var distrust: PeerCertificateError? { verdict.fault }

    private static func fault(
        of presented: [NIOSSLCertificate], trustDomain: TrustDomain, _ trust: PeerTrust
    ) async -> PeerCertificateError? {
        guard let chain = try? presented.map({ try $0.toDERBytes() }) else { return .noID }
        do throws(PeerCertificateError) {
            let id = try await trust.verify(chain).svid.id
            return id.trustDomain == trustDomain && id.path == "/spire/server" ? nil : .notExpected(id)
        } catch {
            return error
        }
    }

    private final class Verdict: Sendable {
        private let last = Mutex<PeerCertificateError?>(nil)

        var fault: PeerCertificateError? {
            get { last.withLock { $0 } }
            set { last.withLock { $0 = newValue } }
        }
    }
}
