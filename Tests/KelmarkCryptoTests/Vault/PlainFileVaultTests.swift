// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkCrypto
import Testing

@Suite struct PlainFileVaultTests {
    let folder = try! TemporaryFolder()
    var path: String { folder.path + "/keys" }

    func secret(_ byte: UInt8) -> SecretBytes { VaultFailureTests.secret(byte) }

    func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    /// Puts other bytes there, for the owner only.
    func replace(with bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    @Test func keepsSecretsOverReopening() async throws {
        let vault: any KeyVault = try PlainFileVault.open(at: path)
        #expect(try await vault.list() == [])
        try await vault.store(secret(1), as: "b")
        try await vault.store(secret(2), as: "a")
        try await vault.apply([.delete(name: "b", version: nil), .store(secret(3), name: "c", replacing: nil)])
        let again = try PlainFileVault.open(at: path)
        #expect(again.list().map(\.name) == ["a", "c"])
        #expect(try again.load("c") == secret(3))
        #expect(throws: VaultError.noSuchName("b")) { try again.load("b") }
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func aChangeThatFailsChangesNothing() async throws {
        let vault = try PlainFileVault.open(at: path)
        try vault.apply([.store(secret(1), name: "a", replacing: nil)])
        let before = try bytes()
        #expect(throws: VaultError.noSuchName("x")) {
            try vault.apply([.store(secret(2), name: "b", replacing: nil), .delete(name: "x", version: nil)])
        }
        #expect(try bytes() == before)
        #expect(vault.list().map(\.name) == ["a"])
    }

    @Test func aFileThatIsOpenToOthersIsRefused() throws {
        _ = try PlainFileVault.open(at: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(throws: VaultError.permissionsTooOpen(mode: 0o640)) { try PlainFileVault.open(at: path) }
    }

    @Test func damageIsFound() throws {
        let vault = try PlainFileVault.open(at: path)
        try vault.apply([.store(secret(1), name: "a", replacing: nil)])
        let good = try bytes()
        for place in good.indices {
            var damaged = good
            damaged[place] ^= 1
            try replace(with: damaged)
            #expect(throws: VaultError.self) { try PlainFileVault.open(at: path) }
        }
        for count in [0, 5, 9, 10, 25, 26, good.count - 1] {
            try replace(with: Array(good[..<count]))
            #expect(throws: VaultError.self) { try PlainFileVault.open(at: path) }
        }
        try replace(with: good + [0])
        #expect(throws: VaultError.damaged(.content)) { try PlainFileVault.open(at: path) }
        var newer = good
        newer[9] = 2
        try replace(with: newer)
        #expect(throws: VaultError.vaultTooNew(version: 2)) { try PlainFileVault.open(at: path) }
        try replace(with: Array("something else, long enough".utf8))
        #expect(throws: VaultError.notAVault) { try PlainFileVault.open(at: path) }
    }

    @Test func aSecondWriterIsNoticed() throws {
        let one = try PlainFileVault.open(at: path)
        let other = try PlainFileVault.open(at: path)
        try one.apply([.store(secret(1), name: "a", replacing: nil)])
        #expect(throws: VaultError.rolledBack) { try other.apply([.store(secret(2), name: "b", replacing: nil)]) }
        #expect(try PlainFileVault.open(at: path).list().map(\.name) == ["a"])
    }

    @Test func theDirectoryMustBeThere() {
        #expect(throws: VaultError.noDirectory) { try PlainFileVault.open(at: folder.path + "/none/keys") }
    }
}
