// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import SPIFFE

/// Certificates made to break one rule each.
struct ProfileTests {
    static let time = CertificateTime("2026-08-01T00:00:00Z")!
    static let rootKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
    static let leafKey = Certificate.PrivateKey(P256.Signing.PrivateKey())

    static func name(_ text: String) throws -> DistinguishedName {
        text.isEmpty ? DistinguishedName() : try DistinguishedName { CommonName(text) }
    }

    static func certificate(
        subject: String, issuer: String = "root", key: Certificate.PrivateKey, signer: Certificate.PrivateKey = rootKey,
        from: CertificateTime = time.advanced(by: -100), until: CertificateTime = time.advanced(by: 100),
        _ extensions: [Certificate.Extension]
    ) throws -> X509Certificate {
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(5), publicKey: key.publicKey,
            notValidBefore: Date(timeIntervalSince1970: Double(from.seconds)),
            notValidAfter: Date(timeIntervalSince1970: Double(until.seconds)), issuer: name(issuer),
            subject: name(subject), extensions: try .init(extensions), issuerPrivateKey: signer)
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try X509Certificate(der: serializer.serializedBytes)
    }

    static func root(
        basicCritical: Bool = true, usage: KeyUsage? = KeyUsage(keyCertSign: true),
        uris: [String] = ["spiffe://example.org"], constraints: NameConstraints? = nil, unknown: Bool = false
    ) throws -> X509Certificate {
        var extensions = [
            try Certificate.Extension(
                BasicConstraints.isCertificateAuthority(maxPathLength: nil), critical: basicCritical)
        ]
        if let usage { extensions.append(try .init(usage, critical: true)) }
        if !uris.isEmpty {
            extensions.append(
                try .init(
                    SubjectAlternativeNames(uris.map { .uniformResourceIdentifier($0) }), critical: false))
        }
        if let constraints { extensions.append(try .init(constraints, critical: true)) }
        if unknown { extensions.append(.init(oid: [1, 2, 3, 4], critical: true, value: [5, 0])) }
        return try certificate(subject: "root", key: rootKey, extensions)
    }

    static func leaf(
        subject: String = "", names: [GeneralName] = [], critical: Bool = true
    ) throws -> X509Certificate {
        try certificate(
            subject: subject, key: leafKey,
            [
                .init(KeyUsage(digitalSignature: true), critical: true),
                .init(
                    SubjectAlternativeNames([.uniformResourceIdentifier("spiffe://example.org/web")] + names),
                    critical: critical),
            ])
    }

    func codes(_ leaf: X509Certificate, _ root: X509Certificate) throws -> [X509SVIDFault.Code] {
        let bundle = X509Bundle(trustDomain: try TrustDomain("example.org"), authorities: [root])
        return X509SVIDOutcome.verifying(chain: [leaf], against: bundle, at: Self.time).faults.map(\.code)
    }

    @Test func authoritiesAreJudged() throws {
        let leaf = try Self.leaf()
        #expect(try codes(leaf, Self.root()) == [])
        #expect(try codes(leaf, Self.root(uris: [])) == [])
        #expect(try codes(leaf, Self.root(uris: ["spiffe://partner.test"])) == [])
        #expect(try codes(leaf, Self.root(basicCritical: false)) == [.issuerNotAuthority])
        #expect(try codes(leaf, Self.root(usage: nil)) == [.issuerMayNotSign])
        #expect(try codes(leaf, Self.root(usage: KeyUsage(cRLSign: true))) == [.issuerMayNotSign])
        #expect(try codes(leaf, Self.root(uris: ["spiffe://example.org/a"])) == [.issuerID])
        #expect(try codes(leaf, Self.root(uris: ["https://example.org"])) == [.issuerID])
        #expect(try codes(leaf, Self.root(uris: ["spiffe://example.org", "spiffe://b"])) == [.issuerID])
        #expect(try codes(leaf, Self.root(unknown: true)) == [.unknownCriticalExtension])
    }

    @Test func anEmptySubjectNeedsCriticalNames() throws {
        #expect(try codes(Self.leaf(critical: false), Self.root()) == [.subjectAndNames])
        #expect(try codes(Self.leaf(subject: "web", critical: false), Self.root()) == [])
    }

    @Test(arguments: [
        (NameConstraints(permittedURIDomains: ["example.org"]), true),
        (NameConstraints(permittedURIDomains: ["EXAMPLE.org"]), true),
        (NameConstraints(permittedURIDomains: [".example.org"]), false),
        (NameConstraints(permittedURIDomains: [".org"]), true),
        (NameConstraints(permittedURIDomains: ["other.org", "example.org"]), true),
        (NameConstraints(forbiddenURIDomains: ["example.org"]), false),
        (NameConstraints(forbiddenURIDomains: [".org"]), false),
        (NameConstraints(forbiddenURIDomains: ["le.org"]), true),
        (NameConstraints(permittedURIDomains: ["example.org"], forbiddenURIDomains: ["example.org"]), false),
    ])
    func uriConstraintsHold(_ constraints: NameConstraints, _ isPermitted: Bool) throws {
        let faults = try codes(Self.leaf(), Self.root(constraints: constraints))
        #expect(faults == (isPermitted ? [] : [.nameConstraint]))
    }

    @Test(arguments: [
        (NameConstraints(permittedDNSDomains: ["example.org"]), true),
        (NameConstraints(permittedDNSDomains: [".example.org"]), true),
        (NameConstraints(permittedDNSDomains: ["WEB.example.org"]), true),
        (NameConstraints(permittedDNSDomains: [""]), true),
        (NameConstraints(permittedDNSDomains: ["ample.org"]), false),
        (NameConstraints(excludedDNSDomains: ["org"]), false),
        (NameConstraints(excludedDNSDomains: ["eb.example.org"]), true),
    ])
    func dnsConstraintsHold(_ constraints: NameConstraints, _ isPermitted: Bool) throws {
        let leaf = try Self.leaf(names: [.dnsName("web.Example.org")])
        let faults = try codes(leaf, Self.root(constraints: constraints))
        #expect(faults == (isPermitted ? [] : [.nameConstraint]))
        #expect(try codes(Self.leaf(), Self.root(constraints: constraints)) == [])
    }

    @Test func constraintsThatAreNotJudgedRefuse() throws {
        let ip = GeneralName.ipAddress(ASN1OctetString(contentBytes: [10, 0, 0, 1]))
        let range = ASN1OctetString(contentBytes: [10, 0, 0, 0, 255, 0, 0, 0])
        let constraints = NameConstraints(permittedIPRanges: [range])
        #expect(try codes(Self.leaf(names: [ip]), Self.root(constraints: constraints)) == [.nameConstraint])
        #expect(try codes(Self.leaf(), Self.root(constraints: constraints)) == [])
        let mail = NameConstraints(excludedEmailAddresses: ["example.org"])
        #expect(
            try codes(Self.leaf(names: [.rfc822Name("a@b")]), Self.root(constraints: mail)) == [.nameConstraint])
        let directory = NameConstraints(permittedSubtrees: [.directoryName(try Self.name("web"))])
        #expect(try codes(Self.leaf(subject: "web"), Self.root(constraints: directory)) == [.nameConstraint])
        #expect(try codes(Self.leaf(), Self.root(constraints: directory)) == [])
    }

    @Test func aLeafOfAnotherTrustDomainIsRefusedWhoeverSignedIt() throws {
        let bundle = X509Bundle(trustDomain: try TrustDomain("partner.test"), authorities: [try Self.root()])
        let faults = X509SVIDOutcome.verifying(chain: [try Self.leaf()], against: bundle, at: Self.time).faults
        #expect(faults.map(\.code) == [.foreignTrustDomain])
    }

    @Test func chainsAreBounded() throws {
        let leaf = try Self.leaf()
        let bundle = X509Bundle(trustDomain: try TrustDomain("example.org"), authorities: [try Self.root()])
        let long = [X509Certificate](repeating: leaf, count: X509SVIDOutcome.longestChain + 1)
        #expect(
            X509SVIDOutcome.verifying(chain: long, against: bundle, at: Self.time).faults.map(\.code)
                == [.chainTooLong])
        #expect(
            X509SVIDOutcome.verifying(chain: long.map(\.der), against: bundle, at: Self.time).faults.map(\.code)
                == [.chainTooLong])
        #expect(
            X509SVIDOutcome.verifying(chain: [X509Certificate](), against: bundle, at: Self.time).faults.map(\.code)
                == [.emptyChain])
        // Many roots of one name and other keys: the search ends.
        let roots = try (0..<(CertificatePath.mostSignatures + 1)).map { _ in
            let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            return try Self.certificate(
                subject: "root", key: key, signer: key,
                [.init(BasicConstraints.isCertificateAuthority(maxPathLength: nil), critical: true)])
        }
        let crowd = X509Bundle(trustDomain: try TrustDomain("example.org"), authorities: roots)
        let faults = X509SVIDOutcome.verifying(chain: [leaf], against: crowd, at: Self.time).faults
        #expect(faults.contains { $0.code == .searchBound })
        #expect(faults.first?.description.hasPrefix("chain-signature") == true)
    }

    @Test func whatIsVerifiedTellsItsWindow() throws {
        let leaf = try Self.leaf()
        let root = try Self.root()
        let bundle = X509Bundle(trustDomain: try TrustDomain("example.org"), authorities: [root])
        let svid = try #require(X509SVIDOutcome.verifying(chain: [leaf], against: bundle, at: Self.time).svid)
        #expect(svid.leaf == leaf && svid.authority == root && svid.verifiedAt == Self.time)
        #expect(svid.notBefore == Self.time.advanced(by: -100))
        #expect(svid.notAfter == Self.time.advanced(by: 100))
        #expect(Set([leaf, leaf, root]).count == 2)
        #expect(leaf.isValid(at: svid.notAfter) && !leaf.isValid(at: svid.notAfter.advanced(by: 1)))
    }

    @Test func malformedCertificatesAreNamed() throws {
        let leaf = try Self.leaf().der
        func code(_ der: [UInt8]) -> X509CertificateError.Code? {
            do {
                _ = try X509Certificate(der: der)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(leaf) == nil)
        #expect(code([]) == .malformed)
        #expect(code(leaf + [0]) == .malformed)
        #expect(code([UInt8](repeating: 0x30, count: X509Certificate.largestCertificate + 1)) == .tooLarge)
        // The algorithm beside the signature is another than the signed one.
        let algorithm: [UInt8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
        let ranges = leaf.ranges(of: algorithm)
        #expect(ranges.count == 2)
        var mixed = leaf
        mixed[ranges[1].upperBound - 1] = 0x03
        #expect(code(mixed) == .signatureAlgorithmMismatch)
        // An end before the beginning.
        #expect(throws: X509CertificateError.self) {
            try Self.certificate(
                subject: "a", key: Self.leafKey, from: Self.time, until: Self.time.advanced(by: -1), [])
        }
        // Extensions whose content is wrong.
        for oid: ASN1ObjectIdentifier in [
            .X509ExtensionID.keyUsage, .X509ExtensionID.basicConstraints, .X509ExtensionID.subjectAlternativeName,
            .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.nameConstraints,
            .X509ExtensionID.subjectKeyIdentifier,
        ] {
            #expect(throws: X509CertificateError.self) {
                try Self.certificate(
                    subject: "a", key: Self.leafKey, [.init(oid: oid, critical: false, value: [0x02, 0x01, 0x01])])
            }
        }
        #expect(throws: X509CertificateError.self) {
            try X509Bundle(trustDomain: TrustDomain("a"), der: [leaf, []])
        }
    }

    @Test func trustDomainsAreOrderedAndPrinted() throws {
        let names = try ["b", "a", "a-"].map { try TrustDomain($0) }
        #expect(names.sorted().map(\.description) == ["a", "a-", "b"])
        let fault = X509SVIDFault(.expired, "a", detail: "b")
        #expect(fault.description == "expired: a: b")
        #expect(X509CertificateError(.malformed).description == "certificate-malformed")
        #expect(SPIFFEIDError(.scheme, at: 3).description == "id-scheme at byte 3")
        #expect(PublicKeyKind.rsa(bits: 3072).description == "RSA-3072" && PublicKeyKind.p384.description == "P-384")
        #expect(PublicKeyKind.p521.description == "P-521" && PublicKeyKind.ed25519.description == "Ed25519")
        #expect(PublicKeyKind(subjectPublicKeyInfo: []) == nil)
    }
}
