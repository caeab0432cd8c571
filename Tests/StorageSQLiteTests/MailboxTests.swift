// SPDX-License-Identifier: Apache-2.0

import GRDB
import KERI
import KERINetwork
import StorageSQLite
import Testing

/// One suite for the mailboxes in memory and in SQLite.
struct MailboxTests {
    enum Kind: CaseIterable { case memory, sqlite }

    static let now = Timestamp(seconds: 1_750_000_000)
    static let alice = AID("EKcui4S--aMhBVRpjP8r2Q9buW8W1nwHU_W-Udd_0qHm")!
    static let bob = AID("BGjHh7QmvFg6b-TpXC9no8XMJ9bKlA6YUh_07L0uykeL")!

    static func store(_ kind: Kind, _ folder: TemporaryFolder, _ limits: MailboxLimits = .init()) throws
        -> any MailboxStore
    {
        switch kind {
        case .memory: MemoryMailboxStore(limits: limits)
        case .sqlite: SQLiteMailboxStore(try SQLiteKeyEventStore(path: folder.path("store.db")), limits: limits)
        }
    }

    @Test(arguments: Kind.allCases) func keepsTheOrderOfEachTopic(_ kind: Kind) throws {
        let folder = try TemporaryFolder()
        let store = try Self.store(kind, folder)
        let receipts = Mailbox(recipient: Self.alice, topic: "/receipt")
        let replies = Mailbox(recipient: Self.alice, topic: "/reply")
        for number in 0..<5 as Range<UInt8> {
            #expect(try store.append([number], to: receipts, now: Self.now) == UInt64(number))
        }
        #expect(try store.append([9], to: replies, now: Self.now) == 0)
        #expect(try store.append([8], to: Mailbox(recipient: Self.bob, topic: "/receipt"), now: Self.now) == 0)
        #expect(try store.messages(in: receipts, from: 0, limit: 2).map(\.message) == [[0], [1]])
        #expect(try store.messages(in: receipts, from: 3, limit: 10).map(\.index) == [3, 4])
        #expect(try store.messages(in: receipts, from: 5, limit: 10).isEmpty)
        #expect(try store.messages(in: receipts, from: .max, limit: 10).isEmpty)
        #expect(try store.messages(in: replies, from: 0, limit: 10).map(\.since) == [Self.now])
        #expect(try store.messages(in: Mailbox(recipient: Self.bob, topic: "/x"), from: 0, limit: 9).isEmpty)
    }

    /// A reader that remembers where it stood must not be handed another message under an old number.
    @Test(arguments: Kind.allCases) func numbersAreUsedOnce(_ kind: Kind) throws {
        let folder = try TemporaryFolder()
        let store = try Self.store(kind, folder)
        let box = Mailbox(recipient: Self.alice, topic: "/receipt")
        for _ in 0..<3 { _ = try store.append([1], to: box, now: Self.now) }
        #expect(try store.dropMessages(before: Self.now) == 0)
        #expect(try store.dropMessages(before: Self.now.advanced(bySeconds: 1)) == 3)
        #expect(try store.messages(in: box, from: 0, limit: 9).isEmpty)
        #expect(try store.append([2], to: box, now: Self.now) == 3)
    }

    @Test(arguments: Kind.allCases) func areBounded(_ kind: Kind) throws {
        let folder = try TemporaryFolder()
        let store = try Self.store(kind, folder, MailboxLimits(perRecipient: 2, total: 3))
        let one = Mailbox(recipient: Self.alice, topic: "/a")
        let other = Mailbox(recipient: Self.alice, topic: "/b")
        _ = try store.append([1], to: one, now: Self.now)
        _ = try store.append([1], to: other, now: Self.now)
        #expect(throws: StoreError.self) { try store.append([1], to: one, now: Self.now) }
        let bob = Mailbox(recipient: Self.bob, topic: "/a")
        _ = try store.append([1], to: bob, now: Self.now)
        #expect(throws: StoreError.self) { try store.append([1], to: bob, now: Self.now) }
        #expect(try store.dropMessages(before: Self.now.advanced(bySeconds: 1)) == 3)
        #expect(try store.append([1], to: one, now: Self.now) == 1)
    }

    @Test func areThereAfterARestart() throws {
        let folder = try TemporaryFolder()
        let box = Mailbox(recipient: Self.alice, topic: "/receipt")
        do { _ = try Self.store(.sqlite, folder).append([7], to: box, now: Self.now) }
        let again = try Self.store(.sqlite, folder)
        #expect(try again.messages(in: box, from: 0, limit: 9).map(\.message) == [[7]])
        #expect(try again.append([8], to: box, now: Self.now) == 1)
    }

    /// A file of the version before mailboxes gets them, and keeps what it has.
    @Test func oldFilesGetMailboxes() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("store.db")
        do { _ = try SQLiteKeyEventStore(path: path) }
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            try database.execute(
                sql: """
                    DROP TABLE mails; DROP TABLE mailboxes; DROP TABLE mail_counts; DROP TABLE mail_total;
                    DELETE FROM grdb_migrations WHERE identifier = 'mailboxes';
                    PRAGMA user_version = 1;
                    """)
        }
        try queue.close()
        let store = try Self.store(.sqlite, folder)
        #expect(try store.append([7], to: Mailbox(recipient: Self.alice, topic: "/x"), now: Self.now) == 0)
    }
}
