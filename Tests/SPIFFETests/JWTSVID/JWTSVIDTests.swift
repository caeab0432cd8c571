// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkBytes
import Testing

@testable import SPIFFE

struct JWTSVIDTests {
    static let key = try! PrivateKey(generating: .p256)
    static let domain = try! TrustDomain("example.org")
    static let now = CertificateTime("2026-11-21T12:00:00Z")!

    static func bundle(_ name: String = "example.org", type: SVIDType = .jwt) throws -> TokenBundle {
        TokenBundle(
            trustDomain: try TrustDomain(name), type: type,
            authorities: [try TokenAuthority(keyID: "k", key: key.publicKey)])
    }

    /// A token with the given claims, signed as it should be.
    static func token(
        _ claims: String, header: String = #"{"alg":"ES256","kid":"k","typ":"JWT"}"#
    ) throws -> String {
        let parts = [header, claims].map { Base64URL.encodedString(Array($0.utf8).span) }
        let input = parts.joined(separator: ".")
        let signature = try key.signature(over: Array(input.utf8), algorithm: .es256)
        return input + "." + Base64URL.encodedString(signature.span)
    }

    static func claims(exp: String = "\(now.seconds + 300)", aud: String = #"["a"]"#, more: String = "") -> String {
        #"{"sub":"spiffe://example.org/web","aud":\#(aud),"exp":\#(exp)\#(more)}"#
    }

    func codes(
        _ token: String, audience: String = "a", at time: CertificateTime = now, leeway: TokenLeeway = .standard
    ) throws -> [TokenFault.Code] {
        let bundle = try Self.bundle()
        return JWTSVIDOutcome.verifying(token, audience: audience, at: time, leeway: leeway) {
            $0 == bundle.trustDomain ? bundle : nil
        }.faults.map(\.code)
    }

