// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KelmarkCrypto

/// The rules that every vault shares.
@Suite struct VaultContentTests {
    func secret(_ count: Int = 3) throws -> SecretBytes { try SecretBytes(pattern(count)) }

    @Test func replacesOnlyTheVersionThatIsMeant() async throws {
        let vault = InMemoryVault()
        try await vault.store(secret(1), as: "x")
        let first = try #require(vault.list().first).version
        #expect(throws: VaultError.nameTaken("x")) { try vault.apply([.store(secret(), name: "x", replacing: nil)]) }
        try await vault.store(secret(2), as: "x", replacing: first)
        let second = try #require(vault.list().first).version
        #expect(second > first)
        let conflict = VaultError.versionConflict("x", expected: first, found: second)
        #expect(throws: conflict) { try vault.apply([.store(secret(), name: "x", replacing: first)]) }
        #expect(throws: conflict) { try vault.apply([.delete(name: "x", version: first)]) }
        #expect(throws: VaultError.noSuchName("y")) { try vault.apply([.store(secret(), name: "y", replacing: 1)]) }
        #expect(throws: VaultError.noSuchName("y")) { try vault.apply([.delete(name: "y", version: nil)]) }
        #expect(throws: VaultError.noSuchName("y")) { _ = try vault.load("y") }
        #expect(try vault.load("x").bytes == pattern(2))
        try await vault.delete("x", version: second)
        #expect(vault.list() == [])
        try await vault.store(secret(1), as: "x")
        #expect(try #require(vault.list().first).version > second)
    }

    @Test func makesAllChangesOrNone() throws {
        let vault = InMemoryVault()
        #expect(throws: VaultError.noSuchName("z")) {
            try vault.apply([
                .store(secret(), name: "x", replacing: nil), .store(secret(), name: "y", replacing: nil),
                .delete(name: "z", version: nil),
            ])
        }
        #expect(vault.list() == [])
        try vault.apply([.store(secret(), name: "x", replacing: nil), .delete(name: "x", version: nil)])
        #expect(vault.list() == [])
    }

    @Test(arguments: ["", "tab\t", "é", "line\n", "\u{7f}", String(repeating: "n", count: 256)])
    func refusesNames(_ name: String) {
        #expect(throws: VaultError.invalidName) {
            try InMemoryVault().apply([.store(secret(), name: name, replacing: nil)])
        }
    }

    @Test func refusesTooMuch() throws {
        let vault = InMemoryVault()
        #expect(throws: VaultError.tooLarge) {
            try vault.apply([.store(secret((64 << 10) + 1), name: "x", replacing: nil)])
        }
        let largest = try secret(64 << 10)
        try vault.apply((0..<255).map { .store(largest, name: "\($0)", replacing: nil) })
        #expect(throws: VaultError.tooLarge) { try vault.apply([.store(largest, name: "x", replacing: nil)]) }
        #expect(vault.list().count == 255)
    }

    static func sample() throws -> VaultContent {
        var content = VaultContent()
        try content.apply([
            .store(SecretBytes(pattern(3)), name: "a", replacing: nil),
            .store(SecretBytes(pattern(0)), name: "b", replacing: nil),
        ])
        try content.apply([.store(SecretBytes(pattern(40)), name: "B", replacing: nil)])
        return content
    }

    @Test func readsWhatItWrites() throws {
        let bytes = try Self.sample().encoded()
        #expect(
            bytes.bytes
                == hex(
                    "0000000000000002" + "00000003" + "0142" + "0000000000000002" + "00000028"
                        + "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"
                        + "0161" + "0000000000000001" + "00000003" + "000102" + "0162" + "0000000000000001" + "00000000"
                ))
        let content = try VaultContent(parsing: bytes)
        #expect(content.generation == 2)
        #expect(content.entries.map(\.name) == ["B", "a", "b"])
        #expect(content.entries.map(\.version) == [2, 1, 1])
        #expect(try content.load("B").bytes == pattern(40))
        #expect(try content.encoded() == bytes)
    }

    @Test func refusesEveryOtherForm() throws {
        func parse(_ bytes: [UInt8]) throws { _ = try VaultContent(parsing: SecretBytes(bytes)) }
        let bytes = try Self.sample().encoded().bytes
        for count in bytes.indices {
            #expect(throws: VaultError.damaged(.content)) { try parse(Array(bytes[..<count])) }
        }
        #expect(throws: VaultError.damaged(.content)) { try parse(bytes + [0]) }
        func entry(_ name: String, version: Int = 1, count: String = "00000000") -> [UInt8] {
            [UInt8(name.utf8.count)] + Array(name.utf8) + hex("00000000000000") + [UInt8(version)] + hex(count)
        }
        let one = hex("0000000000000001" + "00000001")
        let two = hex("0000000000000001" + "00000002")
        try parse(one + entry("x"))
        try parse(two + entry("x") + entry("y"))
        for broken in [
            two + entry("y") + entry("x"),  // not sorted
            two + entry("x") + entry("x"),  // twice
            one + entry(""), one + entry("\u{1}"), one + entry("é"),  // no names
            one + entry("x", version: 2),  // from the future
            one + entry("x", count: "00010001") + [UInt8](repeating: 0, count: 65537),  // too large
            hex("0000000000000001" + "ffffffff") + entry("x"),
        ] {
            #expect(throws: VaultError.damaged(.content)) { try parse(broken) }
        }
    }
}
