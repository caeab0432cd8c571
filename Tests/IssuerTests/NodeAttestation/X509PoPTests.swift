// SPDX-License-Identifier: Apache-2.0

// Names are those of the vector file.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Crypto
import Foundation
import JOSE
import KelmarkTestSupport
import SPIFFE
import SwiftASN1
import Testing
import X509

@testable import Issuer

/// Proof of possession against vectors of another implementation. Facts (SPIFFE) 12.3.
struct X509PoPTests {
    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let certificate_pem: String
        let ca_pem: String
        let challenge_nonce: String
        let response_nonce: String
        let digest_hex: String
        let agent_id_path: String
        let challenge_json: String
        let response_json: String?
        let response_json_max_salt: String?
        let response_json_digest_salt: String?
        var testDescription: String { name }

        var responses: [String] {
            [response_json, response_json_max_salt, response_json_digest_salt].compactMap(\.self)
        }
        var leaf: [UInt8] { get throws { try PEMDocument(pemString: certificate_pem).derBytes } }
        var authority: X509Certificate {
            get throws { try X509Certificate(der: PEMDocument(pemString: ca_pem).derBytes) }
        }
        var nonce: [UInt8] { StandardBase64.decode(challenge_nonce) ?? [] }
    }

    static let cases = try! Vectors.decode([Case].self, from: "SPIFFE/x509pop.json")

    static func payload(_ chain: [[UInt8]]) -> [UInt8] {
        let list = chain.map { "\"\(StandardBase64.encodedString($0))\"" }.joined(separator: ",")
        return Array("{\"certificates\":[\(list)]}".utf8)
    }

    static func attestor(_ vector: Case, template: AgentPathTemplate? = nil) throws -> X509PoPAttestor {
        let authority = try vector.authority
        let nonce = vector.nonce
        return X509PoPAttestor(
            trustDomain: .example, trust: .authorities { [authority] }, template: template, clock: SteppedClock(),
            random: RandomSource { _ in nonce })
    }

    /// The challenge for the right chain.
    static func challenge(_ vector: Case) async throws -> (bytes: [UInt8], challenge: any AttestationChallenge) {
        guard
            case .challenge(let bytes, let challenge) = try await attestor(vector).attest(
                payload([vector.leaf]), from: nil)
        else { throw IssuerError(.internal, "no challenge") }
        return (bytes, challenge)
    }

    @Test func countsOfVectors() {
        #expect(Self.cases.count == 2)
        #expect(Self.cases.flatMap(\.responses).count == 3)
    }

    @Test(arguments: cases)
    func attests(_ vector: Case) async throws {
        let (bytes, challenge) = try await Self.challenge(vector)
        let label = vector.name == "rsa" ? "rsa_signature" : "ecdsa_signature"
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"\(label)\":{\"nonce\":\"\(vector.challenge_nonce)\"}}")
        for response in vector.responses {
            guard case .attested(let node) = try await challenge.answered(Array(response.utf8)) else {
                Issue.record("not attested")
                continue
            }
            #expect(node.id == .example(vector.agent_id_path))
            #expect(node.canReattest)
            let fingerprint = Insecure.SHA1.hash(data: try vector.authority.der).map { String(format: "%02x", $0) }
            #expect(node.selectors.contains(try Selector("x509pop:ca:fingerprint:\(fingerprint.joined())")))
            #expect(node.selectors.contains { $0.value.hasPrefix("serialnumber:") && !$0.value.hasSuffix(":") })
        }
    }

    @Test(arguments: cases)
    func refusesEveryChangedByte(_ vector: Case) async throws {
        let (_, challenge) = try await Self.challenge(vector)
        for response in vector.responses {
            // Of each Base64 text one character in the middle is another one.
            for label in ["nonce", "r", "s", "signature"] {
                guard let place = response.firstRange(of: "\"\(label)\": \"") else { continue }
                let middle = response.index(place.upperBound, offsetBy: 5)
                let other = response[middle] == "A" ? "B" : "A"
                let changed = response.replacingCharacters(in: middle...middle, with: other)
                await #expect(throws: IssuerError(.permissionDenied, "challenge response verification failed")) {
                    _ = try await challenge.answered(Array(changed.utf8))
                }
            }
        }
    }

    @Test(arguments: [
        ("{}", "missing "), ("[]", "failed to unmarshal challenge response"),
        ("{\"LABEL\":{}}", "invalid response nonce"),
        ("{\"LABEL\":{\"nonce\":\"AAAA\"}}", "invalid response nonce"),
        ("{\"LABEL\":{\"nonce\":5}}", "the member"), ("{\"LABEL\":{\"nonce\":\"*\"}}", "the member"),
        ("{\"LABEL\":{\"nonce\":\"\"},\"LABEL\":{}}", "failed to unmarshal"), ("{\"LABEL\":null}", "missing "),
    ])
    func refusesMalformedAnswers(_ text: String, _ words: String) async throws {
        for vector in Self.cases {
            let (_, challenge) = try await Self.challenge(vector)
            let label = vector.name == "rsa" ? "rsa_signature" : "ecdsa_signature"
            let answer = Array(text.replacingOccurrences(of: "LABEL", with: label).utf8)
            let error = await #expect(throws: IssuerError.self) { _ = try await challenge.answered(answer) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.hasPrefix(words) == true)
        }
    }

    @Test func refusesChains() async throws {
        let vector = Self.cases[0]
        let leaf = try vector.leaf
        let ca = try vector.authority.der
        let attestor = try Self.attestor(vector)
        func refusal(_ payload: [UInt8], _ attestor: X509PoPAttestor) async -> IssuerError? {
            do {
                _ = try await attestor.attest(payload, from: nil)
                return nil
            } catch { return error }
        }
        #expect(
            await refusal(Self.payload([]), attestor) == IssuerError(.invalidArgument, "no certificate to attest"))
        #expect(
            await refusal(Self.payload([leaf, ca, ca, ca, ca, ca]), attestor)
                == IssuerError(.invalidArgument, "too many intermediate certificates, at most 4"))
        #expect(
            await refusal(Self.payload([leaf + [0]]), attestor)
                == IssuerError(.invalidArgument, "unable to parse certificate 0"))
        // An authority may not sign for itself, and has no use for digital signatures.
        #expect(await refusal(Self.payload([ca]), attestor)?.code == .permissionDenied)
        // A chain to somebody else's authority.
        let other = try Self.attestor(Self.cases[1])
        #expect(
            await refusal(Self.payload([leaf]), other)
                == IssuerError(.permissionDenied, "certificate verification failed"))
        let without = X509PoPAttestor(
            trustDomain: .example, trust: .authorities { throw IssuerStoreError(.unavailable, "no file") },
            clock: SteppedClock())
        #expect(await refusal(Self.payload([leaf]), without)?.code == .unavailable)
        // Expired.
        let clock = SteppedClock()
        clock.advance(by: .seconds(3_000_000_000))
        let authority = try vector.authority
        let late = X509PoPAttestor(trustDomain: .example, trust: .authorities { [authority] }, clock: clock)
        #expect(await refusal(Self.payload([leaf]), late)?.code == .permissionDenied)
    }

    @Test func refusesNumbersThatAreTooLong() async throws {
        let (_, challenge) = try await Self.challenge(Self.cases[0])
        let long = StandardBase64.encodedString([UInt8](repeating: 1, count: 40))
        let nonce = Self.cases[0].response_nonce
        let answer = "{\"ecdsa_signature\":{\"nonce\":\"\(nonce)\",\"r\":\"\(long)\",\"s\":\"AQ==\"}}"
        await #expect(throws: IssuerError(.permissionDenied, "challenge response verification failed")) {
            _ = try await challenge.answered(Array(answer.utf8))
        }
    }

    /// An X.509-SVID of the own trust domain becomes an agent's identity.
    @Test(arguments: [("/ns/default", "sa/web"), ("/ns/default/", "sa/web"), ("/ns", "default/sa/web")])
    func exchangesSVIDs(_ prefix: String, _ rest: String) async throws {
        let (attestor, chain, key) = try Self.exchange(prefix)
        guard case .challenge(_, let challenge) = try await attestor.attest(Self.payload(chain), from: nil) else {
            throw IssuerError(.internal, "no challenge")
        }
        let own = [UInt8](repeating: 2, count: 32)
        let signature = try key.signature(for: SHA256.hash(data: [UInt8](repeating: 1, count: 32) + own))
        let raw = [UInt8](signature.rawRepresentation)
        let parts = [own, Array(raw[..<32]), Array(raw[32...])].map(StandardBase64.encodedString)
        let answer = "{\"ecdsa_signature\":{\"nonce\":\"\(parts[0])\",\"r\":\"\(parts[1])\",\"s\":\"\(parts[2])\"}}"
        guard case .attested(let node) = try await challenge.answered(Array(answer.utf8)) else {
            throw IssuerError(.internal, "not attested")
        }
        #expect(node.id == .example("/spire/agent/x509pop/\(rest)"))
    }

    @Test(arguments: ["/spire-exchange", "/ns/defaul", "/ns/default/sa/web"])
    func exchangesOnlyUnderThePrefix(_ prefix: String) async throws {
        let (attestor, chain, _) = try Self.exchange(prefix)
        await #expect(throws: IssuerError(.permissionDenied, "x509 svid path does not have the expected prefix")) {
            _ = try await attestor.attest(Self.payload(chain), from: nil)
        }
    }

    /// The key of an authority signs certificates; what it signs besides proves no node.
    @Test func aKeyThatMayNotSignProvesNothing() async throws {
        let root = try #require(try await IssuerFixture().authorities.state.x509.active?.certificate)
        let attestor = X509PoPAttestor(
            trustDomain: IssuerFixture.domain, trust: .authorities { [root] }, clock: ManualIssuerClock())
        let refusal = IssuerError(.permissionDenied, "leaf certificate not intended for digital signature use")
        await #expect(throws: refusal) { _ = try await attestor.attest(Self.payload([root.der]), from: nil) }
    }

    private static func exchange(
        _ prefix: String
    ) throws -> (X509PoPAttestor, chain: [[UInt8]], key: P256.Signing.PrivateKey) {
        func text(_ name: String) throws -> String {
            String(decoding: try Vectors.data("SPIFFE/x509/ok-ec-p256.\(name).pem"), as: UTF8.self)
        }
        let bundle = try X509Bundle(
            trustDomain: .example, der: PEMDocument.parseMultiple(pemString: text("bundle.example.org")).map(\.derBytes)
        )
        let attestor = X509PoPAttestor(
            trustDomain: .example, trust: .ownSVIDs(prefix: prefix) { bundle }, clock: SteppedClock(),
            random: RandomSource { [UInt8](repeating: 1, count: $0) })
        return (
            attestor, try PEMDocument.parseMultiple(pemString: text("chain")).map(\.derBytes),
            try P256.Signing.PrivateKey(pemRepresentation: text("key"))
        )
    }

    @Test func namesAgentsByTemplate() async throws {
        let vector = Self.cases[0]
        let template = try AgentPathTemplate(
            "cert/{{ .SerialNumberHex }}/{{.PluginName}}", names: X509PoPAttestor.templateValues)
        guard
            case .challenge(_, let challenge) = try await Self.attestor(vector, template: template).attest(
                Self.payload([vector.leaf]), from: nil),
            case .attested(let node) = try await challenge.answered(Array(vector.responses[0].utf8))
        else { throw IssuerError(.internal, "not attested") }
        let serial = try X509Certificate(der: vector.leaf).certificate.serialNumber.bytes.map {
            String(format: "%02x", $0)
        }
        .joined()
        #expect(node.id == .example("/spire/agent/cert/\(serial)/x509pop"))
    }
}

