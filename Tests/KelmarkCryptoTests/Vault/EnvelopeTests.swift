// SPDX-License-Identifier: Apache-2.0

import KelmarkCrypto
import Testing

@Suite struct EnvelopeTests {
    typealias Envelope = SealedFileVault.Envelope

    /// A vault file with one secret.
    static let file: [UInt8] = {
        let disk = FakeDisk()
        let vault = try! SealedFileVault.create(
            at: "/vault", passphrase: VaultFailureTests.passphrase, cost: VaultFailureTests.cost, fileSystem: disk)
        try! vault.apply([.store(VaultFailureTests.secret(1), name: "x", replacing: nil)])
        return disk.contents("/vault")!
    }()

    func parse(_ bytes: [UInt8]) throws -> Envelope { try Envelope.parse(bytes) }

    func open(_ bytes: [UInt8]) throws {
        let disk = FakeDisk()
        disk.put(bytes, at: "/vault")
        let vault = try SealedFileVault.open(
            at: "/vault", passphrase: VaultFailureTests.passphrase, fileSystem: disk)
        _ = try vault.load("x")
    }

    /// Changes bytes of the header and repairs its checksum, as somebody with intent would.
    func forged(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes = Self.file
        change(&bytes)
        let checksum = BLAKE3.hash(Array(bytes[..<80]), count: 16)
        bytes.replaceSubrange(80..<96, with: checksum)
        return bytes
    }

    @Test func readsWhatItWrites() throws {
        let envelope = try parse(Self.file)
        #expect(envelope.encoded == Self.file)
        #expect(envelope.cost == VaultFailureTests.cost)
        #expect(Array(Self.file[..<8]) == Envelope.mark)
        #expect(Self.file.count == Envelope.headerByteCount + envelope.sealed.count)
        try open(Self.file)
    }

    @Test func refusesEveryTruncation() {
        for count in Self.file.indices {
            let expected: VaultError =
                count < 8 ? .notAVault : count < Envelope.headerByteCount ? .damaged(.header) : .damaged(.seal)
            #expect(throws: expected, "\(count)") { _ = try parse(Array(Self.file[..<count])) }
        }
        #expect(throws: VaultError.damaged(.seal)) { _ = try parse(Self.file + [0]) }
    }

    @Test func refusesEveryChangedBit() {
        for index in Self.file.indices {
            for bit in 0..<8 {
                var bytes = Self.file
                bytes[index] ^= 1 << bit
                let codes: Set<String> =
                    switch index {
                    case 0..<8: ["not-a-vault"]
                    case 8..<10: ["vault-too-new", "vault-damaged"]
                    default: ["vault-damaged"]
                    }
                do {
                    try open(bytes)
                    Issue.record("bit \(bit) of byte \(index) is not noticed")
                } catch {
                    #expect(codes.contains((error as? VaultError)?.code ?? ""), "byte \(index): \(error)")
                }
            }
        }
    }

    @Test func saysThatAVaultIsTooNewWhateverFollows() {
        var bytes = Self.file
        bytes[9] = 2
        #expect(throws: VaultError.vaultTooNew(version: 2)) { _ = try parse(bytes) }
        #expect(throws: VaultError.vaultTooNew(version: 2)) { _ = try parse(Array(bytes[..<10])) }
        bytes[8] = 0xff
        #expect(throws: VaultError.vaultTooNew(version: 0xff02)) { _ = try parse(bytes) }
    }

    @Test func refusesForgedHeaders() {
        #expect(throws: VaultError.damaged(.header)) { _ = try parse(forged { $0[9] = 0 }) }
        #expect(throws: VaultError.damaged(.header)) { _ = try parse(forged { $0[10] = 2 }) }
        #expect(throws: VaultError.damaged(.header)) { _ = try parse(forged { $0[11] = 2 }) }
        // 100 GiB, 1 GiB and 1 KiB, 4 KiB; no pass, 17 passes, four thousand million.
        for memory: [UInt8] in [[6, 0x40, 0, 0], [0, 0x10, 0, 1], [0, 0, 0, 4], [0, 0, 0, 0]] {
            #expect(throws: VaultError.costOutOfBounds) {
                _ = try parse(forged { $0.replaceSubrange(16..<20, with: memory) })
            }
        }
        for operations: [UInt8] in [[0, 0, 0, 0], [0, 0, 0, 17], [0xff, 0xff, 0xff, 0xff]] {
            #expect(throws: VaultError.costOutOfBounds) {
                _ = try parse(forged { $0.replaceSubrange(12..<16, with: operations) })
            }
        }
        #expect(throws: VaultError.tooLarge) {
            _ = try parse(forged { $0.replaceSubrange(76..<80, with: [0x02, 0, 0, 0]) })
        }
        #expect(throws: VaultError.damaged(.header)) {
            _ = try parse(forged { $0.replaceSubrange(76..<80, with: [0, 0, 0, 15]) })
        }
        // Nobody without the passphrase can make these open.
        #expect(throws: VaultError.wrongPassphrase) { try open(forged { $0[15] = 2 }) }
        #expect(throws: VaultError.wrongPassphrase) { try open(forged { $0[19] = 9 }) }
        #expect(throws: VaultError.wrongPassphrase) { try open(forged { $0[20] ^= 1 }) }
        #expect(throws: VaultError.damaged(.seal)) { try open(forged { $0[36] ^= 1 }) }
        #expect(throws: VaultError.wrongPassphrase) { try open(forged { $0[60] ^= 1 }) }
    }
}

@Suite struct VaultErrorTests {
    @Test func everyErrorHasACodeAndANextStep() {
        let errors: [VaultError] = [
            .noVault, .alreadyExists, .noDirectory, .notAFile, .notAVault, .vaultTooNew(version: 2), .damaged(.header),
            .wrongPassphrase, .emptyPassphrase, .passphraseChanged, .rolledBack, .costOutOfBounds,
            .permissionsTooOpen(mode: 0o644), .tooLarge, .busy, .diskFull, .notPermitted(.open),
            .storage(.read, errno: 5), .invalidName, .nameTaken("x"), .noSuchName("x"),
            .versionConflict("x", expected: 1, found: 2), .crypto(.outOfMemory),
        ]
        #expect(Set(errors.map(\.code)).count == errors.count)
        #expect(Set(errors.map(\.nextStep)).count == errors.count)
        #expect(VaultError.crypto(.libraryUnusable).nextStep != VaultError.crypto(.outOfMemory).nextStep)
    }
}
