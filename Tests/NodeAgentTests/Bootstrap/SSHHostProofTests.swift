// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import KelmarkTestSupport
import Testing

@testable import NodeAgent

/// Host keys and certificates of OpenSSH; that our issuer takes the answers is tested where both are at hand.
struct SSHHostProofTests {
    let ours = [UInt8](repeating: 9, count: 32)

    private func host(_ kind: String) throws -> SSHSamples.Host { try #require(SSHSamples.hosts[kind]) }

    private func proof(_ kind: String, certificate: [UInt8]? = nil, key: [UInt8]? = nil) throws -> SSHHostProof {
        let host = try host(kind)
        let ours = ours
        return try SSHHostProof(certificate: certificate ?? host.certificate, key: key ?? host.key) { ours }
    }

    private func read(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private func challenge(_ nonce: [UInt8]) -> [UInt8] {
        Array(#"{"Nonce":"\#(Data(nonce).base64EncodedString())"}"#.utf8)
    }

    @Test(arguments: ["ed25519", "p256", "p384", "p521", "rsa"])
    func `a key of each kind is read, and its certificate is sent`(kind: String) throws {
        let data = try proof(kind).data()
        #expect(data.type == "sshpop")
        let words = try String(decoding: host(kind).certificate, as: UTF8.self).split(separator: " ")
        #expect(try read(data.payload)["Certificate"] as? String == String(words[1]))
        let answer = try read(try proof(kind).answer(challenge([UInt8](repeating: 7, count: 32))))
        #expect(answer["Nonce"] as? String == Data(ours).base64EncodedString())
        let signature = try #require(answer["Signature"] as? [String: Any])
        #expect(signature["Rest"] is NSNull)
        let format = kind == "rsa" ? "rsa-sha2-256" : kind == "ed25519" ? "ssh-ed25519" : "ecdsa-sha2-nist\(kind)"
        #expect(signature["Format"] as? String == format)
    }

    @Test func `what is signed is the digest of both random values`() throws {
        let theirs = [UInt8](repeating: 7, count: 32)
        let answer = try read(try proof("ed25519").answer(challenge(theirs)))
        let signature = try #require(answer["Signature"] as? [String: Any])
        let blob = try #require((signature["Blob"] as? String).flatMap { Data(base64Encoded: $0) })
        let line = try String(decoding: host("ed25519").certificate, as: UTF8.self).split(separator: " ")
        let wire = try #require(Data(base64Encoded: String(line[1])))
        // Type, the authority's random value, then the key: each with its length before it.
        let start = 4 + 32 + 4 + 32 + 4
        let key = try Curve25519.Signing.PublicKey(rawRepresentation: wire[start..<(start + 32)])
        #expect(key.isValidSignature(blob, for: Data(SHA256.hash(data: theirs + ours))))
    }

    @Test func `another challenge is not answered`() throws {
        let proof = try proof("ed25519")
        for bytes in [
            challenge([1]), challenge([UInt8](repeating: 7, count: 33)), Array("{}".utf8), [],
            Array(#"{"nonce":"\#(Data(ours).base64EncodedString())"}"#.utf8), [UInt8](repeating: 0x20, count: 5000),
        ] {
            #expect(throws: AttestorError.self) { try proof.answer(bytes) }
        }
    }

    @Test func `a certificate of another key, or none, is refused`() throws {
        for other in ["p256", "p384", "rsa"] {
            #expect(throws: AttestorError.self) { try proof("ed25519", certificate: host(other).certificate) }
        }
        let plain = Array("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAY7ExaXALqTnZXjW9QcqxB6rqA0Pcx8j4GUyBVoBcDh".utf8)
        for certificate in [plain, [], Array("x".utf8), Array("a b".utf8), [UInt8](repeating: 0x20, count: 70_000)] {
            #expect(throws: AttestorError.self) { try proof("ed25519", certificate: certificate) }
        }
        // The same kind of key, but not this one: its first byte differs.
        let sample = try host("p256")
        let words = String(decoding: sample.certificate, as: UTF8.self).split(separator: " ")
        var wire = [UInt8](try #require(Data(base64Encoded: String(words[1]))))
        let point = try #require(wire.indices.first { wire[$0...].starts(with: [0, 0, 0, 65, 4]) })
        wire[point + 10] ^= 1
        let changed = Array("\(words[0]) \(Data(wire).base64EncodedString())".utf8)
        #expect(throws: AttestorError.self) { try proof("p256", certificate: changed) }
    }

    @Test func `a sealed key, another form, or broken bytes are refused`() throws {
        let error = #expect(throws: AttestorError.self) { try proof("ed25519", key: SSHSamples.sealed) }
        #expect(error?.description.contains("passphrase") == true)
        let whole = try host("ed25519").key
        let text = String(decoding: whole, as: UTF8.self)
        for broken in [
            "", "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
            text.replacing("OPENSSH ", with: ""), text.replacing("b3BlbnNzaC1rZXktdjEA", with: "b3BlbnNzaC1rZXktdjIA"),
            String(text.dropLast(40)), text + "more",
        ] {
            #expect(throws: AttestorError.self) { try proof("ed25519", key: Array(broken.utf8)) }
        }
        #expect(throws: AttestorError.self) {
            try proof("ed25519", key: whole + [UInt8](repeating: 0x0a, count: 1 << 17))
        }
    }

    /// The binary form of a key file, changed.
    private func changed(_ kind: String, _ change: (inout [UInt8]) -> Void) throws -> [UInt8] {
        let lines = try String(decoding: host(kind).key, as: UTF8.self).split(separator: "\n")
        var bytes = [UInt8](try #require(Data(base64Encoded: lines.dropFirst().dropLast().joined())))
        change(&bytes)
        let text = Data(bytes).base64EncodedString()
        return Array("\(lines[0])\n\(text)\n\(lines[lines.count - 1])\n".utf8)
    }

    @Test func `every cut of a key is refused, and every changed byte of what counts`() throws {
        #expect(throws: Never.self) { try proof("ed25519", key: changed("ed25519") { _ in }) }
        let count = 15 + 8 + 8 + 4 + 4 + 4 + 51
        for end in stride(from: 0, to: 230, by: 7) {
            #expect(throws: AttestorError.self) {
                try proof("ed25519", key: changed("ed25519") { $0.removeLast($0.count - end) })
            }
        }
        // The check numbers, the type inside, and the secret seed.
        for place in [count + 4, count + 4 + 8 + 4, count + 4 + 8 + 4 + 11 + 4 + 32 + 4 + 3] {
            #expect(throws: AttestorError.self) {
                try proof("ed25519", key: changed("ed25519") { $0[place] ^= 1 })
            }
        }
    }
}
