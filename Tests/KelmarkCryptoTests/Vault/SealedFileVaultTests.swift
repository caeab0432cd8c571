// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkCrypto
import Testing

/// A folder that is gone after the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "kelmark-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct SealedFileVaultTests {
    let folder = try! TemporaryFolder()
    var path: String { folder.path + "/vault" }
    let passphrase = VaultFailureTests.passphrase
    let cost = VaultFailureTests.cost

    func secret(_ byte: UInt8) -> SecretBytes { VaultFailureTests.secret(byte) }

    func create() throws -> SealedFileVault {
        try SealedFileVault.create(at: path, passphrase: passphrase, cost: cost)
    }

    func open() throws -> SealedFileVault { try SealedFileVault.open(at: path, passphrase: passphrase) }

    func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    @Test func keepsSecretsOverReopening() async throws {
        let vault: any KeyVault = try create()
        #expect(try await vault.list() == [])
        try await vault.store(secret(1), as: "b")
        try await vault.store(SecretBytes([UInt8]()), as: "a")
        try await vault.store(SecretBytes(pattern(5000)), as: "a longer name with ~")
        let again = try open()
        for one in [vault, again] {
            #expect(try await one.list().map(\.name) == ["a", "a longer name with ~", "b"])
            #expect(try await one.load("b") == secret(1))
            #expect(try await one.load("a").count == 0)
            #expect(try await one.load("a longer name with ~").bytes == pattern(5000))
        }
        try await vault.delete("b")
        #expect(throws: VaultError.noSuchName("b")) { try again.load("b") }
        #expect(try open().list().count == 2)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let lockMode = try FileManager.default.attributesOfItem(atPath: path + ".lock")[.posixPermissions] as? Int
        #expect(lockMode == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["vault", "vault.lock"])
    }

    @Test func showsNeitherNamesNorSecretsInTheFile() throws {
        let vault = try create()
        let random = try SecretBytes.random(count: 32)
        try vault.apply([.store(random, name: "a name to look for", replacing: nil)])
        let file = Data(try bytes())
        #expect(file.range(of: Data(random.bytes)) == nil)
        #expect(file.range(of: Data("a name to look for".utf8)) == nil)
        #expect(file.range(of: Data("open sesame".utf8)) == nil)
    }

    @Test func everySaveHasANewNonceAndTheSameSalt() throws {
        let vault = try create()
        let first = try SealedFileVault.Envelope.parse(try bytes())
        try vault.apply([.store(secret(1), name: "x", replacing: nil)])
        let second = try SealedFileVault.Envelope.parse(try bytes())
        #expect(first.nonce != second.nonce)
        #expect(first.salt == second.salt)
        #expect(first.check == second.check)
    }

    @Test func distinguishesAWrongPassphrase() throws {
        _ = try create()
        let wrong = try SecretBytes(Array("open Sesame".utf8))
        #expect(throws: VaultError.wrongPassphrase) { _ = try SealedFileVault.open(at: path, passphrase: wrong) }
        let empty = try SecretBytes(count: 0) { _ in }
        #expect(throws: VaultError.wrongPassphrase) { _ = try SealedFileVault.open(at: path, passphrase: empty) }
    }

    @Test func refusesToCreateWhatItCouldNotOpen() throws {
        let empty = try SecretBytes(count: 0) { _ in }
        #expect(throws: VaultError.emptyPassphrase) {
            _ = try SealedFileVault.create(at: path, passphrase: empty, cost: cost)
        }
        for (operations, memory) in [(0, 8192), (17, 8192), (1, 4096), (1, 8200), (1, (1 << 30) + 1024)] {
            let cost = Argon2id.Cost(operations: operations, memoryBytes: memory)
            #expect(throws: VaultError.costOutOfBounds) {
                _ = try SealedFileVault.create(at: path, passphrase: passphrase, cost: cost)
            }
        }
        _ = try create()
        #expect(throws: VaultError.alreadyExists) { _ = try create() }
    }

    @Test func namesWhatIsWrongWithThePath() throws {
        #expect(throws: VaultError.noVault) { _ = try open() }
        #expect(throws: VaultError.noDirectory) {
            _ = try SealedFileVault.create(at: path + "/no/vault", passphrase: passphrase, cost: cost)
        }
        #expect(throws: VaultError.notAFile) {
            _ = try SealedFileVault.open(at: folder.path, passphrase: passphrase)
        }
        let vault = try create()
        try vault.apply([.store(secret(1), name: "x", replacing: nil)])
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: path)
        #expect(throws: VaultError.notAFile) {
            _ = try SealedFileVault.open(at: folder.path + "/link", passphrase: passphrase)
        }
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        #expect(throws: VaultError.notAFile) {
            _ = try SealedFileVault.open(at: folder.path + "/pipe", passphrase: passphrase)
        }
        #expect(chmod(path, 0o640) == 0)
        #expect(throws: VaultError.permissionsTooOpen(mode: 0o640)) { _ = try open() }
        #expect(chmod(path, 0o600) == 0)
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: VaultError.noVault) { _ = try vault.load("x") }
    }

    @Test func opensByARelativePath() throws {
        let name = "kelmark-" + UUID().uuidString
        defer { for end in ["", ".lock"] { try? FileManager.default.removeItem(atPath: name + end) } }
        _ = try SealedFileVault.create(at: name, passphrase: passphrase, cost: cost)
        #expect(try SealedFileVault.open(at: name, passphrase: passphrase).list() == [])
    }

    @Test func changesThePassphrase() throws {
        let vault = try create()
        let other = try open()
        try vault.apply([.store(secret(1), name: "x", replacing: nil)])
        let before = try SealedFileVault.Envelope.parse(try bytes())
        let new = try SecretBytes(Array("new words".utf8))
        try vault.changePassphrase(to: new, cost: cost)
        #expect(throws: VaultError.wrongPassphrase) { _ = try open() }
        #expect(throws: VaultError.passphraseChanged) { _ = try other.load("x") }
        #expect(throws: VaultError.passphraseChanged) { try other.apply([.delete(name: "x", version: nil)]) }
        #expect(try SealedFileVault.open(at: path, passphrase: new).load("x") == secret(1))
        try vault.apply([.store(secret(2), name: "y", replacing: nil)])
        #expect(try SealedFileVault.open(at: path, passphrase: new).load("y") == secret(2))
        #expect(try SealedFileVault.Envelope.parse(try bytes()).salt != before.salt)
        let empty = try SecretBytes(count: 0) { _ in }
        #expect(throws: VaultError.emptyPassphrase) { try vault.changePassphrase(to: empty, cost: cost) }
    }

    @Test func noticesAnOlderFile() throws {
        let vault = try create()
        let old = try bytes()
        try vault.apply([.store(secret(1), name: "x", replacing: nil)])
        try Data(old).write(to: URL(filePath: path))
        #expect(throws: VaultError.rolledBack) { _ = try vault.load("x") }
        #expect(throws: VaultError.rolledBack) { try vault.apply([.delete(name: "x", version: nil)]) }
    }

    @Test func writersSeeEachOther() async throws {
        _ = try create()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                let vault = try open()
                group.addTask {
                    for number in 0..<10 {
                        try await vault.store(VaultFailureTests.secret(UInt8(number)), as: "\(writer)-\(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try open().list().count == 40)
    }
}
