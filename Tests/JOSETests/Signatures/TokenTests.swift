// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkBytes
import Testing

/// Signs as it is told, perhaps wrongly.
struct FakeSigner: JWSSigner {
    var algorithm: JWSAlgorithm
    var publicKey: PublicKey
    var answer: @Sendable ([UInt8]) throws -> [UInt8]

    func signature(over signingInput: [UInt8]) async throws -> [UInt8] { try answer(signingInput) }
}

struct TokenTests {
    static func base64(_ text: String) -> String { Base64URL.encodedString(Array(text.utf8).span) }

    /// A token with a given header, signed by the P-256 key.
    static func token(header: String, payload: String = "{}") throws -> String {
        let input = "\(base64(header)).\(base64(payload))"
        let signature = try TestKeys.p256.signature(over: Array(input.utf8), algorithm: .es256)
        return "\(input).\(Base64URL.encodedString(signature.span))"
    }

    func code(_ token: String, largest: Int = UnverifiedJWS.largestToken) -> JWSError.Code? {
        do {
            _ = try UnverifiedJWS(compact: token, largest: largest).verified(by: TestKeys.p256.publicKey)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: JWSAlgorithm.allCases)
    func whatIsSignedIsRead(_ algorithm: JWSAlgorithm) async throws {
        let key = TestKeys.key(for: algorithm)
        let header = JWSHeader(algorithm: algorithm, keyID: "k", type: "JWT")
        let draft = JWSDraft(header: header, payload: Array("{\"a\":1}".utf8))
        let token = try await draft.signed(by: LocalJWSSigner(key, algorithm: algorithm))
        let unverified = try UnverifiedJWS(compact: token)
        #expect(unverified.signingInput == draft.signingInput)
        #expect(unverified.header == header)
        let verified = try unverified.verified(by: key.publicKey)
        #expect(verified.payload == draft.payload && verified.header == header && verified.key == key.publicKey)
    }

    @Test func headersAreStrict() throws {
        #expect(try code(Self.token(header: #"{"alg":"ES256"}"#)) == nil)
        #expect(try code(Self.token(header: #"{ "typ": "x", "alg": "ES256", "cty": "y" }"#)) == nil)
        #expect(try code(Self.token(header: #"{"alg":"none"}"#)) == .algorithm)
        #expect(try code(Self.token(header: #"{"alg":"HS256"}"#)) == .algorithm)
        #expect(try code(Self.token(header: #"{"alg":"EdDSA"}"#)) == .algorithm)
        #expect(try code(Self.token(header: #"{"alg":"ES384"}"#)) == .keyMismatch)
        #expect(try code(Self.token(header: #"{"alg":"RS256"}"#)) == .keyMismatch)
        #expect(try code(Self.token(header: #"{}"#)) == .headerMember)
        #expect(try code(Self.token(header: #"{"alg":7}"#)) == .headerMember)
        #expect(try code(Self.token(header: #"{"alg":"ES256","kid":7}"#)) == .headerMember)
        #expect(try code(Self.token(header: #"{"alg":"ES256","typ":null}"#)) == .headerMember)
        #expect(try code(Self.token(header: #"{"alg":"ES256","crit":["b64"],"b64":false}"#)) == .critical)
        #expect(try code(Self.token(header: #"{"alg":"ES256","crit":[]}"#)) == .critical)
        for member in ["jku", "jwk", "x5u", "x5c"] {
            #expect(try code(Self.token(header: #"{"alg":"ES256","\#(member)":""}"#)) == .embeddedKey)
        }
        #expect(try code(Self.token(header: #"{"alg":"ES256","alg":"ES256"}"#)) == .header)
        #expect(try code(Self.token(header: #"["ES256"]"#)) == .header)
        #expect(try code(Self.token(header: "")) == .header)
        let deep = String(repeating: "[", count: 9) + String(repeating: "]", count: 9)
        #expect(try code(Self.token(header: #"{"alg":"ES256","a":\#(deep)}"#)) == .header)
    }

    @Test func formIsStrict() throws {
        let token = try Self.token(header: #"{"alg":"ES256"}"#, payload: #"{"a":"bb"}"#)
        #expect(code(token) == nil)
        #expect(code(token, largest: token.utf8.count) == nil)
        #expect(code(token, largest: token.utf8.count - 1) == .tooLarge)
        #expect(code("") == .parts)
        #expect(code(token + ".") == .parts)
        #expect(code(String(token[..<token.lastIndex(of: ".")!])) == .parts)
        #expect(code(" " + token) == .base64)
        #expect(code(token + "\n") == .base64)
        #expect(code(token + "=") == .base64)
        #expect(code(token.replacing(".", with: "=.", maxReplacements: 1)) == .base64)
        // A signature of nothing, and one that lacks a byte.
        let input = token[...token.lastIndex(of: ".")!]
        #expect(code(String(input)) == .signature)
        #expect(code(String(token.dropLast(2))) == .signature)
        // Bits behind the last byte are a second spelling.
        let signature = try UnverifiedJWS(compact: token).signature
        let last = Base64URL.sextet(of: token.utf8.last!)!
        #expect(signature.count == 64 && last & 15 == 0)
        let other = String(decoding: [Base64URL.character(of: last | 1)], as: UTF8.self)
        #expect(code(token.dropLast() + other) == .base64)
    }

    @Test func theReceivedBytesAreVerified() throws {
        // Another spelling of the same header is signed as it is, and a changed byte is noticed.
        let token = try Self.token(header: "{\"alg\" : \"ES256\"}")
        #expect(code(token) == nil)
        let canonical = Self.base64(#"{"alg":"ES256"}"#)
        #expect(code(canonical + token[token.firstIndex(of: ".")!...]) == .signature)
        let parts = token.split(separator: ".")
        #expect(code("\(parts[0]).\(Self.base64("{ }")).\(parts[2])") == .signature)
    }

    @Test func onlySignaturesThatHoldAreGivenOut() async throws {
        let key = TestKeys.p256
        let draft = JWSDraft(header: JWSHeader(algorithm: .es256), payload: [])
        let honest = FakeSigner(algorithm: .es256, publicKey: key.publicKey) {
            try key.signature(over: $0, algorithm: .es256)
        }
        _ = try await draft.signed(by: honest)
        var faulty = honest
        faulty.answer = { _ in [UInt8](repeating: 1, count: 64) }
        #expect(await #expect(throws: JWSError.self) { try await draft.signed(by: faulty) }?.code == .signer)
        var other = honest
        other.algorithm = .es384
        #expect(await #expect(throws: JWSError.self) { try await draft.signed(by: other) }?.code == .keyMismatch)
        let wrong = JWSDraft(header: JWSHeader(algorithm: .rs256), payload: [])
        var mixed = honest
        mixed.algorithm = .rs256
        #expect(await #expect(throws: JWSError.self) { try await wrong.signed(by: mixed) }?.code == .keyMismatch)
    }
}
