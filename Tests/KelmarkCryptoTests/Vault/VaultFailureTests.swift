// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkCrypto
import Testing

/// Random numbers from a seed that a failing test names.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

@Suite struct VaultFailureTests {
    static let path = "/keys/vault"
    static let cost = Argon2id.Tier.temporary.cost
    static let passphrase = try! SecretBytes(Array("open sesame".utf8))

    static func secret(_ byte: UInt8) -> SecretBytes {
        try! SecretBytes([UInt8](repeating: byte, count: 32))
    }

    /// A vault with one secret, and the calls that storing a second one takes.
    static func prepared() throws -> (FakeDisk, FailingFileSystem, SealedFileVault, callCount: Int) {
        let disk = FakeDisk()
        let files = FailingFileSystem(disk)
        let vault = try SealedFileVault.create(at: path, passphrase: passphrase, cost: cost, fileSystem: files)
        try vault.apply([.store(secret(1), name: "old", replacing: nil)])
        files.fail(at: nil)
        try vault.apply([.store(secret(2), name: "counted", replacing: nil)])
        return (disk, files, vault, files.calls.count)
    }

    @Test func aStoreWritesSynchronisesRenamesAndSynchronisesTheDirectory() throws {
        let (_, files, _, _) = try Self.prepared()
        #expect(
            files.calls == [
                "open lock", "lock", "open read", "status", "read", "remove", "open create", "write", "synchronize",
                "rename", "open directory", "synchronize",
            ])
    }

    @Test(arguments: [ENOSPC, EIO, EACCES, EDQUOT, EROFS])
    func theOldVaultOpensAfterAFailureAtEveryCall(_ number: Int32) throws {
        let callCount = try Self.prepared().callCount
        for call in 0..<callCount {
            let (disk, files, vault, _) = try Self.prepared()
            files.fail(at: call, with: number)
            var thrown: VaultError?
            do {
                try vault.apply([.store(Self.secret(3), name: "new", replacing: nil)])
            } catch {
                thrown = error
            }
            let failed = files.calls[call]
            files.fail(at: nil)
            let error = try #require(thrown, "\(failed) failed, the store did not")
            switch number {
            case ENOSPC, EDQUOT: #expect(error == .diskFull)
            case EACCES, EROFS: #expect(error.code == "not-permitted")
            default: #expect(error.code == "vault-storage-failed")
            }

            let isRenamed = call > 9
            let expected = isRenamed ? ["counted", "new", "old"] : ["counted", "old"]
            let opened = try SealedFileVault.open(at: Self.path, passphrase: Self.passphrase, fileSystem: disk)
            #expect(try opened.list().map(\.name) == expected, "after \(failed)")
            #expect(try opened.load("old") == Self.secret(1))
            // The object that failed goes on, and nothing half-written is in its way.
            #expect(try vault.list().map(\.name) == expected)
            try vault.apply([.store(Self.secret(4), name: "later", replacing: nil)])
            #expect(try opened.load("later") == Self.secret(4))
            #expect(!disk.paths.contains(Self.path + ".new"))
        }
    }

    @Test func aPowerLossAtEveryCallLeavesTheOldOrTheNewVault() throws {
        let callCount = try Self.prepared().callCount
        var outcomes: Set<Bool> = []
        for call in 0...callCount {
            for seed in 0..<20 {
                var random = SeededGenerator(state: UInt64(1000 * call + seed))
                let (disk, files, vault, _) = try Self.prepared()
                files.fail(at: call, isCrash: true)
                let isStored = (try? vault.apply([.store(Self.secret(3), name: "new", replacing: nil)])) != nil
                disk.losePower(using: &random)
                let opened = try SealedFileVault.open(at: Self.path, passphrase: Self.passphrase, fileSystem: disk)
                let isThere = try opened.list().contains { $0.name == "new" }
                #expect(try opened.load("old") == Self.secret(1))
                if isStored { #expect(isThere, "call \(call), seed \(seed)") }
                outcomes.insert(isThere)
                // It can be written again.
                try opened.apply([.store(Self.secret(5), name: "after", replacing: nil)])
                #expect(try opened.load("after") == Self.secret(5))
            }
        }
        #expect(outcomes == [true, false])
    }

    @Test func creationThatFailsLeavesNothingThatOpens() throws {
        let counting = FailingFileSystem(FakeDisk())
        _ = try SealedFileVault.create(
            at: Self.path, passphrase: Self.passphrase, cost: Self.cost, fileSystem: counting)
        let renameCall = try #require(counting.calls.firstIndex(of: "rename"))
        for call in 0...renameCall {
            let disk = FakeDisk()
            let files = FailingFileSystem(disk)
            files.fail(at: call, with: ENOSPC)
            #expect(throws: VaultError.diskFull, "\(counting.calls[call])") {
                _ = try SealedFileVault.create(
                    at: Self.path, passphrase: Self.passphrase, cost: Self.cost, fileSystem: files)
            }
            #expect(disk.contents(Self.path) == nil)
        }
    }

    @Test func writesThatTakeAPartAreContinued() throws {
        let (disk, _, vault, _) = try Self.prepared()
        disk.limitWrites(to: 7)
        try vault.apply([.store(Self.secret(3), name: "new", replacing: nil)])
        let opened = try SealedFileVault.open(at: Self.path, passphrase: Self.passphrase, fileSystem: disk)
        #expect(try opened.load("new") == Self.secret(3))
        disk.limitWrites(to: 0)
        #expect(throws: VaultError.storage(.write, errno: 0)) {
            try vault.apply([.delete(name: "new", version: nil)])
        }
    }

    @Test func waitsForAnotherWriterButNotForEver() throws {
        let (disk, files, vault, _) = try Self.prepared()
        let other = try disk.open(Self.path + ".lock", .lock)
        #expect(try disk.lock(other))
        #expect(throws: VaultError.busy) { try vault.apply([.delete(name: "old", version: nil)]) }
        #expect(disk.pauses == 199)
        #expect(try vault.load("old") == Self.secret(1))
        disk.close(other)
        try vault.apply([.delete(name: "old", version: nil)])
        #expect(files.calls.contains("lock"))
    }

    @Test func refusesFilesThatOthersMayOpen() throws {
        for mode: UInt32 in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666] {
            let (disk, _, vault, _) = try Self.prepared()
            disk.put(disk.contents(Self.path)!, at: Self.path, mode: mode)
            let expected = VaultError.permissionsTooOpen(mode: mode)
            #expect(throws: expected) {
                _ = try SealedFileVault.open(at: Self.path, passphrase: Self.passphrase, fileSystem: disk)
            }
            #expect(throws: expected) { try vault.load("old") }
            #expect(throws: expected) { try vault.apply([.delete(name: "old", version: nil)]) }
        }
    }

    @Test func refusesWhatIsNoFile() throws {
        let disk = FakeDisk()
        disk.put([], at: Self.path, isRegular: false)
        #expect(throws: VaultError.notAFile) {
            _ = try SealedFileVault.open(at: Self.path, passphrase: Self.passphrase, fileSystem: disk)
        }
    }

    @Test func refusesFilesLargerThanAVaultCanBe() throws {
        let (disk, _, _, _) = try Self.prepared()
        let vault = disk.contents(Self.path)!
        disk.put(vault + [UInt8](repeating: 0, count: 17 << 20), at: Self.path)
        #expect(throws: VaultError.damaged(.seal)) {
            _ = try SealedFileVault.open(at: Self.path, passphrase: Self.passphrase, fileSystem: disk)
        }
    }
}
