// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import Synchronization

/// Mailboxes in memory, for tests and for nodes that may forget.
public final class MemoryMailboxStore: MailboxStore {
    private struct Box {
        var next: UInt64 = 0
        var messages: [MailboxMessage] = []
    }

    private let limits: MailboxLimits
    private let boxes = Mutex<[Mailbox: Box]>([:])

    /// Makes an empty one.
    public init(limits: MailboxLimits = MailboxLimits()) { self.limits = limits }

    /// Keeps a message.
    public func append(_ message: [UInt8], to box: Mailbox, now: Timestamp) throws -> UInt64 {
        try boxes.withLock { boxes in
            let held = boxes.reduce(into: 0) { sum, one in
                if one.key.recipient == box.recipient { sum += one.value.messages.count }
            }
            let all = boxes.values.reduce(0) { $0 + $1.messages.count }
            guard held < limits.perRecipient, all < limits.total else {
                throw StoreError(.full, "the mailbox of \(box.recipient) is full")
            }
            var found = boxes[box] ?? Box()
            let index = found.next
            found.messages.append(MailboxMessage(index: index, message: message, since: now))
            found.next += 1
            boxes[box] = found
            return index
        }
    }

    /// Messages from an index on.
    public func messages(in box: Mailbox, from index: UInt64, limit: Int) -> [MailboxMessage] {
        boxes.withLock { boxes in
            Array((boxes[box]?.messages ?? []).drop { $0.index < index }.prefix(max(0, limit)))
        }
    }

    /// Drops what is older; the numbers go on.
    public func dropMessages(before time: Timestamp) -> Int {
        boxes.withLock { boxes in
            var dropped = 0
            for (key, box) in boxes {
                let kept = box.messages.filter { $0.since >= time }
                dropped += box.messages.count - kept.count
                boxes[key]?.messages = kept
            }
            return dropped
        }
    }
}
