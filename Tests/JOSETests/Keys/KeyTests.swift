// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkBytes
import Testing

struct KeyTests {
    func code(_ body: () throws -> Void) -> KeyError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? KeyError)?.code
        }
    }

    func jwk(_ json: String) -> KeyError.Code? { code { _ = try JWK(parsing: Array(json.utf8)) } }

    @Test func theThumbprintIsThatOfTheRFC() throws {
        // The example of RFC 7638, 3.1.
        let key = try JWK(
            parsing: Array(
                #"""
                {"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}
                """#.utf8))
        #expect(key.key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        #expect(key.algorithm == .rs256 && key.keyID == "2011-04-29" && key.key.kind == .rsa(bits: 2048))
    }

    @Test func keysSurviveEachForm() throws {
        for key in TestKeys.all {
            let publicKey = key.publicKey
            #expect(try PublicKey(subjectPublicKeyInfo: publicKey.subjectPublicKeyInfo) == publicKey)
            #expect(try PrivateKey(pkcs8: key.pkcs8).publicKey == publicKey)
            let jwk = JWK(
                key: publicKey, keyID: "k", use: "sig", algorithm: .usual(for: publicKey.kind), certificates: [[1, 2]])
            #expect(try JWK(jwk.members) == jwk)
            #expect(publicKey.thumbprint.utf8.count == 43)
            #expect(Mirror(reflecting: key).children.isEmpty)
        }
        let edwards = try PublicKey(ed25519: [UInt8](repeating: 9, count: 32))
        #expect(try PublicKey(subjectPublicKeyInfo: edwards.subjectPublicKeyInfo) == edwards)
        #expect(try JWK(JWK(key: edwards).members).key == edwards)
        // RFC 8037, appendix A.3.
        let known = try JWK(
            parsing: Array(#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#.utf8))
        #expect(known.key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    }

    @Test func membersStandInSPIREsOrder() throws {
        let key = JWK(key: TestKeys.p256.publicKey, keyID: "k", use: "u", algorithm: .es256, certificates: [[0]])
        #expect(key.members.labels == ["use", "kty", "kid", "crv", "alg", "x", "y", "x5c"])
        #expect(JWK(key: TestKeys.rsa.publicKey, keyID: "k").members.labels == ["kty", "kid", "n", "e"])
    }

    @Test func pointsMustLieOnTheirCurve() throws {
        guard case .elliptic(let x, let y) = TestKeys.p256.publicKey.parameters else { return }
        #expect(code { _ = try PublicKey(curve: .p256, x: x, y: y) } == nil)
        #expect(code { _ = try PublicKey(curve: .p256, x: y, y: x) } == .pointNotOnCurve)
        #expect(code { _ = try PublicKey(curve: .p256, x: [0] + x, y: y) } == .coordinateWidth)
        #expect(code { _ = try PublicKey(curve: .p256, x: x, y: Array(y.dropLast())) } == .coordinateWidth)
        #expect(code { _ = try PublicKey(curve: .p384, x: x, y: y) } == .coordinateWidth)
        #expect(code { _ = try PublicKey(ed25519: x + [0]) } == .coordinateWidth)
    }

    @Test func rsaKeysAreBounded() throws {
        func modulus(_ bits: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0xff, count: (bits + 7) / 8)
            bytes[0] = 0xff >> UInt8((8 - bits % 8) % 8)
            return bytes
        }
        let e: [UInt8] = [1, 0, 1]
        #expect(code { _ = try PublicKey(modulus: modulus(2047), exponent: e) } == .modulusLength)
        #expect(code { _ = try PublicKey(modulus: modulus(2048), exponent: e) } == nil)
        #expect(code { _ = try PublicKey(modulus: modulus(8192), exponent: e) } == nil)
        #expect(code { _ = try PublicKey(modulus: modulus(8193), exponent: e) } == .modulusLength)
        #expect(code { _ = try PublicKey(modulus: [0] + modulus(2048), exponent: e) } == .leadingZero)
        #expect(code { _ = try PublicKey(modulus: modulus(2048), exponent: [0, 3]) } == .leadingZero)
        #expect(code { _ = try PublicKey(modulus: [], exponent: e) } == .leadingZero)
        #expect(code { _ = try PublicKey(modulus: modulus(2048), exponent: []) } == .leadingZero)
        #expect(code { _ = try PublicKey(modulus: modulus(2048), exponent: [1]) } == .exponent)
        #expect(code { _ = try PublicKey(modulus: modulus(2048), exponent: [4]) } == .exponent)
        #expect(code { _ = try PublicKey(modulus: modulus(2048), exponent: [1, 0, 0, 0, 1]) } == .exponent)
        var even = modulus(2048)
        even[255] = 0xfe
        #expect(code { _ = try PublicKey(modulus: even, exponent: e) } == .modulus)
    }

    @Test func brokenDERIsRefused() throws {
        let info = TestKeys.p256.publicKey.subjectPublicKeyInfo
        #expect(code { _ = try PublicKey(subjectPublicKeyInfo: []) } == .malformed)
        #expect(code { _ = try PublicKey(subjectPublicKeyInfo: info + [0]) } == .malformed)
        #expect(code { _ = try PublicKey(subjectPublicKeyInfo: Array(info.dropLast())) } == .malformed)
        // A compressed point; a curve (secp256k1) and an algorithm (X25519) that are not ours.
        let head: [UInt8] = [
            0x30, 0x39, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
            0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x22, 0x00, 0x02,
        ]
        #expect(
            code { _ = try PublicKey(subjectPublicKeyInfo: head + info[27..<59]) } == .coordinateWidth)
        let koblitz: [UInt8] = [
            0x30, 0x18, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
            0x00, 0x0a, 0x03, 0x04, 0x00, 0x01, 0x02, 0x03,
        ]
        #expect(code { _ = try PublicKey(subjectPublicKeyInfo: koblitz) } == .unknownCurve)
        let exchange: [UInt8] = [0x30, 0x0b, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x02, 0x00, 0x01]
        #expect(code { _ = try PublicKey(subjectPublicKeyInfo: exchange) } == .unknownAlgorithm)
        #expect(code { _ = try PrivateKey(pkcs8: []) } == .malformed)
        #expect(code { _ = try PrivateKey(pkcs8: TestKeys.p256.pkcs8 + [0]) } == .malformed)
        #expect(code { _ = try PrivateKey(pkcs8: info) } == .malformed)
        #expect(
            code {
                _ = try PrivateKey(pkcs8: [
                    0x30, 0x0c, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x00,
                ])
            } == .unknownAlgorithm)
    }

    @Test func oneFormOfDERIsRead() throws {
        // An Ed25519 key in its one form; with parameters; with an unused bit; in a list of another version.
        let key = [UInt8](repeating: 8, count: 32)
        let name: [UInt8] = [0x06, 0x03, 0x2b, 0x65, 0x70]
        func info(_ key: [UInt8]) throws { _ = try PublicKey(subjectPublicKeyInfo: key) }
        #expect(code { try info([0x30, 0x2a, 0x30, 0x05] + name + [0x03, 0x21, 0x00] + key) } == nil)
        #expect(
            code { try info([0x30, 0x2c, 0x30, 0x07] + name + [0x05, 0x00, 0x03, 0x21, 0x00] + key) } == .malformed)
        #expect(code { try info([0x30, 0x2a, 0x30, 0x05] + name + [0x03, 0x21, 0x01] + key) } == .malformed)
        func pkcs8(version: UInt8) throws {
            _ = try PrivateKey(
                pkcs8: [0x30, 0x2e, 0x02, 0x01, version, 0x30, 0x05] + name + [0x04, 0x22, 0x04, 0x20] + key)
        }
        #expect(code { try pkcs8(version: 0) } == nil)
        #expect(code { try pkcs8(version: 1) } == nil)
        #expect(code { try pkcs8(version: 2) } == .malformed)
        // The hybrid form of a point has all of the point, and another first byte.
        var point = TestKeys.p256.publicKey.subjectPublicKeyInfo
        #expect(point[26] == 0x04)
        point[26] = 0x06
        #expect(code { try info(point) } == .coordinateWidth)
    }

    @Test func webKeysAreStrict() throws {
        guard case .elliptic(let x, let y) = TestKeys.p256.publicKey.parameters else { return }
        let (one, two) = (Base64URL.encodedString(x.span), Base64URL.encodedString(y.span))
        let good = #""kty":"EC","crv":"P-256","x":"\#(one)","y":"\#(two)""#
        #expect(jwk("{\(good)}") == nil)
        #expect(jwk("{\(good),\"unknown\":[1]}") == nil)
        #expect(jwk("{\(good),\"kty\":\"EC\"}") == .malformed)
        #expect(jwk("[]") == .malformed)
        #expect(jwk("") == .malformed)
        #expect(jwk(#"{"crv":"P-256"}"#) == .member)
        #expect(jwk(#"{"kty":"EC"}"#) == .member)
        #expect(jwk(#"{"kty":"EC","crv":"P-256","x":"\#(one)"}"#) == .member)
        #expect(jwk(#"{"kty":"EC","crv":"P-256","x":"\#(one)=","y":"\#(two)"}"#) == .base64)
        #expect(jwk(#"{"kty":"EC","crv":"secp256k1","x":"","y":""}"#) == .unknownCurve)
        #expect(jwk(#"{"kty":"OKP","crv":"X25519","x":""}"#) == .unknownCurve)
        #expect(jwk(#"{"kty":"oct","k":"AAAA"}"#) == .unknownKeyType)
        #expect(jwk(#"{"kty":"ec"}"#) == .unknownKeyType)
        #expect(jwk("{\(good),\"d\":\"AAAA\"}") == .privateKey)
        #expect(jwk("{\(good),\"kid\":1}") == .member)
        #expect(jwk("{\(good),\"use\":null}") == .member)
        #expect(jwk("{\(good),\"alg\":\"ES256\"}") == nil)
        #expect(jwk("{\(good),\"alg\":\"ES384\"}") == .algorithmMismatch)
        #expect(jwk("{\(good),\"alg\":\"EdDSA\"}") == .algorithmMismatch)
        #expect(jwk("{\(good),\"x5c\":\"AAAA\"}") == .member)
        #expect(jwk("{\(good),\"x5c\":[1]}") == .member)
        #expect(jwk("{\(good),\"x5c\":[\"AA\"]}") == .base64)
        #expect(jwk("{\(good),\"x5c\":[\"AA==\"]}") == nil)
    }

    @Test func setsSkipWhatIsUnknownAndRefuseWhatIsBroken() throws {
        let key = JWK(key: TestKeys.p256.publicKey, keyID: "a")
        let other = JWK(key: TestKeys.rsa.publicKey, keyID: "b")
        let set = try JWKSet(keys: [key, other])
        #expect(try JWKSet(parsing: set.json) == set)
        #expect(set.key(id: "b") == other && set.key(id: "c") == nil)
        #expect(code { _ = try JWKSet(keys: [key, key]) } == .duplicateKeyID)
        func read(_ keys: String) throws -> JWKSet { try JWKSet(parsing: Array(#"{"keys":\#(keys)}"#.utf8)) }
        let mixed = try read(#"[{"kty":"oct"},{"kty":"AKP","alg":"ML-DSA-65"},{"kty":"EC","crv":"P-111"}]"#)
        #expect(mixed.keys.isEmpty && mixed.skipped == 3)
        #expect(code { _ = try read("[7]") } == .malformed)
        #expect(code { _ = try read(#"[{"kty":"EC"}]"#) } == .member)
        #expect(code { _ = try read("{}") } == .keysMissing)
        #expect(code { _ = try JWKSet(parsing: Array("{}".utf8)) } == .keysMissing)
        #expect(code { _ = try JWKSet(parsing: Array("[]".utf8)) } == .malformed)
        let many = Array(repeating: #"{"kty":"x"}"#, count: JWKSet.mostKeys + 1).joined(separator: ",")
        #expect(code { _ = try read("[\(many)]") } == .tooManyKeys)
    }

    @Test func errorsAreNamed() {
        #expect(KeyError.Code.allCases.count == Set(KeyError.Code.allCases.map(\.rawValue)).count)
        #expect(jwk("{") == .malformed)
        do {
            _ = try JWK(parsing: Array(#"{"kty":"EC"}"#.utf8))
        } catch {
            #expect(error.description == "key-member: crv" && !error.isUnsupported)
        }
        do {
            _ = try UnverifiedJWS(compact: "a.b")
        } catch {
            #expect(error.description == "jws-parts")
        }
    }
}
