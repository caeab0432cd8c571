// SPDX-License-Identifier: Apache-2.0

import Foundation
import JOSE
import KelmarkTestSupport
import Testing

@testable import SPIFFE

struct TokenCase: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let token: String
    let audience: String?
    let bundles: String?
    let expect: String
    let tag: String
    let spiffeID: String?

    enum CodingKeys: String, CodingKey {
        case name, token, audience, bundles, expect, tag
        case spiffeID = "spiffe_id"
    }

    var testDescription: String { name }

    static let time = CertificateTime("2026-08-01T00:00:00Z")!
    static let jwt = try! Vectors.decode(File.self, from: "SPIFFE/jwt.json").cases
    static let wit = try! Vectors.decode(File.self, from: "SPIFFE/wit.json").cases

    struct File: Decodable {
        let cases: [TokenCase]
    }

    /// The key sets of a vector file, read as bundle documents.
    static func bundles(_ path: String) throws -> [TrustDomain: TrustBundle] {
        let file = try JSONSerialization.jsonObject(with: Data(Vectors.data(path)))
        let sets = try #require((file as? [String: Any])?["jwks"] as? [String: Any])
        var bundles: [TrustDomain: TrustBundle] = [:]
        for (name, set) in sets {
            let domain = try TrustDomain(name)
            let document = [UInt8](try JSONSerialization.data(withJSONObject: set))
            bundles[domain] = try BundleDocument(parsing: document, trustDomain: domain).bundle
        }
        return bundles
    }
}

struct JWTVectorTests {
    static let bundles = try! TokenCase.bundles("SPIFFE/jwt.json")

    /// The rule that each refused case breaks.
    static let faults: [String: TokenFault.Code] = [
        "bad-alg-none": .malformed, "bad-hs256-key-confusion": .malformed, "bad-eddsa": .malformed,
        "bad-es256k-name": .malformed, "bad-missing-exp": .time, "bad-expired": .expired, "bad-missing-aud": .audience,
        "bad-empty-aud-list": .audience, "bad-wrong-aud": .wrongAudience, "bad-aud-prefix": .wrongAudience,
        "bad-missing-sub": .subject, "bad-empty-sub": .subject, "bad-sub-not-spiffe": .subject,
        "bad-sub-https": .subject, "bad-sub-trailing-slash": .subject, "bad-sub-number": .subject,
        "bad-exp-string": .time, "bad-nbf-future": .notYetValid, "bad-unknown-kid": .unknownKey,
        "bad-no-kid": .keyIDMissing, "bad-typ-at-jwt": .type, "bad-typ-wit": .type,
        "bad-cross-td-forgery": .unknownKey, "bad-no-bundle-for-td": .unknownTrustDomain,
        "bad-x509-key-used": .unknownKey, "bad-alg-key-mismatch": .signature, "bad-wrong-key-right-kid": .signature,
        "bad-tampered-signature": .signature, "bad-tampered-payload": .signature, "bad-empty-signature": .signature,
        "bad-two-parts": .malformed, "bad-four-parts": .malformed, "bad-der-signature": .signature,
        "bad-json-serialization": .malformed, "bad-padded-base64": .malformed, "bad-crit-header": .malformed,
        "bad-jku-header": .malformed, "bad-jwk-header": .malformed, "bad-payload-not-json": .claims,
        "bad-payload-array": .claims, "bad-empty": .malformed, "bad-leading-space": .malformed,
        "bad-duplicate-sub": .claims, "bad-empty-bundle": .unknownKey,
    ]

    @Test(arguments: TokenCase.jwt)
    func jwtVector(_ vector: TokenCase) throws {
        let outcome = JWTSVIDOutcome.verifying(
            vector.token, audience: try #require(vector.audience), at: TokenCase.time
        ) { domain in
            guard let bundle = Self.bundles[domain] else { return nil }
            guard vector.bundles == "empty" else { return bundle.jwtBundle }
            return TokenBundle(trustDomain: domain, type: .jwt, authorities: [])
        }
        if vector.expect == "accept" {
            #expect(outcome.faults == [])
            #expect(outcome.svid?.id.description == vector.spiffeID)
        } else {
            #expect(outcome.svid == nil)
            #expect(outcome.faults.first?.code == Self.faults[vector.name])
        }
    }

    @Test func everyVectorRuns() {
        #expect(TokenCase.jwt.count == 63)
        #expect(TokenCase.jwt.filter { $0.expect == "reject" }.count == Self.faults.count)
    }
}
