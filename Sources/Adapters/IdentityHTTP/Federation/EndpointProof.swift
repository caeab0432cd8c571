// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOSSL
internal import SPIFFE
internal import Synchronization

/// How an endpoint proves that it is the one.
enum EndpointProof: Sendable {
    /// By a certificate of one of these authorities for the host of the URL.
    case web(roots: NIOSSLTrustRoots)
    /// By an X.509-SVID of exactly this ID.
    case spiffe(SPIFFEID, X509Bundle, now: @Sendable () -> CertificateTime)

    /// The handler of one connection; `refusals` hears why a certificate was not taken.
    func handler(for url: EndpointURL, refusals: Refusals) throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.harden()
        // An address has no place in the extension of names; the certificate must then name the address.
        let name = url.hasAddress ? nil : url.host
        switch self {
        case .web(let roots):
            configuration.trustRoots = roots
            configuration.certificateVerification = .fullVerification
            return try NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: name)
        case .spiffe(let id, let bundle, let now):
            configuration.trustRoots = .certificates([])
            configuration.certificateVerification = .noHostnameVerification
            return try NIOSSLClientHandler(
                context: NIOSSLContext(configuration: configuration), serverHostname: name,
                customVerificationCallback: { presented, promise in
                    let reason = Self.refusal(of: presented, id, bundle, at: now())
                    if let reason { refusals.add(reason) }
                    promise.succeed(reason == nil ? .certificateVerified : .failed)
                })
        }
    }

    /// Why a chain does not prove the ID; nil when it does.
    private static func refusal(
        of presented: [NIOSSLCertificate], _ id: SPIFFEID, _ bundle: X509Bundle, at time: CertificateTime
    ) -> String? {
        guard let chain = try? presented.map({ try $0.toDERBytes() }) else { return "certificate can't be read" }
        switch X509SVIDOutcome.verifying(chain: chain, against: bundle, at: time) {
        case .refused(let faults): return faults.map(\.description).joined(separator: "; ")
        case .verified(let svid): return svid.id == id ? nil : "endpoint is \(svid.id), not \(id)"
        }
    }

    /// Why certificates were not taken.
    final class Refusals: Sendable {
        private let reasons = Mutex<[String]>([])

        func add(_ reason: String) { reasons.withLock { $0.append(reason) } }
        var first: String? { reasons.withLock { $0.first } }
    }
}
