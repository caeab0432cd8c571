// SPDX-License-Identifier: Apache-2.0

public import KERI

/// Where messages wait for those who fetch them (facts 9.5). One sequence for each recipient and topic, counted from 0;
/// an index is never used twice, also when old messages have been dropped.
public protocol MailboxStore: Sendable {
    /// Keeps a message durably behind those that are there.
    /// - Returns: its index.
    /// - Throws: ``StoreError``; `full` when the recipient's mailbox has no room.
    func append(_ message: [UInt8], to box: Mailbox, now: Timestamp) throws -> UInt64
    /// Messages from an index on in order, at most `limit`.
    /// - Throws: ``StoreError``.
    func messages(in box: Mailbox, from index: UInt64, limit: Int) throws -> [MailboxMessage]
    /// Drops what is older than a time.
    /// - Returns: how many messages were dropped.
    /// - Throws: ``StoreError``.
    func dropMessages(before time: Timestamp) throws -> Int
}

/// Names one sequence of messages.
public struct Mailbox: Sendable, Hashable {
    /// For whom.
    public let recipient: AID
    /// Such as `/receipt`, with its slash.
    public let topic: String

    /// Joins the two.
    public init(recipient: AID, topic: String) {
        self.recipient = recipient
        self.topic = topic
    }
}

/// A message that waits.
public struct MailboxMessage: Sendable, Hashable {
    /// Its place, from 0.
    public let index: UInt64
    /// The message with its attachments, CESR text.
    public let message: [UInt8]
    /// When it arrived.
    public let since: Timestamp

    /// Collects a message.
    public init(index: UInt64, message: [UInt8], since: Timestamp) {
        self.index = index
        self.message = message
        self.since = since
    }
}

/// How much may wait in mailboxes; strangers write into them.
public struct MailboxLimits: Sendable, Hashable {
    /// Most messages of one recipient, over all topics.
    public var perRecipient: Int
    /// Most messages in all.
    public var total: Int

    /// Collects the bounds.
    public init(perRecipient: Int = 2_000, total: Int = 100_000) {
        self.perRecipient = perRecipient
        self.total = total
    }
}
