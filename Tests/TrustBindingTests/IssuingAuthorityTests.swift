// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import KelmarkCrypto
import SPIFFE
import SwiftASN1
import Testing
import X509

@testable import TrustBinding

struct IssuingAuthorityTests {
    @Test func theAuthorityFollowsItsProfile() async throws {
        let authority = try await Sample.authority()
        let certificate = authority.certificate
        #expect(AuthorityCertificateFault.check(certificate, trustDomain: Sample.domain) == [])
        #expect(certificate.uris == ["spiffe://example.org"])
        #expect(certificate.pathLength == 0)
        let hints = SubjectHints(subject: certificate.certificate.subject)
        #expect(hints == SubjectHints(aid: Sample.aid, statement: Sample.statement))
        #expect(certificate.subjectPublicKeyInfo == (try authority.key.subjectPublicKeyInfo()))
        let keyID = try #require(certificate.subjectKeyIdentifier)
        #expect(hexadecimal(keyID) == (try authority.key.x509KeyID()))
        #expect(certificate.certificate.serialNumber.bytes.count == 16)
        #expect(certificate.notBefore == Sample.now.advanced(by: -3600))
        #expect(try IssuingAuthority(certificate: certificate, key: FakeAuthorityKey(1)).trustDomain == Sample.domain)
        #expect(throws: IssuanceError(.keyMismatch)) {
            try IssuingAuthority(certificate: certificate, key: FakeAuthorityKey(2))
        }
    }

    @Test func theLeafFollowsItsProfile() async throws {
        let authority = try await Sample.authority()
        let request = try VerifiedCertificateRequest(der: Sample.request())
        let leaf = try await authority.issue(
            to: request, id: Sample.id, dnsNames: ["web.example"], hints: SubjectHints(aid: Sample.aid),
            now: Sample.now, lifetime: 600, serial: Sample.serial(0x80))
        #expect(leaf.notBefore == Sample.now.advanced(by: -10))
        #expect(leaf.notAfter == Sample.now.advanced(by: 600))
        #expect(leaf.uris == ["spiffe://example.org/web"])
        #expect(leaf.otherNames == [.dnsName("web.example")])
        #expect(leaf.keyUsage == KeyUsage(digitalSignature: true, keyEncipherment: true, keyAgreement: true))
        #expect(leaf.extendedKeyUsages == [.serverAuth, .clientAuth])
        #expect(leaf.basicConstraints == .notCertificateAuthority)
        #expect(leaf.certificate.serialNumber.bytes.first == 0x80)
        #expect(SubjectHints(subject: leaf.certificate.subject).aid == Sample.aid)
        let key = try leaf.certificate.extensions.authorityKeyIdentifier?.keyIdentifier
        #expect(key.map(Array.init) == authority.certificate.subjectKeyIdentifier)
    }

    @Test func aLeafNeverOutlivesItsAuthority() async throws {
        let authority = try await Sample.authority(
            notBefore: Sample.now.advanced(by: -5), notAfter: Sample.now.advanced(by: 100))
        let request = try VerifiedCertificateRequest(der: Sample.request())
        let leaf = try await authority.issue(
            to: request, id: Sample.id, now: Sample.now, lifetime: .max, serial: Sample.serial(3))
        #expect(leaf.notBefore == authority.certificate.notBefore)
        #expect(leaf.notAfter == authority.certificate.notAfter)
    }

    @Test func timesPast2049AreWritten() async throws {
        let start = try #require(CertificateTime("2049-12-31T23:59:59Z"))
        let end = try #require(CertificateTime("2050-01-01T00:00:00Z"))
        let authority = try await Sample.authority(notBefore: start, notAfter: end)
        #expect(authority.certificate.notBefore == start)
        #expect(authority.certificate.notAfter == end)
    }

    @Test func wrongOrdersAreRefused() async throws {
        let authority = try await Sample.authority()
        let request = try VerifiedCertificateRequest(der: Sample.request())
        let other = try SPIFFEID("spiffe://partner.test/web")
        func issue(
            _ request: VerifiedCertificateRequest, _ id: SPIFFEID = Sample.id, dns: [String] = [],
            hints: SubjectHints = SubjectHints(), now: CertificateTime = Sample.now, lifetime: Int64 = 60
        ) async -> IssuanceError.Code? {
            do {
                _ = try await authority.issue(
                    to: request, id: id, dnsNames: dns, hints: hints, now: now, lifetime: lifetime,
                    serial: Sample.serial(3))
                return nil
            } catch {
                return error.code
            }
        }
        #expect(await issue(request) == nil)
        #expect(await issue(request, other) == .id)
        #expect(await issue(request, Sample.domain.id) == .id)
        #expect(await issue(request, dns: ["a b"]) == .dnsName)
        #expect(await issue(request, hints: SubjectHints(aid: "short")) == .profile)
        #expect(await issue(request, lifetime: 0) == .validity)
        #expect(await issue(request, now: Sample.now.advanced(by: 90_000)) == .authorityValidity)
        let named = try VerifiedCertificateRequest(
            der: Sample.request(names: [.uniformResourceIdentifier("spiffe://example.org/other")]))
        #expect(await issue(named) == .id)
    }

    @Test func wrongAuthoritiesAreRefused() async throws {
        await #expect(throws: IssuanceError(.validity)) {
            try await Sample.authority(notBefore: Sample.now, notAfter: Sample.now)
        }
        await #expect(throws: IssuanceError(.profile)) { try await Sample.authority(pathLength: 2) }
        #expect(CertificateSerial(random: [UInt8](repeating: 0, count: 16)) == nil)
        #expect(CertificateSerial(random: [UInt8](repeating: 1, count: 15)) == nil)
    }

    @Test func aKeyInGuardedMemoryWillDo() async throws {
        let key = try SigningKey.random(.secp256r1)
        let authority = try await IssuingAuthority.selfSigned(
            key: key, trustDomain: Sample.domain, hints: SubjectHints(), notBefore: Sample.now,
            notAfter: Sample.now.advanced(by: 60), serial: Sample.serial(1))
        #expect(AuthorityCertificateFault.check(authority.certificate, trustDomain: Sample.domain) == [])
        let other = try SigningKey.random(.ed25519)
        #expect(throws: IssuanceError(.authorityKey)) { try other.x509KeyID() }
    }

    @Test func aBadSignatureIsNotHandedOut() async throws {
        for damage: @Sendable ([UInt8]) throws -> [UInt8] in [
            { signature in signature.map { $0 ^ 1 } }, { Array($0.dropLast()) },
            { _ in [UInt8](repeating: 0, count: 64) },
            { _ in throw CancellationError() },
        ] {
            var key = FakeAuthorityKey(1)
            key.damage = damage
            let damaged = key
            let error = await #expect(throws: IssuanceError.self) {
                try await IssuingAuthority.selfSigned(
                    key: damaged, trustDomain: Sample.domain, hints: SubjectHints(), notBefore: Sample.now,
                    notAfter: Sample.now.advanced(by: 60), serial: Sample.serial(1))
            }
            #expect(error?.code == .signing)
        }
    }

    @Test func openSSLAcceptsTheChainStrictly() async throws {
        let folder = try TemporaryFolder()
        let authority = try await Sample.authority()
        let request = try VerifiedCertificateRequest(der: Sample.request())
        let ca = try folder.write("ca.pem", authority.certificate.pem)
        for dnsNames in [[], ["web.example"]] {
            let leaf = try await authority.issue(
                to: request, id: Sample.id, dnsNames: dnsNames, now: Sample.now, lifetime: 600,
                serial: Sample.serial(0xFF))
            let leafPath = try folder.write("leaf.pem", leaf.pem)
            for purpose in ["sslserver", "sslclient"] {
                let verified = try openssl(
                    [
                        "verify", "-x509_strict", "-check_ss_sig", "-purpose", purpose, "-attime",
                        "\(Sample.now.seconds)", "-CAfile", ca, leafPath,
                    ], in: folder)
                #expect(verified.status == 0, "\(verified.output)")
            }
        }
        let late = try openssl(
            ["verify", "-x509_strict", "-attime", "\(Sample.now.seconds + 700)", "-CAfile", ca, "leaf.pem"],
            in: folder)
        #expect(late.status != 0)
    }
}

