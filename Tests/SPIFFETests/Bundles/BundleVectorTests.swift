// SPDX-License-Identifier: Apache-2.0

import KelmarkTestSupport
import Testing

@testable import SPIFFE

struct BundleCase: Decodable, Sendable, CustomTestStringConvertible {
    struct Expectation: Decodable, Sendable {
        let ok: Bool
        let x509: Int?
        let jwt: Int?
        let wit: Int?
        let sequence: UInt64?
        let refreshHint: Int64?

        enum CodingKeys: String, CodingKey {
            case ok, x509, jwt, wit, sequence
            case refreshHint = "refresh_hint"
        }
    }

    let name: String
    let trustDomain: String
    let document: String
    let expect: Expectation
    let tag: String

    enum CodingKeys: String, CodingKey {
        case name, document, expect, tag
        case trustDomain = "trust_domain"
    }

    var testDescription: String { name }
    static let all = try! Vectors.decode([BundleCase].self, from: "SPIFFE/bundles.json")

    func read() throws -> BundleDocument {
        try BundleDocument(parsing: Array(document.utf8), trustDomain: TrustDomain(trustDomain))
    }
}

struct BundleVectorTests {
    /// The rule that each refused case breaks.
    static let errors: [String: BundleError.Code] = [
        "bad-not-json": .malformed, "bad-empty": .malformed, "bad-no-keys": .keysMissing, "bad-keys-null": .keysMissing,
        "bad-keys-object": .keysMissing, "bad-array": .malformed, "bad-truncated": .malformed,
        "bad-sequence-string": .sequence, "bad-sequence-negative": .sequence, "bad-sequence-float": .sequence,
        "bad-hint-string": .refreshHint, "bad-x5c-not-base64": .key, "bad-x5c-not-der": .certificate,
        "bad-jwt-no-kid": .keyIDMissing, "bad-trailing-garbage": .malformed, "bad-duplicate-keys-member": .malformed,
        "bad-key-x5c-mismatch": .key,
    ]

    @Test(arguments: BundleCase.all)
    func bundleVector(_ vector: BundleCase) throws {
        guard vector.expect.ok else {
            let error = #expect(throws: BundleError.self) { try vector.read() }
            #expect(error?.code == Self.errors[vector.name])
            return
        }
        let document = try vector.read()
        let bundle = document.bundle
        #expect(bundle.x509Authorities.count == vector.expect.x509)
        #expect(bundle.jwtAuthorities.count == vector.expect.jwt)
        #expect(bundle.witAuthorities.count == vector.expect.wit)
        #expect(bundle.sequence == vector.expect.sequence)
        #expect(bundle.refreshHint == vector.expect.refreshHint)
        #expect(document.ignored.isEmpty == !vector.name.hasSuffix("-ignored"))
        // What we write says the same.
        let written = BundleDocument.encode(bundle, types: Set(SVIDType.allCases))
        #expect(try BundleDocument(parsing: written, trustDomain: bundle.trustDomain).bundle == bundle)
        let keySet = bundle.jwtBundle.keySet
        #expect(try TokenBundle(parsing: keySet, trustDomain: bundle.trustDomain) == bundle.jwtBundle)
    }

    @Test func everyVectorRuns() {
        #expect(BundleCase.all.count == 35)
        #expect(BundleCase.all.filter { !$0.expect.ok }.count == Self.errors.count)
    }
}
