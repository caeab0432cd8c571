// SPDX-License-Identifier: Apache-2.0

// Names are those of the vector file.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Foundation
import JOSE
import KelmarkTestSupport
import SPIFFE
import Testing

@testable import Issuer

/// SSH host certificates made by OpenSSH, proofs made elsewhere. Facts (SPIFFE) 12.3.
struct SSHPoPTests {
    struct File: Decodable {
        struct Accepted: Decodable, CustomTestStringConvertible {
            let name: String
            let authority: String
            let payload: String
            let challenge_nonce: String
            let challenge: String
            let responses: [String: String]
            let agent_id_path: String
            var testDescription: String { name }
        }
        struct Refused: Decodable, CustomTestStringConvertible {
            let name: String
            let authority: String
            let payload: String
            var testDescription: String { name }
        }
        let accepted: [Accepted]
        let refused: [Refused]
    }

    static let file = try! Vectors.decode(File.self, from: "Issuer/sshpop.json")

    static func attestor(
        _ authority: String, nonce: String = "", domain: String = "", allowsSHA1: Bool = false,
        template: AgentPathTemplate? = nil
    ) throws -> SSHPoPAttestor {
        SSHPoPAttestor(
            trustDomain: .example, authorities: [try SSHPublicKey(line: authority)], canonicalDomain: domain,
            template: template, acceptsSHA1Proofs: allowsSHA1, clock: SteppedClock(),
            random: RandomSource { StandardBase64.decode(nonce) ?? [UInt8](repeating: 7, count: $0) })
    }

    static func challenge(_ vector: File.Accepted, allowsSHA1: Bool = false) async throws -> any AttestationChallenge {
        let attestor = try attestor(vector.authority, nonce: vector.challenge_nonce, allowsSHA1: allowsSHA1)
        guard
            case .challenge(let bytes, let challenge) = try await attestor.attest(Array(vector.payload.utf8), from: nil)
        else { throw IssuerError(.internal, "no challenge") }
        #expect(String(decoding: bytes, as: UTF8.self) == vector.challenge)
        return challenge
    }

    @Test func countsOfVectors() {
        #expect(Self.file.accepted.count == 5)
        #expect(Self.file.accepted.flatMap(\.responses).count == 7)
        #expect(Self.file.refused.count == 6)
    }

    @Test(arguments: file.accepted)
    func attests(_ vector: File.Accepted) async throws {
        for (format, response) in vector.responses {
            let challenge = try await Self.challenge(vector, allowsSHA1: true)
            guard case .attested(let node) = try await challenge.answered(Array(response.utf8)) else {
                Issue.record("not attested by \(format)")
                continue
            }
            #expect(node == AttestedNode(id: .example(vector.agent_id_path), selectors: [], canReattest: true))
        }
    }