/// Certificates that break one rule each, made with swift-certificates.
struct AuthorityCertificateFaultTests {
    static func certificate(
        key: Certificate.PrivateKey, issuer: String = "a", signer: Certificate.PrivateKey? = nil,
        _ extensions: Certificate.Extensions
    ) throws -> X509Certificate {
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(5), publicKey: key.publicKey,
            notValidBefore: Date(timeIntervalSince1970: 1_700_000_000),
            notValidAfter: Date(timeIntervalSince1970: 1_900_000_000), issuer: DistinguishedName { CommonName(issuer) },
            subject: DistinguishedName { CommonName("a") }, extensions: extensions, issuerPrivateKey: signer ?? key)
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try X509Certificate(der: serializer.serializedBytes)
    }

    static func extensions(
        _ key: Certificate.PrivateKey, basic: BasicConstraints? = .isCertificateAuthority(maxPathLength: 0),
        basicCritical: Bool = true, usage: KeyUsage = KeyUsage(keyCertSign: true, cRLSign: true),
        usageCritical: Bool = true, keyID: [UInt8]? = nil,
        names: [GeneralName] = [.uniformResourceIdentifier("spiffe://example.org")], unknown: Bool = false
    ) throws -> Certificate.Extensions {
        var list = Certificate.Extensions()
        if let basic { try list.append(.init(basic, critical: basicCritical)) }
        try list.append(.init(usage, critical: usageCritical))
        if !names.isEmpty { try list.append(.init(SubjectAlternativeNames(names), critical: false)) }
        let identifier =
            keyID.map { SubjectKeyIdentifier(keyIdentifier: $0[...]) } ?? SubjectKeyIdentifier(hash: key.publicKey)
        try list.append(.init(identifier, critical: false))
        if unknown { try list.append(.init(oid: [1, 2, 3, 4], critical: true, value: [5, 0])) }
        return list
    }

    @Test func eachRuleIsChecked() throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let other = Certificate.PrivateKey(P384.Signing.PrivateKey())
        func faults(_ certificate: X509Certificate, _ domain: String = "example.org") throws
            -> [AuthorityCertificateFault]
        {
            AuthorityCertificateFault.check(certificate, trustDomain: try TrustDomain(domain))
        }
        let good = try Self.certificate(key: key, Self.extensions(key))
        #expect(try faults(good) == [])
        #expect(try faults(good, "partner.test") == [.names])
        #expect(try faults(Self.certificate(key: key, issuer: "b", Self.extensions(key))) == [.notSelfSigned])
        #expect(try faults(Self.certificate(key: key, signer: other, Self.extensions(key))) == [.notSelfSigned])
        #expect(try faults(Self.certificate(key: other, Self.extensions(other))) == [.key])
        #expect(
            try faults(Self.certificate(key: key, Self.extensions(key, basic: .notCertificateAuthority)))
                == [.basicConstraints])
        #expect(
            try faults(Self.certificate(key: key, Self.extensions(key, basicCritical: false))) == [.basicConstraints])
        #expect(try faults(Self.certificate(key: key, Self.extensions(key, basic: nil))) == [.basicConstraints])
        for length in [nil, 2] {
            let extensions = try Self.extensions(key, basic: .isCertificateAuthority(maxPathLength: length))
            #expect(try faults(Self.certificate(key: key, extensions)) == [.pathLength])
        }
        #expect(try faults(Self.certificate(key: key, Self.extensions(key, usageCritical: false))) == [.keyUsage])
        for usage in [KeyUsage(digitalSignature: true, keyCertSign: true), KeyUsage(cRLSign: true)] {
            #expect(try faults(Self.certificate(key: key, Self.extensions(key, usage: usage))) == [.keyUsage])
        }
        for names: [GeneralName] in [
            [], [.uniformResourceIdentifier("spiffe://example.org/a")], [.uniformResourceIdentifier("https://a")],
            [.uniformResourceIdentifier("spiffe://example.org"), .dnsName("a")],
            [.uniformResourceIdentifier("spiffe://example.org"), .uniformResourceIdentifier("spiffe://example.org")],
        ] {
            #expect(try faults(Self.certificate(key: key, Self.extensions(key, names: names))) == [.names])
        }
        #expect(try faults(Self.certificate(key: key, Self.extensions(key, keyID: [1, 2]))) == [.keyID])
        #expect(
            try faults(Self.certificate(key: key, Self.extensions(key, unknown: true))) == [.criticalExtension])
    }

    @Test func issuersWithoutATrustDomainIDAreRefused() async throws {
        let key = P256.Signing.PrivateKey()
        let authorityKey = Certificate.PrivateKey(key)
        for names: [GeneralName] in [
            [.uniformResourceIdentifier("spiffe://example.org/a")],
            [.uniformResourceIdentifier("spiffe://example.org"), .uniformResourceIdentifier("spiffe://example.org")],
        ] {
            let root = try Self.certificate(key: authorityKey, Self.extensions(authorityKey, names: names))
            let leafKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
            let leaf = try Self.certificate(
                key: leafKey, signer: authorityKey,
                Self.extensions(
                    leafKey, basic: .notCertificateAuthority, usage: KeyUsage(digitalSignature: true),
                    names: [.uniformResourceIdentifier("spiffe://example.org/web")]))
            let outcome = X509SVIDOutcome.verifying(
                chain: [leaf], against: X509Bundle(trustDomain: Sample.domain, authorities: [root]), at: Sample.now)
            #expect(outcome.faults.map(\.code) == [.issuerID])
        }
    }
}

