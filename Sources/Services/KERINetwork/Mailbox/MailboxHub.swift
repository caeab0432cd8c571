// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes
internal import Synchronization

/// The mailboxes of a node: takes messages in, and hands them to readers as they come (facts 9.5).
final class MailboxHub<Boxes: MailboxStore>: Sendable {
    private struct Readers {
        var next = 0
        var open: [Int: (recipient: AID, wake: AsyncStream<Void>.Continuation)] = [:]
    }

    private let boxes: Boxes
    private let readers = Mutex(Readers())
    /// Most readers at a time.
    private let mostReaders: Int

    init(_ boxes: Boxes, mostReaders: Int = 10_000) {
        self.boxes = boxes
        self.mostReaders = mostReaders
    }

    /// Keeps a message durably and wakes whoever reads that mailbox.
    func post(_ message: [UInt8], to recipient: AID, topic: String, now: Timestamp) throws {
        _ = try boxes.append(message, to: Mailbox(recipient: recipient, topic: topic), now: now)
        let waiting = readers.withLock { $0.open.values.filter { $0.recipient == recipient }.map(\.wake) }
        for one in waiting { one.yield() }
    }

    /// The messages of some topics from an index on each, and all that come later; nil when too many read already.
    func read(_ recipient: AID, topics: [(name: String, from: UInt64)]) -> AsyncStream<ServerSentEvent>? {
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number: Int? = readers.withLock { readers in
            guard readers.open.count < mostReaders else { return nil }
            readers.next += 1
            readers.open[readers.next] = (recipient, wake)
            return readers.next
        }
        guard let number else { return nil }
        let reader = MailboxReader(self, recipient: recipient, topics: topics, wakes: wakes, number: number)
        return AsyncStream {
            await reader.next()
        } onCancel: {
            reader.close()
        }
    }

    fileprivate func close(_ number: Int) {
        let wake = readers.withLock { $0.open.removeValue(forKey: number)?.wake }
        wake?.finish()
    }

    fileprivate func messages(_ recipient: AID, _ topic: String, from index: UInt64) -> [MailboxMessage] {
        (try? boxes.messages(in: Mailbox(recipient: recipient, topic: topic), from: index, limit: 64)) ?? []
    }
}

/// One reader of a mailbox.
private actor MailboxReader<Boxes: MailboxStore> {
    private let hub: MailboxHub<Boxes>
    private let recipient: AID
    private var topics: [(name: String, from: UInt64)]
    private var wakes: AsyncStream<Void>.AsyncIterator
    private let number: Int
    private var ready: [ServerSentEvent] = [ServerSentEvent(retry: 5000)]

    init(
        _ hub: MailboxHub<Boxes>, recipient: AID, topics: [(name: String, from: UInt64)], wakes: AsyncStream<Void>,
        number: Int
    ) {
        self.hub = hub
        self.recipient = recipient
        self.topics = topics
        self.wakes = wakes.makeAsyncIterator()
        self.number = number
    }

    func next() async -> ServerSentEvent? {
        while ready.isEmpty {
            collect()
            guard ready.isEmpty else { break }
            var iterator = wakes
            guard await iterator.next(isolation: self) != nil else { return nil }
            wakes = iterator
        }
        return ready.removeFirst()
    }

    private func collect() {
        for place in topics.indices {
            for found in hub.messages(recipient, topics[place].name, from: topics[place].from) {
                topics[place].from = found.index + 1
                ready.append(
                    ServerSentEvent(
                        id: String(found.index), name: topics[place].name,
                        data: String(decoding: found.message, as: UTF8.self), retry: 5000))
            }
        }
    }

    nonisolated func close() { hub.close(number) }
}
