// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Wrong passphrases, files of newer versions, folders that can't be written, full disks.
@Suite(.timeLimit(.minutes(5))) struct BadHomeTests {
    private func home() throws -> Sandbox {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        try box.kelmark("id create alice", expecting: 0)
        return box
    }

    private func files(_ box: Sandbox) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in ["keys.vault", "wallet.json"] { files[name] = try box.read("home/" + name) }
        return files
    }

    private func expect(
        _ box: Sandbox, _ line: String, _ code: String, _ status: Int32, environment: [String: String?] = [:],
        location: SourceLocation = #_sourceLocation
    ) throws {
        let run = try box.kelmark(line + " --json", environment: environment)
        #expect(run.status == status, "\(run.errors)", sourceLocation: location)
        #expect(try run.code() == code, sourceLocation: location)
        let error = try run.envelope()["error"]
        #expect(error?["cause"]?.textValue?.isEmpty == false && error?["next"]?.textValue?.isEmpty == false)
        #expect(try box.kelmark("explain \(code)").status == 0)
    }

    @Test func passphrases() throws {
        let box = try home()
        let before = try (box.contents(), files(box))
        try box.write("another passphrase\n", to: "wrong", mode: 0o600)
        try box.write("", to: "empty", mode: 0o600)
        try box.write("correct horse battery staple\n", to: "open", mode: 0o644)
        try expect(box, "id rotate alice --passphrase-file wrong", "KM-VAULT-WRONG-PASSPHRASE", 1)
        try expect(box, "id rotate alice --passphrase-file nowhere", "KM-PASSPHRASE-UNREADABLE", 4)
        try expect(box, "id rotate alice --passphrase-file empty", "KM-PASSPHRASE-UNREADABLE", 4)
        try expect(box, "id rotate alice --passphrase-file open", "KM-PASSPHRASE-EXPOSED", 1)
        try expect(box, "id rotate alice", "KM-PASSPHRASE-MISSING", 2, environment: ["KELMARK_PASSPHRASE_FILE": nil])
        try expect(box, "id rotate alice --passphrase-fd 77", "KM-PASSPHRASE-UNREADABLE", 4)
        #expect(try box.contents() == before.0)
        #expect(try files(box) == before.1)
        try box.write("short\n", to: "short", mode: 0o600)
        try expect(box, "init --home other --passphrase-file short", "KM-PASSPHRASE-SHORT", 2)
        // The descriptor, and the credential of systemd.
        let byDescriptor = try box.run(
            ["id", "rotate", "alice", "--passphrase-fd", "0"], environment: ["KELMARK_PASSPHRASE_FILE": nil],
            input: Array("correct horse battery staple\n".utf8))
        #expect(byDescriptor.status == 0, "\(byDescriptor.errors)")
        try FileManager.default.createDirectory(
            at: box.folder.appending(path: "cred"), withIntermediateDirectories: true)
        try box.write("correct horse battery staple", to: "cred/kelmark-passphrase", mode: 0o440)
        let byCredential = try box.kelmark(
            "id rotate alice",
            environment: ["KELMARK_PASSPHRASE_FILE": nil, "CREDENTIALS_DIRECTORY": box.path("cred")])
        #expect(byCredential.status == 0, "\(byCredential.errors)")
    }

    @Test func newerVersions() throws {
        let box = try home()
        let vault = try box.read("home/keys.vault")
        var newer = vault
        newer.replaceSubrange(8..<10, with: [0x7F, 0xFF])
        try box.write(newer, to: "home/keys.vault", mode: 0o600)
        try expect(box, "id rotate alice", "KM-VAULT-TOO-NEW", 5)
        #expect(try box.read("home/keys.vault") == newer)
        try box.write(vault, to: "home/keys.vault", mode: 0o600)

        let book = try box.read("home/wallet.json")
        try box.write(
            StreamMaker.replacing(#""version":1"#, with: #""version":9"#, in: book), to: "home/wallet.json", mode: 0o600
        )
        try expect(box, "id list", "KM-HOME-TOO-NEW", 5)
        try expect(box, "id rotate alice", "KM-HOME-TOO-NEW", 5)
        try box.write(book, to: "home/wallet.json", mode: 0o600)

        // The write-ahead log may be newer than the header, so everything is brought into one file first.
        try settle(box)
        let store = try box.read("home/events.sqlite")
        var future = store
        future.replaceSubrange(60..<64, with: [0, 0, 0x7F, 0xFF])
        try box.write(future, to: "home/events.sqlite", mode: 0o600)
        try expect(box, "id list", "KM-STORE-TOO-NEW", 5)
        try expect(box, "id rotate alice", "KM-STORE-TOO-NEW", 5)
        #expect(try box.read("home/events.sqlite") == future)
        try box.write(store, to: "home/events.sqlite", mode: 0o600)
        try box.kelmark("id rotate alice", expecting: 0)
    }

    /// Makes the store one file without a write-ahead log, as a clean copy is.
    private func settle(_ box: Sandbox) throws {
        let merged = try Sandbox.run(
            "/usr/bin/env",
            [
                "python3", "-c",
                "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('pragma "
                    + "wal_checkpoint(truncate)'); c.close()",
                box.home + "/events.sqlite",
            ], in: box.folder, environment: box.environment)
        try #require(merged.status == 0, "\(merged.errors)")
    }

    @Test func damagedFiles() throws {
        let box = try home()
        let vault = try box.read("home/keys.vault")
        for (bytes, code, status) in [
            (Array(vault.dropLast(5)), "KM-VAULT-DAMAGED", Int32(70)), (Array("hello".utf8), "KM-VAULT-NOT-A-VAULT", 1),
            (vault.dropLast() + [vault[vault.count - 1] ^ 1], "KM-VAULT-DAMAGED", 70),
        ] {
            try box.write(bytes, to: "home/keys.vault", mode: 0o600)
            try expect(box, "id rotate alice", code, status)
        }
        try box.write(vault, to: "home/keys.vault", mode: 0o644)
        try expect(box, "id rotate alice", "KM-VAULT-PERMISSIONS-TOO-OPEN", 1)
        try box.write(vault, to: "home/keys.vault", mode: 0o600)
        let book = try box.read("home/wallet.json")
        try box.write("{}", to: "home/wallet.json", mode: 0o600)
        try expect(box, "id list", "KM-HOME-DAMAGED", 70)
        try box.write(book, to: "home/wallet.json", mode: 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: box.home)
        try expect(box, "id list", "KM-HOME-PERMISSIONS", 1)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: box.home)
        try box.kelmark("id rotate alice", expecting: 0)
        try FileManager.default.removeItem(atPath: box.home + "/keys.vault")
        try expect(box, "id rotate alice", "KM-VAULT-NO-VAULT", 4)
    }

    @Test func storeThatIsNoDatabase() throws {
        let box = try home()
        for name in ["events.sqlite-wal", "events.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: box.home + "/" + name)
        }
        try box.write(
            "this is no database, and long enough to be read as one; " + String(repeating: "x", count: 200),
            to: "home/events.sqlite", mode: 0o600)
        try expect(box, "id list", "KM-STORE-CORRUPT", 70)
    }

    @Test func unwritableFolders() throws {
        let box = try home()
        try box.write("x", to: "file")
        try expect(box, "init --home file/home", "KM-HOME-UNWRITABLE", 70)
        try expect(box, "init --home file", "KM-HOME-UNWRITABLE", 70)
        let closed = try FaultyDisk.environment(.closed, "/other", in: box)
        try expect(box, "init --home other/home", "KM-HOME-UNWRITABLE", 70, environment: closed)
        #expect(!FileManager.default.fileExists(atPath: box.path("other")))

        let before = try (box.contents(), files(box))
        let vault = try FaultyDisk.environment(.closed, "keys.vault", in: box)
        try expect(box, "id rotate alice", "KM-VAULT-NOT-PERMITTED", 70, environment: vault)
        let book = try FaultyDisk.environment(.closed, "wallet.json", in: box)
        try expect(box, "id create bob", "KM-HOME-UNWRITABLE", 70, environment: book)
        let out = try FaultyDisk.environment(.closed, "alice.cesr", in: box)
        try expect(box, "id export alice --out alice.cesr", "KM-INPUT-UNWRITABLE", 70, environment: out)
        #expect(try box.contents() == before.0)
        #expect(try box.read("home/wallet.json") == before.1["wallet.json"])
        try box.kelmark("id create bob", expecting: 0)
        try box.kelmark("id rotate alice", expecting: 0)
    }

    @Test func fullDisks() throws {
        let box = try home()
        let before = try (box.contents(), files(box))
        let vault = try FaultyDisk.environment(.full, "keys.vault", in: box)
        try expect(box, "id rotate alice", "KM-VAULT-DISK-FULL", 70, environment: vault)
        try expect(box, "id create bob", "KM-VAULT-DISK-FULL", 70, environment: vault)
        #expect(try files(box) == before.1)
        #expect(try box.contents() == before.0)

        let book = try FaultyDisk.environment(.full, "wallet.json", in: box)
        try expect(box, "id create bob", "KM-HOME-FULL", 70, environment: book)
        #expect(try box.contents() == before.0)
        #expect(try box.read("home/wallet.json") == before.1["wallet.json"])

        let store = try FaultyDisk.environment(.full, "events.sqlite", in: box)
        try expect(box, "id create bob", "KM-STORE-FULL", 70, environment: store)
        try expect(box, "id rotate alice", "KM-STORE-FULL", 70, environment: store)
        #expect(try box.contents() == before.0)

        // With room everything goes on, with the same name.
        try box.kelmark("id create bob", expecting: 0)
        try box.kelmark("id rotate alice", expecting: 0)
        try box.kelmark("doctor", expecting: 0)
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: box.home).filter { $0.contains(".new") }
        #expect(leftovers.isEmpty)
    }

    @Test func initThatWasInterrupted() throws {
        let box = try Sandbox()
        let book = try FaultyDisk.environment(.full, "wallet.json", in: box)
        try expect(box, "init", "KM-HOME-FULL", 70, environment: book)
        #expect(try box.kelmark("id list --json", expecting: 4).code() == "KM-HOME-MISSING")
        try box.kelmark("init", expecting: 0)
        try box.kelmark("id create alice", expecting: 0)
    }

    @Test func twoProcessesTakeTurns() async throws {
        let box = try home()
        let statuses = try await withThrowingTaskGroup(of: Int32.self) { group in
            for _ in 0..<6 { group.addTask { try box.kelmark("id anchor alice --empty").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == [0, 0, 0, 0, 0, 0])
        #expect(try box.kelmark("id show alice --json", expecting: 0).data()["state"]?["s"] == "6")
    }
}
