// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes
private import Synchronization

/// How far a mailbox has been read: one sequence at one host.
public struct MailCursor: Sendable, Hashable {
    /// Whose mailbox.
    public let recipient: AID
    /// Who keeps it.
    public let host: AID
    /// The topic, with its slash.
    public let topic: String

    /// Names a sequence.
    public init(recipient: AID, host: AID, topic: String) {
        self.recipient = recipient
        self.host = host
        self.topic = topic
    }
}

/// Where is kept how far mailboxes have been read.
public protocol MailCursors: Sendable {
    /// The index of the first message that was not handled, 0 for a mailbox never read.
    /// - Throws: what the medium fails with.
    func next(_ cursor: MailCursor) throws -> UInt64
    /// Remembers durably that everything before an index was handled.
    /// - Throws: what the medium fails with.
    func advance(_ cursor: MailCursor, to index: UInt64) throws
}

/// Cursors that are gone with the process.
public final class MemoryMailCursors: MailCursors {
    private let cursors = Mutex<[MailCursor: UInt64]>([:])

    /// No mailbox has been read.
    public init() {}

    /// The index of the first message that was not handled.
    public func next(_ cursor: MailCursor) -> UInt64 { cursors.withLock { $0[cursor] ?? 0 } }
    /// Remembers that everything before an index was handled.
    public func advance(_ cursor: MailCursor, to index: UInt64) { cursors.withLock { $0[cursor] = index } }
}

/// Fetches messages for AIDs of a wallet from the hosts that keep mailboxes for them (facts 9.5).
public struct MailCollector<Store: KeyEventStore>: Sendable {
    private let wallet: Wallet<Store>
    private let transport: any PeerTransport
    private let cursors: any MailCursors
    private let clock: any NetworkClock

    /// Most bytes of one message that is handled; longer ones are passed over.
    public static var largest: Int { 4 << 20 }

    /// Indexes from here on are made up; witnesses refuse them in queries.
    static var largestIndex: UInt64 { 1 << 62 }

    /// Collects for a wallet.
    public init(
        _ wallet: Wallet<Store>, transport: any PeerTransport, cursors: any MailCursors, clock: any NetworkClock
    ) {
        self.wallet = wallet
        self.transport = transport
        self.cursors = cursors
        self.clock = clock
    }

    /// Fetches what waits at one host, and what comes until nothing came for a while.
    ///
    /// A message counts as read when `handle` has returned; when it throws, the same message comes again next time.
    /// - Parameters:
    ///   - recipient: an AID of ours, whose log the host knows.
    ///   - host: who keeps the mailbox; its address must be known.
    ///   - topics: such as `/multisig`.
    ///   - idle: how long to wait for more.
    ///   - most: after how many messages to stop.
    ///   - handle: takes a topic and a message with its attachments.
    /// - Returns: how many messages were handled.
    /// - Throws: ``PostError`` `noAddress`, ``TransportError``, what `handle`, vault, store and cursors fail with.
    @discardableResult
    public func collect(
        for recipient: AID, at host: AID, topics: [String], idle: Duration, most: Int = 4096,
        handle: @escaping @Sendable (_ topic: String, _ message: [UInt8]) async throws -> Void
    ) async throws -> Int {
        guard let url = try wallet.locations(of: host).first(where: { $0.scheme != .tcp }) else {
            throw PostError(.noAddress, "nobody has said where \(host) listens")
        }
        let request = try await query(recipient, host, topics, url)
        let progress = Mutex<(count: Int, failure: (any Error)?)>((0, nil))
        let cursors = cursors
        try await transport.events(request, idle: idle) { event in
            guard let topic = event.name, topics.contains(topic), let data = event.data,
                let index = event.id.flatMap({ UInt64($0) })
            else { return true }
            let cursor = MailCursor(recipient: recipient, host: host, topic: topic)
            do {
                // A host that sends what was handled already, or counts anew, is not let back.
                guard try index >= cursors.next(cursor), index < Self.largestIndex else { return true }
                let message = Array(data.utf8)
                if message.count <= Self.largest { try await handle(topic, message) }
                try cursors.advance(cursor, to: index + 1)
            } catch {
                progress.withLock { $0.failure = error }
                return false
            }
            return progress.withLock { progress in
                progress.count += 1
                return progress.count < most
            }
        }
        let (count, failure) = progress.withLock { $0 }
        if let failure { throw failure }
        return count
    }

    private func query(_ recipient: AID, _ host: AID, _ topics: [String], _ url: PeerURL) async throws -> PeerRequest {
        var wanted = OrderedMap()
        for topic in topics {
            let next = try cursors.next(MailCursor(recipient: recipient, host: host, topic: topic))
            wanted[topic] = .integer(String(next))
        }
        let body = try MessageBuilder.query(
            route: "mbx",
            parameters: [
                "pre": .text(recipient.text), "topics": .map(wanted), "i": .text(recipient.text),
                "src": .text(host.text),
            ], dated: clock.now())
        var attachments = Attachments()
        attachments.lastEstablishmentGroups = [
            LastEstablishmentGroup(
                prefix: recipient.primitive, signatures: try await Controller(wallet, recipient.text).sign(body))
        ]
        return .message(
            body, try attachments.encoded(in: .text), to: host, at: url, path: "", headerBytes: .max)
    }
}