    @Test func whatTheProfileWritesIsVerified() async throws {
        let profile = try JWTSVIDProfile(
            subject: SPIFFEID("spiffe://example.org/web"), audiences: ["a", "b"], issuedAt: Self.now,
            expiresAt: Self.now.advanced(by: 300), issuer: "https://issuer", tokenID: "t")
        let signer = try LocalJWSSigner(Self.key)
        let draft = profile.draft(algorithm: .es256, keyID: "k")
        #expect(
            String(decoding: draft.payload, as: UTF8.self)
                == #"{"aud":["a","b"],"exp":1795262700,"iat":1795262400,"iss":"https://issuer","jti":"t","sub":"spiffe://example.org/web"}"#
        )
        #expect(draft.header.members == ["alg": "ES256", "kid": "k", "typ": "JWT"])
        let token = try await profile.signed(by: signer, keyID: "k")
        let unverified = try UnverifiedJWTSVID(parsing: token)
        #expect(unverified.subject == profile.subject)
        let outcome = unverified.verified(audience: "b", against: try Self.bundle(), at: Self.now)
        let svid = try #require(outcome.svid)
        #expect(svid.id == profile.subject && svid.audiences == ["a", "b"] && svid.verifiedAt == Self.now)
        #expect(svid.expiresAt.time == profile.expiresAt && svid.issuedAt?.time == profile.issuedAt)
        #expect(svid.authority.keyID == "k" && svid.claims["jti"]?.textValue == "t" && outcome.faults.isEmpty)
        let short = try JWTSVIDProfile(
            subject: profile.subject, audiences: ["a"], issuedAt: Self.now, expiresAt: Self.now.advanced(by: 1))
        #expect(
            String(decoding: short.draft(algorithm: .es256, keyID: "k").payload, as: UTF8.self)
                == #"{"aud":["a"],"exp":1795262401,"iat":1795262400,"sub":"spiffe://example.org/web"}"#)
    }

    @Test func profilesAreStrict() throws {
        let web = try SPIFFEID("spiffe://example.org/web")
        func code(
            _ id: SPIFFEID = web, _ audiences: [String] = ["a"], lasts seconds: Int64 = 1
        ) -> TokenFault.Code? {
            do {
                _ = try JWTSVIDProfile(
                    subject: id, audiences: audiences, issuedAt: Self.now, expiresAt: Self.now.advanced(by: seconds))
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code() == nil)
        #expect(code(Self.domain.id) == .subject)
        #expect(code(web, []) == .audience)
        #expect(code(web, ["a", ""]) == .audience)
        #expect(code(web, ["a", "a"]) == .audience)
        #expect(code(web, (0..<64).map(String.init)) == nil)
        #expect(code(web, (0..<65).map(String.init)) == .audience)
        #expect(code(web, lasts: 0) == .time)
        #expect(code(web, lasts: -1) == .time)
    }

    @Test func aTokenEndsAtItsExpiry() throws {
        let token = try Self.token(Self.claims(exp: "\(Self.now.seconds)"))
        #expect(try codes(token, at: Self.now.advanced(by: -1), leeway: .none) == [])
        #expect(try codes(token, leeway: .none) == [.expired])
        #expect(try codes(token, at: Self.now.advanced(by: 59)) == [])
        #expect(try codes(token, at: Self.now.advanced(by: 60)) == [.expired])
        let ten = try #require(TokenLeeway(seconds: 10))
        #expect(try codes(token, at: Self.now.advanced(by: 9), leeway: ten) == [])
        #expect(try codes(token, at: Self.now.advanced(by: 10), leeway: ten) == [.expired])
        #expect(TokenLeeway(seconds: 61) == nil && TokenLeeway(seconds: -1) == nil)
        #expect(TokenLeeway(seconds: 60) == .standard && TokenLeeway(seconds: 0) == TokenLeeway.none)
    }

    @Test func aTokenDoesNotBeginBeforeItsTime() throws {
        let begins = try Self.token(Self.claims(more: ",\"nbf\":\(Self.now.seconds + 60)"))
        #expect(try codes(begins) == [])
        #expect(try codes(begins, leeway: .none) == [.notYetValid])
        #expect(try codes(begins, at: Self.now.advanced(by: -1)) == [.notYetValid])
        let made = try Self.token(Self.claims(more: ",\"iat\":\(Self.now.seconds + 60)"))
        #expect(try codes(made) == [])
        #expect(try codes(made, at: Self.now.advanced(by: -1)) == [.issuedInFuture])
    }

    @Test(
        arguments: [
            ("1e300", []), ("4000000000.5", []), ("4e9", []), ("99999999999999999999999999", []), ("0", [.expired]),
            ("-1", [.expired]), ("-1e300", [.expired]), ("1e999", [.claims]), ("NaN", [.claims]), ("null", [.time]),
            ("true", [.time]), ("\"4000000000\"", [.time]), ("[4000000000]", [.time]),
        ] as [(String, [TokenFault.Code])])
    func datesAreAnyNumber(_ text: String, _ expected: [TokenFault.Code]) throws {
        #expect(try codes(Self.token(Self.claims(exp: text))) == expected)
        if expected == [.time] {
            #expect(try codes(Self.token(Self.claims(more: ",\"nbf\":\(text)"))) == [.time])
            #expect(try codes(Self.token(Self.claims(more: ",\"iat\":\(text)"))) == [.time])
        }
    }

    @Test func datesBecomeMoments() throws {
        let huge = try #require(NumericDate(.integer(String(repeating: "9", count: 300))))
        #expect(huge.time == .latest)
        #expect(NumericDate(.integer(String(repeating: "9", count: 400))) == nil)
        #expect(NumericDate(.float("-1e+300"))?.time == .earliest)
        #expect(NumericDate(.float("-0.5"))?.time == CertificateTime(seconds: -1))
        #expect(NumericDate(.integer("7"))! < huge)
    }

    @Test func audiencesAreComparedByteByByte() throws {
        #expect(try codes(Self.token(Self.claims(aud: #""a""#))) == [])
        #expect(try codes(Self.token(Self.claims(aud: #"["b","a"]"#))) == [])
        #expect(try codes(Self.token(Self.claims(aud: #"["A"]"#))) == [.wrongAudience])
        #expect(try codes(Self.token(Self.claims(aud: #"[""]"#)), audience: "") == [.wrongAudience])
        #expect(try codes(Self.token(Self.claims(aud: #"["\u00e9"]"#)), audience: "\u{e9}") == [])
        #expect(try codes(Self.token(Self.claims(aud: #"["\u00e9"]"#)), audience: "e\u{301}") == [.wrongAudience])
        for other in ["[]", "7", "{}", "null", #"["a",7]"#] {
            #expect(try codes(Self.token(Self.claims(aud: other))) == [.audience])
        }
        // Both are told when both are broken.
        #expect(
            try codes(Self.token(Self.claims(exp: "1")), audience: "b") == [.wrongAudience, .expired])
    }

    @Test func headersSayNothingElse() throws {
        let claims = Self.claims()
        func code(_ header: String) throws -> TokenFault.Code? {
            try codes(Self.token(claims, header: header)).first
        }
        #expect(try code(#"{"alg":"ES256","kid":"k"}"#) == nil)
        #expect(try code(#"{"alg":"ES256","kid":"k","typ":"JOSE"}"#) == nil)
        #expect(try code(#"{"alg":"ES256","kid":"k","typ":"jwt"}"#) == .type)
        #expect(try code(#"{"alg":"ES256","kid":"k","typ":""}"#) == .type)
        #expect(try code(#"{"alg":"ES256","kid":"k","cty":"JWT"}"#) == .headerMember)
        #expect(try code(#"{"alg":"ES256","kid":"k","x5t":"a"}"#) == .headerMember)
        #expect(try code(#"{"alg":"ES256","kid":""}"#) == .keyIDMissing)
        #expect(try code(#"{"alg":"ES256"}"#) == .keyIDMissing)
        #expect(try code(#"{"alg":"ES256","kid":"K"}"#) == .unknownKey)
    }

    @Test func onlyTheSubjectsOwnKeysCount() throws {
        let unverified = try UnverifiedJWTSVID(parsing: Self.token(Self.claims()))
        func codes(_ bundle: TokenBundle) -> [TokenFault.Code] {
            unverified.verified(audience: "a", against: bundle, at: Self.now).faults.map(\.code)
        }
        #expect(codes(try Self.bundle()) == [])
        #expect(codes(try Self.bundle("partner.test")) == [.foreignTrustDomain])
        #expect(codes(try Self.bundle(type: .wit)) == [.foreignTrustDomain])
        let foreign = try Self.token(Self.claims().replacing("example.org", with: "partner.test"))
        #expect(try self.codes(foreign) == [.unknownTrustDomain])
        #expect(
            TokenFault(.type).description == "token-type" && TokenFault(.time, "exp").description == "token-time: exp")
    }

    @Test func tokensAreBounded() throws {
        let long = try Self.token(Self.claims(more: #","x":"\#(String(repeating: "x", count: 13000))""#))
        #expect(try codes(long) == [.malformed])
        let deep = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
        #expect(try codes(Self.token(Self.claims(more: ",\"x\":\(deep)"))) == [.claims])
    }
}