    @Test(arguments: file.accepted)
    func refusesOtherProofs(_ vector: File.Accepted) async throws {
        let wrong = IssuerError(.permissionDenied, "failed to verify signature")
        let challenge = try await Self.challenge(vector)
        for (format, response) in vector.responses {
            if format == "ssh-rsa" {
                await #expect(throws: wrong) { _ = try await challenge.answered(Array(response.utf8)) }
                continue
            }
            // Another nonce of the agent, another signature, another name of the signature.
            for (label, characters) in [("\"Nonce\": \"", 5), ("\"Blob\": \"", 60)] {
                let start = try #require(response.firstRange(of: label)).upperBound
                let place = response.index(start, offsetBy: characters)
                let changed = response.replacingCharacters(in: place...place, with: response[place] == "A" ? "B" : "A")
                await #expect(throws: wrong) { _ = try await challenge.answered(Array(changed.utf8)) }
            }
            let renamed = response.replacingOccurrences(of: format, with: "ssh-dss")
            await #expect(throws: wrong) { _ = try await challenge.answered(Array(renamed.utf8)) }
        }
        for (text, words) in [
            ("{}", "invalid response nonce size"),
            ("{\"Nonce\":\"\(vector.challenge_nonce)\"}", "missing signature in challenge response"),
            (
                "{\"Nonce\":\"\(vector.challenge_nonce)\",\"Signature\":{\"Rest\":\"AA==\"}}",
                "the signature has a part that is not known"
            ),
        ] {
            await #expect(throws: IssuerError(.invalidArgument, words)) {
                _ = try await challenge.answered(Array(text.utf8))
            }
        }
    }

    @Test(arguments: [
        ("user", "it is no host certificate"), ("past", "it has expired"), ("future", "it is not yet valid"),
        ("nameless", "it names no host"), ("option", "it has critical options"), ("sha1", "its signature is wrong"),
    ])
    func refusesCertificates(_ name: String, _ why: String) async throws {
        let vector = try #require(Self.file.refused.first { $0.name == name })
        let attestor = try Self.attestor(vector.authority)
        await #expect(throws: IssuerError(.permissionDenied, "failed to check host key: \(why)")) {
            _ = try await attestor.attest(Array(vector.payload.utf8), from: nil)
        }
    }

    @Test func refusesOtherAuthorities() async throws {
        let attestor = try Self.attestor(Self.file.accepted[1].authority)
        await #expect(throws: IssuerError(.permissionDenied, "failed to check host key: no authority of it is known")) {
            _ = try await attestor.attest(Array(Self.file.accepted[0].payload.utf8), from: nil)
        }
    }

    @Test func knowsHostsByTheirDomain() async throws {
        let vector = Self.file.accepted[0]
        let template = try AgentPathTemplate("host/{{ .Hostname }}", names: SSHPoPAttestor.templateValues)
        let inside = try Self.attestor(
            vector.authority, nonce: vector.challenge_nonce, domain: "hosts.example.org", template: template)
        guard case .challenge(_, let challenge) = try await inside.attest(Array(vector.payload.utf8), from: nil),
            case .attested(let node) = try await challenge.answered(
                Array(try #require(vector.responses["ssh-ed25519"]).utf8))
        else { throw IssuerError(.internal, "not attested") }
        #expect(node.id == .example("/spire/agent/host/ed255190"))
        for domain in ["other.org", "osts.example.org"] {
            let outside = try Self.attestor(vector.authority, domain: domain)
            await #expect(
                throws: IssuerError(
                    .permissionDenied, "failed to check host key: its host is not in the canonical domain")
            ) { _ = try await outside.attest(Array(vector.payload.utf8), from: nil) }
        }
    }

    /// No prefix of a certificate, and no certificate with a byte more, is one; no changed byte goes unnoticed.
    @Test(arguments: file.accepted)
    func readsOnlyWholeCertificates(_ vector: File.Accepted) throws {
        let wire = try AttestationJSON(Array(vector.payload.utf8), "payload").bytes("Certificate")
        let certificate = try SSHHostCertificate(wire: wire)
        #expect(certificate.isSigned)
        #expect(certificate.principals.count == 2 && certificate.validBefore == .max)
        for count in stride(from: 0, to: wire.count, by: 3) {
            #expect(throws: IssuerError.self) { try SSHHostCertificate(wire: Array(wire[..<count])) }
        }
        #expect(throws: IssuerError.self) { try SSHHostCertificate(wire: wire + [0]) }
        #expect(throws: IssuerError.self) { try SSHPublicKey(wire: wire) }
        for place in stride(from: 0, to: wire.count, by: 7) {
            var changed = wire
            changed[place] ^= 1
            if let read = try? SSHHostCertificate(wire: changed) { #expect(!read.isSigned, "byte \(place)") }
        }
    }

    @Test(arguments: [
        "", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa *", "ssh-dss AAAAB3NzaC1kc3MAAAAA",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAgAA",
        // A point beside the curve, another curve, a modulus of 1024 bits.
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAzODQAAABBBAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQD//////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////w==",
    ])
    func refusesKeyLines(_ line: String) {
        #expect(throws: IssuerError.self) { try SSHPublicKey(line: line) }
    }

    @Test func refusesMislabelledKeys() throws {
        let line = Self.file.accepted[0].authority
        let words = line.split(separator: " ")
        #expect(throws: Never.self) { try SSHPublicKey(line: line + " a comment") }
        #expect(throws: IssuerError.self) { try SSHPublicKey(line: "ssh-rsa \(words[1])") }
        let wire = try #require(StandardBase64.decode(String(words[1])))
        #expect(throws: IssuerError.self) { try SSHPublicKey(wire: wire + [0]) }
    }

    @Test func readsNumbersInOneSpelling() throws {
        func number(_ bytes: [UInt8]) throws -> [UInt8] {
            var reader = SSHReader([0, 0, 0, UInt8(bytes.count)] + bytes)
            return try reader.number()
        }
        #expect(try number([]) == [])
        #expect(try number([1]) == [1])
        #expect(try number([0, 0x80]) == [0x80])
        for wrong in [[0x80], [0], [0, 1], [0, 0, 0x80]] as [[UInt8]] {
            #expect(throws: SSHReader.Malformed.self) { try number(wrong) }
        }
    }
}
