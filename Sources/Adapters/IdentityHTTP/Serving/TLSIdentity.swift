// SPDX-License-Identifier: Apache-2.0

internal import JOSE
package import NIOSSL
package import SPIFFE

/// By what a server proves itself.
package protocol TLSIdentity: Sendable {
    /// What one connection needs for TLS, with the certificate that is current; a new one each time.
    /// - Throws: whatever keeps the server from having a certificate; the connection is then closed.
    func tlsContext() async throws -> NIOSSLContext
}

/// Proves itself by an X.509-SVID: profile `https_spiffe`.
package struct SVIDTLSIdentity: TLSIdentity {
    private let source: any SVIDSource
    private let now: @Sendable () -> CertificateTime

    /// Takes the SVID from `source` at each connection; one that has expired is not shown.
    package init(_ source: any SVIDSource, now: @escaping @Sendable () -> CertificateTime) {
        self.source = source
        self.now = now
    }

    package func tlsContext() async throws -> NIOSSLContext {
        let svid = try await source.x509SVID()
        guard now() <= svid.leaf.notAfter else { throw TLSIdentityError.expired }
        return try NIOSSLContext(
            configuration: .identityServer(
                chain: try svid.chain.map { try NIOSSLCertificate(bytes: $0.der, format: .der) },
                key: try NIOSSLPrivateKey(bytes: svid.privateKey.pkcs8, format: .der)))
    }
}

/// Why a server has nothing to prove itself by.
package enum TLSIdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The SVID has expired.
    case expired
    /// A file is missing, too large, or not what it should be.
    case file(String, String)

    package var description: String {
        switch self {
        case .expired: "the server's own SVID has expired"
        case .file(let path, let detail): "\(path): \(detail)"
        }
    }
}

extension TLSConfiguration {
    /// A server that asks nobody for a certificate: TLS 1.2 with forward secrecy and authenticated encryption, or 1.3.
    static func identityServer(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map(NIOSSLCertificateSource.certificate), privateKey: .privateKey(key))
        configuration.harden()
        return configuration
    }

    /// What both ends of ours offer.
    mutating func harden() {
        minimumTLSVersion = .tlsv12
        cipherSuiteValues = [
            .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ]
        applicationProtocols = ["http/1.1"]
    }
}
