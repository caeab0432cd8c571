// SPDX-License-Identifier: Apache-2.0

import KelmarkBytes
import KelmarkCrypto
import Testing

/// Points as JSON Web Keys write them; the secp256k1 one is the generator of its group (SEC 2, 2.4.1).
struct CoordinateTests {
    @Test(.enabled(if: SignatureAlgorithm.secp256k1.isAvailable)) func secp256k1PointsAreTakenApart() throws {
        let text = "Anm-Zn753LusVaBilc6HCwcCm_zbLc4o2VnygVsW-BeY"
        let key = try Base64URL.decode(text.utf8.span)
        let found = SignatureAlgorithm.secp256k1.coordinates(ofPublicKey: key.span)
        let point = try #require(found)
        #expect(Base64URL.encodedString(point.x.span) == "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g")
        #expect(Base64URL.encodedString(point.y.span) == "SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg")
    }

    @Test func p256PointsAreTakenApart() throws {
        let key = try SigningKey.random(.secp256r1).publicKey
        let found = SignatureAlgorithm.secp256r1.coordinates(ofPublicKey: key.span)
        let point = try #require(found)
        #expect(point.x == Array(key.dropFirst()))
        #expect(point.y.count == 32)
        // The first byte of a compressed point says whether y is odd.
        #expect((point.y.last ?? 0) & 1 == key[0] & 1)
    }

    @Test func whatIsNoPointHasNone() throws {
        let bad = [UInt8](repeating: 0xFF, count: 33)
        let key = try SigningKey.random(.ed25519).publicKey
        let found = [
            SignatureAlgorithm.ed25519.coordinates(ofPublicKey: key.span)?.x,
            SignatureAlgorithm.secp256r1.coordinates(ofPublicKey: bad.span)?.x,
            SignatureAlgorithm.secp256k1.coordinates(ofPublicKey: bad.span)?.x,
            SignatureAlgorithm.secp256r1.coordinates(ofPublicKey: bad.span.extracting(first: 32))?.x,
        ]
        #expect(found.allSatisfy { $0 == nil })
    }
}