struct CertificateDamageTests {
    @Test func aSignatureIsWholeBytes() async throws {
        let authority = try await Sample.authority()
        let request = try VerifiedCertificateRequest(der: Sample.request())
        // ECDSA is random: one certificate in two ends with a zero bit, which could be called padding.
        var der: [UInt8] = []
        repeat {
            der = try await authority.issue(
                to: request, id: Sample.id, now: Sample.now, lifetime: 600, serial: Sample.serial(3)
            ).der
        } while (der.last ?? 1) & 1 == 1
        let head = try #require(
            der.indices.suffix(80).first { der[$0] == 0x03 && $0 + 2 + Int(der[$0 + 1]) == der.count })
        #expect(der[head + 2] == 0)
        der[head + 2] = 1
        let damaged = der
        #expect(
            try #require(throws: X509CertificateError.self) { try X509Certificate(der: damaged) }.code == .malformed)
    }

    @Test func everyFlippedByteOfALeafIsRefused() async throws {
        let authority = try await Sample.authority()
        let request = try VerifiedCertificateRequest(der: Sample.request())
        let leaf = try await authority.issue(
            to: request, id: Sample.id, now: Sample.now, lifetime: 600, serial: Sample.serial(3))
        let bundle = X509Bundle(trustDomain: Sample.domain, authorities: [authority.certificate])
        #expect(X509SVIDOutcome.verifying(chain: [leaf.der], against: bundle, at: Sample.now).svid != nil)
        for place in leaf.der.indices {
            var damaged = leaf.der
            damaged[place] ^= 0x01
            let outcome = X509SVIDOutcome.verifying(chain: [damaged], against: bundle, at: Sample.now)
            #expect(outcome.svid == nil, "byte \(place)")
        }
    }
}
