// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkTestSupport
import Testing

@testable import SPIFFE

struct OwnSVIDTests {
    static let withKey = X509Case.all.filter { $0.key != nil }

    static func load(_ vector: X509Case, key: String? = nil) throws -> X509SVID {
        let path = try #require(key ?? vector.key)
        let pem = String(decoding: try Vectors.data("SPIFFE/" + path), as: UTF8.self)
        return try X509SVID(
            chain: try X509Case.certificates(vector.chain), pkcs8: try CertificateEncoding.pkcs8(inPEM: pem))
    }

    @Test(arguments: withKey)
    func ownSVIDVector(_ vector: X509Case) throws {
        let svid = try Self.load(vector)
        #expect(svid.id.description == vector.spiffeID)
        // As the Workload API carries it, and as files hold it.
        let again = try X509SVID(
            concatenatedDER: CertificateEncoding.concatenatedDER(svid.chain), pkcs8: svid.privateKey.pkcs8, hint: "h")
        #expect(again.chain == svid.chain && again.privateKey.publicKey == svid.privateKey.publicKey)
        #expect(again.hint == "h" && again.leaf == svid.chain[0])
        let pem = CertificateEncoding.pem(svid.chain)
        #expect(try CertificateEncoding.certificates(inPEM: pem) == svid.chain.map(\.der))
        let key = CertificateEncoding.pem(pkcs8: svid.privateKey.pkcs8)
        #expect(try CertificateEncoding.pkcs8(inPEM: key) == svid.privateKey.pkcs8)
    }

    @Test func everyVectorWithAKeyRuns() {
        #expect(Self.withKey.count == 22)
    }

    @Test func theKeyMustBeTheLeafs() throws {
        let vector = try #require(X509Case.all.first { $0.name == "ok-ec-p256" })
        for other in ["ok-ec-p384", "ok-rsa-2048", "ok-ed25519", "ok-no-eku"] {
            #expect(throws: X509SVIDError.keyMismatch) { try Self.load(vector, key: "x509/\(other).key.pem") }
        }
    }

    @Test(arguments: X509Case.all.filter { $0.expect == "reject" })
    func whatBreaksARuleOfTheLeafIsNotUsed(_ vector: X509Case) throws {
        // Without a bundle and a time only these can't be seen.
        let unseen = [
            "bad-expired-leaf", "bad-future-leaf", "bad-expired-intermediate", "bad-expired-root", "bad-unknown-td",
            "bad-cross-td-forgery", "bad-same-name-other-key", "bad-self-signed-leaf", "bad-tampered-signature",
            "bad-missing-intermediate", "bad-pathlen-exceeded", "bad-uri-name-constraint-forbids", "bad-empty-bundle",
        ]
        let chain = try X509Case.certificates(vector.chain)
        do {
            _ = try X509SVID(chain: chain, pkcs8: [])
            Issue.record("no key was given")
        } catch .refused(let faults) {
            #expect(!unseen.contains(vector.name))
            #expect(!faults.isEmpty)
        } catch {
            #expect(unseen.contains(vector.name), "\(error)")
        }
    }

    @Test func chainsAreParted() throws {
        let chain = try X509Case.certificates("x509/ok-two-intermediates.chain.pem")
        #expect(try CertificateEncoding.certificates(inConcatenatedDER: chain.flatMap(\.self)) == chain)
        #expect(try CertificateEncoding.certificates(inConcatenatedDER: []) == [])
        #expect(
            try CertificateEncoding.certificates(inConcatenatedDER: [0x30, 0x01, 0, 0x30, 0]) == [
                [0x30, 1, 0], [0x30, 0],
            ])
        func code(_ bytes: [UInt8], most: Int = 16) -> X509CertificateError.Code? {
            do {
                _ = try CertificateEncoding.certificates(inConcatenatedDER: bytes, most: most)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(chain.flatMap(\.self), most: chain.count - 1) == .tooLarge)
        #expect(code(chain[0].dropLast()) == .malformed)
        #expect(code(chain[0] + [0x31, 0]) == .malformed)
        #expect(code(chain[0] + [0x30]) == .malformed)
        #expect(code([0x30, 0x80, 0, 0]) == .malformed)
        #expect(code([0x30, 0x84, 0, 0, 0, 0]) == .malformed)
        #expect(code([0x30, 0x82, 1]) == .malformed)
        #expect(code([0x30, 0x83, 1, 0, 0]) == .tooLarge)
        for text in ["", "x", "-----BEGIN CERTIFICATE-----\n", CertificateEncoding.pem(pkcs8: [0x30, 0])] {
            #expect((try? CertificateEncoding.certificates(inPEM: text))?.isEmpty != false)
        }
        let two = CertificateEncoding.pem(pkcs8: [0x30, 0])
        #expect(throws: X509CertificateError.self) { try CertificateEncoding.pkcs8(inPEM: two + two) }
        #expect(throws: X509CertificateError.self) { try CertificateEncoding.pkcs8(inPEM: "") }
        let certificate = CertificateEncoding.pem([try X509Certificate(der: chain[0])])
        #expect(throws: X509CertificateError.self) { try CertificateEncoding.pkcs8(inPEM: certificate) }
        let many = try String(repeating: CertificateEncoding.pem([X509Certificate(der: chain[0])]), count: 17)
        #expect(throws: X509CertificateError.self) { try CertificateEncoding.certificates(inPEM: many) }
    }

    @Test func emptyAndLongChainsAreRefused() throws {
        let leaf = try X509Case.certificates("x509/ok-ec-p256.chain.pem")[0]
        let long = [[UInt8]](repeating: leaf, count: X509SVIDOutcome.longestChain + 1)
        for (chain, code) in [([], X509SVIDFault.Code.emptyChain), (long, .chainTooLong)] {
            let error = #expect(throws: X509SVIDError.self) { try X509SVID(chain: chain, pkcs8: []) }
            #expect(error?.description == code.rawValue)
        }
        let error = #expect(throws: X509SVIDError.self) { try X509SVID(concatenatedDER: [1], pkcs8: []) }
        #expect(error?.description.hasPrefix("certificate-malformed") == true)
        let unread = #expect(throws: X509SVIDError.self) { try X509SVID(chain: [leaf], pkcs8: [1]) }
        #expect(unread?.description.hasPrefix("private-key: key-malformed") == true)
    }
}
