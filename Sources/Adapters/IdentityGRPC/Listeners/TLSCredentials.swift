// SPDX-License-Identifier: Apache-2.0

internal import NIOSSL
package import SPIFFE

/// A certificate chain with its key, as one end of a TLS connection shows it.
package struct TLSCredentials: Sendable {
    /// The chain, leaf first, without the authority.
    package let chain: [X509Certificate]
    /// The leaf's key: PKCS#8 in DER.
    package let privateKey: [UInt8]

    package init(chain: [X509Certificate], privateKey: [UInt8]) {
        self.chain = chain
        self.privateKey = privateKey
    }

    var certificateSources: [NIOSSLCertificateSource] {
        get throws { try chain.map { .certificate(try NIOSSLCertificate(bytes: $0.der, format: .der)) } }
    }

    var keySource: NIOSSLPrivateKeySource {
        get throws { .privateKey(try NIOSSLPrivateKey(bytes: privateKey, format: .der)) }
    }

    /// The configuration of a server that asks for a client certificate but does not insist on one.
    /// Facts (SPIFFE) 15.1, 22.3.
    var serverConfiguration: TLSConfiguration {
        get throws {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try certificateSources, privateKey: try keySource)
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["h2"]
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates([])
            return configuration
        }
    }
}
