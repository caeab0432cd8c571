// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Crypto
import Foundation
import Issuer
import KelmarkBytes
import KelmarkCrypto
import SPIFFE
import StorageSQLite
import Testing
import Transparency

@testable import KelmarkCLI

/// `issuer log` shows, proves and verifies.
@Suite(.timeLimit(.minutes(2))) struct IssuerLogTests {
    private let folder: CommandFolder
    private let environment: [String: String]

    init() throws {
        folder = try CommandFolder()
        environment = ["HOME": folder.path, "KELMARK_HOME": folder.path + "/kelmark"]
    }

    private func run(_ line: String) async throws -> CommandResult {
        try await CommandDrive.run(line.split(separator: " ").map(String.init) + ["--quiet"], environment: environment)
    }

    private func refusal(_ line: String) async -> String? {
        do {
            _ = try await run(line)
            return nil
        } catch { return ErrorTranslation.failure(for: error).code }
    }

    /// Logs as many SVIDs as asked for, the first with the digest of some DER.
    private func log(_ count: Int, digest: [UInt8] = [1]) async throws -> SQLiteIssuerStore {
        let home = folder.path + "/kelmark/served/acme.example"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let store = try SQLiteIssuerStore(path: home + "/issuer.sqlite")
        let now = SystemIssuerClock().now()
        let id = try SPIFFEID("spiffe://acme.example/web")
        let blinding = try LeafBlinding(log: "log", salt: try SecretBytes.random(count: 32))
        for number in 0..<count {
            let record = IssuanceRecord(
                kind: number == 1 ? .jwt : .x509, id: id, digest: number == 0 ? digest : [2],
                serial: number == 1 ? "b3VyLWp0aS1pcy0yMi1sbw" : "0a\(String(repeating: "\(number)", count: 30))",
                keyDigest: [3], dnsNames: [], notBefore: now, notAfter: now.advanced(by: 60), authorityID: "a",
                statement: nil, entryID: nil, node: nil, issuedAt: now)
            let event = AuditEvent(at: now, actor: "actor", action: "issue", subject: "\(number)")
            _ = try await store.commit(IssuanceBatch(issuances: [(record: record, event: event)], blinding: blinding))
        }
        return store
    }

    @Test func aLeafIsProvenByNumberSerialAndTokenID() async throws {
        let store = try await log(5)
        let root = try await store.root()
        let shown = try await run("issuer log show --trust-domain acme.example")
        #expect(shown.data["size"]?.integerValue == 5)
        #expect(shown.data["signed"]?.booleanValue == false)
        let noted = try #require(shown.data["noted"]?.textValue)
        #expect(noted == "5:\(shown.data["root"]?.textValue ?? "")")
        #expect(TreeRootArgument(argument: noted)?.root == root)
        let serial = "0A:" + (0..<15).map { _ in "33" }.joined(separator: ":")
        for (name, index) in [
            ("3", 3), ("0a\(String(repeating: "3", count: 30))", 3), (serial, 3),
            ("000a\(String(repeating: "3", count: 30))", 3),
            ("a\(String(repeating: "3", count: 30))", 3), ("b3VyLWp0aS1pcy0yMi1sbw", 1),
        ] {
            let file = folder.path + "/leaf.proof"
            let made = try await run("issuer log prove \(name) --trust-domain acme.example --out \(file)")
            #expect(made.data["proof"]?["index"]?.integerValue == index)
            let verified = try await run("issuer log verify \(file) --root \(noted)")
            #expect(verified.text.first == "leaf \(index) stands in the log of 5 leaves")
            #expect(verified.data["isRootKnown"]?.booleanValue == true)
            #expect(verified.hints.isEmpty)
        }
        for name in ["5", "0a\(String(repeating: "9", count: 30))", "B3VyLWp0aS1pcy0yMi1sbw"] {
            #expect(await refusal("issuer log prove \(name) --trust-domain acme.example") == "KM-ISSUER-NOT-LOGGED")
        }
    }

    @Test func growthIsProvenFromANotedRoot() async throws {
        let noted = try await log(3).root().noted
        let store = try await log(4)
        #expect(try await store.root().size == 7)
        let file = folder.path + "/growth.proof"
        _ = try await run("issuer log prove --since 3 --trust-domain acme.example --out \(file)")
        let verified = try await run("issuer log verify \(file) --root \(noted)")
        #expect(verified.text.first == "the log of 7 leaves begins with that of 3")
        // Who noted down something else sees that it is another log.
        let other = "3:" + String(repeating: "0", count: 64)
        #expect(await refusal("issuer log verify \(file) --root \(other)") == "KM-ISSUER-LOG-CONTRADICTED")
        #expect(
            await refusal("issuer log prove --since 8 --trust-domain acme.example") == "KM-ISSUER-LOG-CONTRADICTED")
        #expect(await refusal("issuer log verify \(file) --certificate \(file)") == "KM-INPUT-MALFORMED")
    }

    @Test func aProofIsThatOfItsCertificate() async throws {
        let der = try TestCertificates().leaf.der
        let store = try await log(2, digest: Array(SHA256.hash(data: der)))
        let certificate = folder.path + "/web.der"
        try Data(der).write(to: URL(filePath: certificate))
        for (index, code) in [(0, nil), (1, "KM-ISSUER-LOG-CONTRADICTED")] as [(Int, String?)] {
            let file = folder.path + "/\(index).proof"
            _ = try await run(
                "issuer log prove \(index) --folder \(folder.path)/kelmark/served/acme.example --out \(file)")
            #expect(await refusal("issuer log verify \(file) --certificate \(certificate)") == code)
        }
        withExtendedLifetime(store) {}
    }

    @Test func aForgedProofIsRefused() async throws {
        _ = try await log(5)
        let made = try await run("issuer log prove 2 --trust-domain acme.example")
        let text = try #require(made.text.first)
        let file = folder.path + "/forged.proof"
        try Data(text.replacing("\"index\":2", with: "\"index\":3").utf8).write(to: URL(filePath: file))
        #expect(await refusal("issuer log verify \(file)") == "KM-ISSUER-LOG-CONTRADICTED")
        try Data("{}".utf8).write(to: URL(filePath: file))
        #expect(await refusal("issuer log verify \(file)") == "KM-INPUT-MALFORMED")
        try Data(text.utf8).write(to: URL(filePath: file))
        // Without a root from elsewhere the file vouches for itself, and that is said.
        #expect(try await run("issuer log verify \(file)").hints.count == 1)
    }

    @Test func nothingIsMadeWhereThereIsNoLog() async throws {
        #expect(await refusal("issuer log show --trust-domain acme.example") == "KM-ISSUER-NO-LOG")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/kelmark"))
        #expect(throws: (any Error).self) { try RootCommand.parseAsRoot(["issuer", "log", "show"]) }
        for words in [["prove"], ["prove", "1", "--since", "2"], ["prove", "--since", "0"]] {
            #expect(throws: (any Error).self) {
                try RootCommand.parseAsRoot(["issuer", "log"] + words + ["--trust-domain", "acme.example"])
            }
        }
    }
}
