// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// A damaged proof file with the verdict that it must get.
struct BadProof: Sendable, CustomTestStringConvertible {
    let name: String
    let code: String
    let status: Int32
    let make: @Sendable ([UInt8]) -> [UInt8]

    init(_ name: String, _ code: String, _ status: Int32 = 1, _ make: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.name = name
        self.code = code
        self.status = status
        self.make = make
    }

    var testDescription: String { name }

    static let all: [BadProof] = [
        BadProof("cut inside a log", "KM-PROOF-FILE-TRUNCATED", 3) { Array($0.prefix(1000)) },
        BadProof("cut inside the manifest", "KM-PROOF-FILE-TRUNCATED", 3) { Array($0.dropLast(10)) },
        BadProof("something behind the manifest", "KM-PROOF-FILE-BEHIND-MANIFEST") { $0 + $0.prefix(1000) },
        BadProof("a changed key", "KM-VERDICT-CONTRADICTED") {
            StreamMaker.replacing("\"kt\":\"2\"", with: "\"kt\":\"1\"", in: $0)
        },
        BadProof("a changed part", "KM-PROOF-PART-SAID") {
            StreamMaker.replacing("\"kind\":\"x509-svid\"", with: "\"kind\":\"x509-svie\"", in: $0)
        },
        BadProof("a changed manifest", "KM-PROOF-MANIFEST-SAID") {
            StreamMaker.replacing("\"kind\":\"kel\"", with: "\"kind\":\"kem\"", in: $0)
        },
        BadProof("random bytes", "KM-PROOF-FILE-MALFORMED") { _ in
            (0..<2000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        },
        BadProof("a log alone", "KM-VERDICT-UNDECIDABLE", 3) {
            Array($0.prefix(StreamMaker.offset(of: "{\"v\":\"KMRK", in: $0) ?? 0))
        },
    ]
}

@Suite(.timeLimit(.minutes(5))) struct BadProofTests {
    /// One proof file for all cases.
    private static let sample: Result<(Sandbox, root: String, proof: [UInt8]), any Error> = Result {
        let box = try Sandbox.withAuthority()
        try box.kelmark("issuer statement issuer --trust-domain acme.example", expecting: 0)
        let made = try Sandbox.run(
            "/usr/bin/env",
            [
                "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                "web.key", "-subj", "/", "-out", "web.csr",
            ], in: box.folder, environment: box.environment)
        try #require(made.status == 0)
        try box.kelmark(
            "issuer sign issuer --csr web.csr --id spiffe://acme.example/web --out web", expecting: 0)
        return (box, try box.aid("acme"), try box.read("web.kel"))
    }

    @Test(arguments: BadProof.all)
    func hasItsOwnVerdict(bad: BadProof) throws {
        let (_, root, proof) = try Self.sample.get()
        let box = try Sandbox()
        let bytes = bad.make(proof)
        #expect(!bytes.isEmpty && bytes != proof)
        try box.write(bytes, to: "bad.kel")
        let run = try box.kelmark("verify bad.kel --root \(root) --trust-domain acme.example --json")
        #expect(run.status == bad.status, "\(run.errors)")
        #expect(try run.code() == bad.code, "\(run.errors)")
        #expect(try run.data()["verdict"]?.textValue == (bad.status == 3 ? "undecidable" : "contradicted"))
        #expect(try box.kelmark("explain \(bad.code)").status == 0)
    }

    @Test func questionsThatCanNotBeAnswered() throws {
        let (_, root, proof) = try Self.sample.get()
        let box = try Sandbox()
        try box.write(proof, to: "web.kel")
        for line in [
            "--trust-domain acme.example", "--root \(root)", "--root x --trust-domain acme.example",
            "--root \(root) --trust-domain ACME", "--root \(root) --trust-domain acme.example --now yesterday",
            "--root \(root) --trust-domain acme.example --as-of \(root)",
            "--root \(root) --trust-domain acme.example --as-of \(root):x",
            "--root \(root) --trust-domain acme.example --as-of \(root):1 --as-of \(root):2",
        ] {
            let run = try box.kelmark("verify web.kel \(line) --json", expecting: 2)
            #expect(try run.code() == "KM-VERDICT-QUESTION")
        }
        let later = try box.kelmark(
            "verify web.kel --root \(root) --trust-domain acme.example --as-of \(root):9 --json", expecting: 3)
        #expect(try later.code() == "KM-VERDICT-UNDECIDABLE")
    }
}
