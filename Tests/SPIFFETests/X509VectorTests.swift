// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkTestSupport
import Testing

@testable import SPIFFE

struct X509Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let chain: String
    let bundles: [String: String]
    let expect: String
    let tag: String
    let why: String
    let spiffeID: String?
    let key: String?

    enum CodingKeys: String, CodingKey {
        case name, chain, bundles, expect, tag, why, key
        case spiffeID = "spiffe_id"
    }

    var testDescription: String { name }
    static let all = try! Vectors.decode([X509Case].self, from: "SPIFFE/x509.json")

    /// The first rule that must be named; where several are broken, any of them would do.
    static let faults: [String: X509SVIDFault.Code] = [
        "bad-no-san": .uriCount, "bad-only-dns-san": .uriCount, "bad-two-spiffe-uris": .uriCount,
        "bad-spiffe-and-https-uri": .uriCount, "bad-same-uri-twice": .uriCount, "bad-leaf-is-ca": .leafIsAuthority,
        "bad-leaf-key-cert-sign": .leafMaySign, "bad-leaf-crl-sign": .leafMaySign, "bad-uri-scheme": .invalidID,
        "bad-root-path": .rootPath, "bad-id-trailing-slash": .invalidID, "bad-id-percent": .invalidID,
        "bad-id-query": .invalidID, "bad-id-fragment": .invalidID, "bad-id-port": .invalidID,
        "bad-id-userinfo": .invalidID, "bad-id-dotdot": .invalidID, "bad-id-double-slash": .invalidID,
        "bad-id-upper-case-td": .invalidID, "bad-expired-leaf": .expired, "bad-future-leaf": .notYetValid,
        "bad-expired-intermediate": .expired, "bad-expired-root": .expired, "bad-unknown-td": .noAuthorities,
        "bad-cross-td-forgery": .noPath, "bad-same-name-other-key": .signature, "bad-self-signed-leaf": .noPath,
        "bad-tampered-signature": .signature, "bad-missing-intermediate": .noPath,
        "bad-intermediate-not-ca": .issuerNotAuthority, "bad-intermediate-no-cert-sign": .issuerMayNotSign,
        "bad-pathlen-exceeded": .pathLength, "bad-uri-name-constraint-forbids": .nameConstraint,
        "bad-unknown-critical-extension": .unknownCriticalExtension,
        "bad-key-encipherment-only": .digitalSignatureMissing, "bad-no-key-usage": .keyUsageMissing,
        "bad-key-usage-not-critical": .keyUsageNotCritical, "bad-eku-code-signing-only": .extendedKeyUsage,
        "bad-eku-client-only": .extendedKeyUsage, "bad-leaf-signs-leaf": .issuerNotAuthority,
        "bad-empty-chain": .emptyChain, "bad-garbage": .malformed, "bad-empty-bundle": .noAuthorities,
    ]

    static func certificates(_ path: String) throws -> [[UInt8]] {
        let text = String(decoding: try Vectors.data("SPIFFE/" + path), as: UTF8.self)
        // Not a PEM reader: the garbage case is no certificate, some files wrap their lines oddly, one is empty.
        return try text.components(separatedBy: "-----BEGIN CERTIFICATE-----").dropFirst().map { part in
            let body = part.components(separatedBy: "-----END")[0]
            return [UInt8](try #require(Data(base64Encoded: body, options: .ignoreUnknownCharacters)))
        }
    }

    /// Judges the chain with the bundle of the leaf's own trust domain, or an empty one.
    func outcome(leafRules: LeafRules = .strict) throws -> X509SVIDOutcome {
        let chain = try Self.certificates(chain)
        let leaf = try? chain.first.map { try X509Certificate(der: $0) }
        let id = try? leaf?.uris.first.map { try SPIFFEID($0) }
        let domain = try id?.trustDomain ?? TrustDomain("example.org")
        let authorities = try bundles[domain.name].map(Self.certificates) ?? []
        let bundle = try X509Bundle(trustDomain: domain, der: authorities)
        let time = try #require(CertificateTime("2026-08-01T00:00:00Z"))
        return X509SVIDOutcome.verifying(chain: chain, against: bundle, at: time, leafRules: leafRules)
    }
}

struct X509VectorTests {
    @Test(arguments: X509Case.all)
    func x509Vector(_ vector: X509Case) throws {
        let outcome = try vector.outcome()
        if vector.expect == "accept" {
            #expect(outcome.faults == [])
            #expect(outcome.svid?.id.description == vector.spiffeID)
        } else {
            #expect(outcome.svid == nil)
            let code = try #require(X509Case.faults[vector.name])
            #expect(outcome.faults.contains { $0.code == code }, "\(outcome.faults)")
        }
    }

    @Test func everyVectorRuns() {
        #expect(X509Case.all.count == 66)
        #expect(X509Case.all.filter { $0.expect == "reject" }.count == X509Case.faults.count)
    }
}
