// SPDX-License-Identifier: Apache-2.0

import JOSE
import SPIFFE
import Testing
import WorkloadTestKit

@testable import WorkloadClient

/// An identity from files.
struct StaticSourceTests {
    private let domain: TestTrustDomain
    private let directory: TestDirectory

    init() throws {
        domain = try TestTrustDomain()
        directory = try TestDirectory()
    }

    @Test func filesAreRead() throws {
        let foreign = try TestTrustDomain("foreign.test")
        let svid = try domain.svid("/w")
        let source = try StaticSource(
            chain: directory.write("chain.pem", CertificateEncoding.pem(svid.chain)),
            key: directory.write("key.pem", CertificateEncoding.pem(pkcs8: svid.privateKey.pkcs8)),
            bundles: [
                domain.trustDomain: directory.write("bundle.pem", domain.certificate.pem),
                foreign.trustDomain: directory.write(
                    "foreign.json", String(decoding: BundleDocument.encode(foreign.bundle()), as: UTF8.self)),
            ])
        #expect(try source.x509SVID().leaf == svid.leaf)
        #expect(source.bundle(of: domain.trustDomain)?.x509Bundle == domain.x509Bundle)
        #expect(source.bundle(of: foreign.trustDomain)?.jwtAuthorities.count == 1)
        #expect(source.bundle(of: try TrustDomain("other.test")) == nil)
    }

    @Test func brokenFilesAreNot() throws {
        let svid = try domain.svid("/w")
        let chain = try directory.write("chain.pem", CertificateEncoding.pem(svid.chain))
        let key = try directory.write("key.pem", CertificateEncoding.pem(pkcs8: svid.privateKey.pkcs8))
        let other = try directory.write(
            "other.pem", CertificateEncoding.pem(pkcs8: domain.svid("/w").privateKey.pkcs8))
        let nonsense = try directory.write("nonsense", "nonsense")
        #expect(throws: StaticSourceError.self) { try StaticSource(chain: chain, key: other, bundles: [:]) }
        #expect(throws: StaticSourceError.self) { try StaticSource(chain: nonsense, key: key, bundles: [:]) }
        #expect(throws: StaticSourceError.self) { try StaticSource(chain: "\(chain)x", key: key, bundles: [:]) }
        #expect(throws: StaticSourceError.self) {
            try StaticSource(chain: chain, key: key, bundles: [domain.trustDomain: nonsense])
        }
    }

    @Test func expiredIdentityIsNotShown() throws {
        let clock = ManualClock()
        let source = StaticSource(svid: try domain.svid("/w"), bundles: try BundleMap([]), clock: clock)
        _ = try source.x509SVID()
        clock.advance(by: 3700)
        #expect(throws: (any Error).self) { try source.x509SVID() }
        #expect(throws: (any Error).self) { try StaticSource(svid: nil, bundles: try BundleMap([])).x509SVID() }
    }
}
