// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkBytes
import Testing

@testable import SPIFFE

struct WITVectorTests {
    static let bundles = try! TokenCase.bundles("SPIFFE/wit.json")

    /// The rule that each refused case breaks.
    static let faults: [String: TokenFault.Code] = [
        "bad-no-kid": .keyIDMissing, "bad-typ-jwt": .type, "bad-typ-absent": .type, "bad-has-aud": .audience,
        "bad-no-cnf": .confirmation, "bad-cnf-no-alg": .confirmation, "bad-cnf-alg-eddsa": .confirmation,
        "bad-cnf-private-key": .confirmation, "bad-no-exp": .time, "bad-expired": .expired,
        "bad-nbf-future": .notYetValid, "bad-no-sub": .subject, "bad-sub": .subject, "bad-alg-none": .malformed,
        "bad-tampered": .signature,
    ]

    static func outcome(_ token: String) -> WITSVIDOutcome {
        do throws(TokenFault) {
            let unverified = try UnverifiedWITSVID(parsing: token)
            guard let bundle = bundles[unverified.subject.trustDomain] else {
                return .refused([TokenFault(.unknownTrustDomain)])
            }
            return unverified.verified(against: bundle.witBundle, at: TokenCase.time)
        } catch {
            return .refused([error])
        }
    }

    @Test(arguments: TokenCase.wit)
    func witVector(_ vector: TokenCase) throws {
        let outcome = Self.outcome(vector.token)
        if vector.expect == "accept" {
            #expect(outcome.faults == [])
            #expect(outcome.svid?.id.description == vector.spiffeID)
            #expect(outcome.svid?.confirmation.algorithm != nil)
        } else {
            #expect(outcome.svid == nil)
            #expect(outcome.faults.first?.code == Self.faults[vector.name])
        }
    }

    @Test func everyVectorRuns() {
        #expect(TokenCase.wit.count == 19)
        #expect(TokenCase.wit.filter { $0.expect == "reject" }.count == Self.faults.count)
    }

    @Test func aTrustDomainHasNoWITSVID() throws {
        let key = try JWK(key: JWTSVIDTests.key.publicKey, algorithm: .es256).members.encoded(as: .json)
        func code(_ subject: String) throws -> TokenFault.Code? {
            let claims = #"{"sub":"\#(subject)","exp":4e9,"cnf":{"jwk":\#(String(decoding: key, as: UTF8.self))}}"#
            let token = try JWTSVIDTests.token(claims, header: #"{"alg":"ES256","kid":"k","typ":"wit+jwt"}"#)
            do {
                let bundle = try JWTSVIDTests.bundle(type: .wit)
                return try UnverifiedWITSVID(parsing: token).verified(against: bundle, at: TokenCase.time).faults.first?
                    .code
            } catch let error as TokenFault {
                return error.code
            }
        }
        #expect(try code("spiffe://example.org/web") == nil)
        #expect(try code("spiffe://example.org") == .subject)
    }

    @Test func keysOfOneKindCheckNoTokensOfAnother() throws {
        let token = try #require(TokenCase.wit.first { $0.expect == "accept" }).token
        let unverified = try UnverifiedWITSVID(parsing: token)
        let bundle = try #require(Self.bundles[unverified.subject.trustDomain])
        let asJWT = TokenBundle(
            trustDomain: bundle.trustDomain, type: .jwt, authorities: bundle.witAuthorities)
        #expect(unverified.verified(against: asJWT, at: TokenCase.time).faults.map(\.code) == [.foreignTrustDomain])
        let other = TokenBundle(
            trustDomain: try TrustDomain("partner.test"), type: .wit, authorities: bundle.witAuthorities)
        #expect(unverified.verified(against: other, at: TokenCase.time).faults.map(\.code) == [.foreignTrustDomain])
    }
}