struct AgentPathTemplateTests {
    static let names: Set<String> = ["A", "B"]

    @Test(arguments: ["", "{{", "{{ .A", "{{ .C }}", "{{ A }}", "{{ .A | lower }}", "{{}}"])
    func refuses(_ text: String) {
        #expect(throws: AgentPathTemplate.Fault.self) { try AgentPathTemplate(text, names: Self.names) }
    }

    @Test(arguments: [
        ("{{ .A }}", "/spire/agent/a"), ("/x/{{.A}}-{{.B}}", "/spire/agent/x/a-b"),
        ("/spire/agent/{{ .A }}", "/spire/agent/a"),
    ])
    func renders(_ text: String, _ path: String) throws {
        let template = try AgentPathTemplate(text, names: Self.names)
        #expect(try template.agentID(["A": "a", "B": "b"], in: .example) == .example(path))
    }

    @Test(arguments: ["a/b", "", "..", "a b", "ü"])
    func refusesValues(_ value: String) throws {
        let template = try AgentPathTemplate("x/{{ .A }}", names: Self.names)
        #expect(throws: IssuerError(.permissionDenied, "failed to create spiffe ID")) {
            try template.agentID(["A": value], in: .example)
        }
    }

    @Test func takesPathsWhereTheyBelong() throws {
        let template = try AgentPathTemplate("x/{{ .A }}", names: Self.names)
        #expect(try template.agentID(["A": "a/b"], paths: ["A"], in: .example) == .example("/spire/agent/x/a/b"))
        #expect(throws: IssuerError.self) { try template.agentID(["A": "a/../b"], paths: ["A"], in: .example) }
    }
}
