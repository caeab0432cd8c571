// SPDX-License-Identifier: Apache-2.0

public import ACDC
internal import CESR
public import KERI

/// One message of an exchange, ours or of somebody else, that was verified and taken.
public struct ExchangeRecord: Hashable, Sendable {
    /// The digest of the message that began the exchange.
    public let thread: SAID
    /// The digest of this message.
    public let said: SAID
    /// The AID of ours that takes part.
    public let own: AID
    /// The other party.
    public let partner: AID
    /// Whether we sent it.
    public let isOurs: Bool
    /// Which of the messages it is; kept beside the bytes, so that nothing is read again to know what is over.
    let kind: CredentialExchangeKind
    /// The body and what is attached to it.
    public let message: [UInt8]
    /// When it was taken here.
    public let since: Timestamp
    /// Whether it was handed over; true for what others sent.
    public internal(set) var isSent: Bool

    /// For whom it is.
    var recipient: AID { isOurs ? partner : own }

    /// The message, read again.
    /// - Throws: ``ExchangeError`` `bookDamaged`.
    public func content() throws(ExchangeError) -> CredentialExchange {
        guard let stored = try? StoredMessage(message), case .exchange(let exchange) = stored.message,
            let content = try? CredentialExchange(exchange, stored.attachments)
        else { throw ExchangeError(.bookDamaged, "the message \(said) can't be read back") }
        return content
    }
}

/// What must outlive a command about exchanges: every message of those that are open, and of those that ended lately.
public struct ExchangeLedger: Hashable, Sendable {
    /// The messages in the order in which they were taken.
    public internal(set) var records: [ExchangeRecord] = []
    /// The messages that began exchanges which are kept no more, oldest first: none of them begins one again.
    var forgotten: [SAID] = []

    /// Nothing was exchanged.
    public init() {}

    /// Most open exchanges that one partner has begun.
    public static let perPartner = 32
    /// Most exchanges in all.
    public static let total = 1024
    /// Most bytes of all messages.
    public static let bytes = 24 << 20
    /// Most bytes of the messages that one partner has sent.
    public static let bytesPerPartner = 4 << 20
    /// How much of the bytes and of the exchanges only messages of ours may take: whatever others send, there is room for
    /// our answers.
    public static let reserve = (bytes: 4 << 20, exchanges: 128)
    /// How many exchanges that are kept no more are remembered.
    public static let mostForgotten = 8192
    /// How long an exchange that somebody else began and we never answered is kept, in seconds.
    public static let lifetime: Int64 = 30 * 86_400

    /// The message with a digest.
    func record(_ said: SAID) -> ExchangeRecord? { records.first { $0.said == said } }

    /// The exchange that a message belongs to or began; nil when there is none.
    func thread(_ id: SAID) throws(ExchangeError) -> ExchangeThread? {
        var thread: ExchangeThread?
        for record in records where record.thread == id {
            let message = try record.content()
            do throws(ExchangeRefusal) {
                if var known = thread {
                    try known.take(message, to: record.recipient)
                    thread = known
                } else {
                    thread = try ExchangeThread(opening: message, to: record.recipient)
                }
            } catch {
                throw ExchangeError(
                    .bookDamaged, "the exchange \(id) has a message that it can't have: \(error.rawValue)")
            }
        }
        return thread
    }

    /// Puts a message at its place.
    ///
    /// - Parameters:
    ///   - message: what was read.
    ///   - bytes: the same with its attachments.
    ///   - own: our AID.
    ///   - isOurs: whether we send it.
    ///   - now: the time to record.
    /// - Returns: the record, and whether it is new.
    /// - Throws: ``ExchangeError`` `refused`; nothing has changed then.
    mutating func take(
        _ message: CredentialExchange, _ bytes: [UInt8], own: AID, isOurs: Bool, now: Timestamp
    ) throws(ExchangeError) -> (ExchangeRecord, isNew: Bool) {
        if let known = record(message.said) { return (known, false) }
        func refused(_ refusal: ExchangeRefusal) -> ExchangeError {
            ExchangeError(refusal, "the message \(message.said) of \(message.sender)")
        }
        let thread: ExchangeThread
        do throws(ExchangeRefusal) {
            if let prior = message.prior {
                guard let before = record(prior), before.own == own else { throw .unknownPrior }
                guard var known = try? self.thread(before.thread) else { throw .unknownPrior }
                try known.take(message, to: isOurs ? known.other(than: own) : own)
                thread = known
            } else {
                guard !forgotten.contains(message.said) else { throw .answered }
                guard let recipient = isOurs ? message.recipient : own else { throw .wrongRecipient }
                thread = try ExchangeThread(opening: message, to: recipient)
                try makeRoom(for: isOurs ? nil : message.sender, now: now)
            }
            try refuseExcess(
                bytes.count, of: isOurs ? nil : message.sender, except: message.prior.map { _ in thread.id })
        } catch { throw refused(error) }
        let record = ExchangeRecord(
            thread: thread.id, said: message.said, own: own, partner: thread.other(than: own), isOurs: isOurs,
            kind: message.kind, message: bytes, since: now, isSent: !isOurs)
        records.append(record)
        return (record, true)
    }

    /// Forgets what is over, oldest first, when there is too much; a stranger can't push out what is still open.
    private mutating func makeRoom(for beginner: AID?, now: Timestamp) throws(ExchangeRefusal) {
        dropUnanswered(before: now.advanced(bySeconds: -Self.lifetime))
        let lines = lines()
        if let beginner {
            let open = lines.count { $0.opener == beginner && !$0.isOver }
            guard open < Self.perPartner else { throw .tooMany }
        }
        guard lines.count >= Self.total - (beginner == nil ? 0 : Self.reserve.exchanges) else { return }
        guard dropOldestEnded() else { throw .tooMany }
    }

    /// - Parameters:
    ///   - sender: nil for a message of ours.
    ///   - thread: the exchange that the message goes on with.
    private mutating func refuseExcess(
        _ count: Int, of sender: AID?, except thread: SAID?
    ) throws(ExchangeRefusal) {
        guard count <= 2 * CredentialExchange.largest else { throw .tooLarge }
        if let sender {
            while records.reduce(count, { $0 + ($1.isOurs || $1.partner != sender ? 0 : $1.message.count) })
                > Self.bytesPerPartner
            {
                guard dropOldestEnded(with: sender, except: thread) else { throw .tooMany }
            }
        }
        let most = sender == nil ? Self.bytes : Self.bytes - Self.reserve.bytes
        while records.reduce(count, { $0 + $1.message.count }) > most {
            guard dropOldestEnded(except: thread) else { throw .tooMany }
        }
    }

    /// Every exchange whose messages can be read.
    func threads() -> [ExchangeThread] {
        var seen: Set<SAID> = []
        return records.compactMap { seen.insert($0.thread).inserted ? (try? thread($0.thread)) ?? nil : nil }
    }

    /// What is known of an exchange without reading its messages again.
    private struct Line {
        let id: SAID
        let partner: AID
        let opener: AID
        var isOver: Bool
        var isSent: Bool
    }

    /// Every exchange, oldest first.
    private func lines() -> [Line] {
        var lines: [Line] = []
        var places: [SAID: Int] = [:]
        for record in records {
            let isOver = record.kind.successors.isEmpty
            if let place = places[record.thread] {
                lines[place].isOver = isOver
                lines[place].isSent = lines[place].isSent && record.isSent
            } else {
                places[record.thread] = lines.count
                lines.append(
                    Line(
                        id: record.thread, partner: record.partner, opener: record.isOurs ? record.own : record.partner,
                        isOver: isOver, isSent: record.isSent))
            }
        }
        return lines
    }

    /// What was not handed over yet is kept, and does not keep what came behind it.
    private mutating func dropOldestEnded(with partner: AID? = nil, except thread: SAID? = nil) -> Bool {
        let ended = lines().first { line in
            line.isOver && line.isSent && line.id != thread && line.partner == partner ?? line.partner
        }
        guard let ended else { return false }
        drop([ended.id])
        return true
    }

    private mutating func dropUnanswered(before limit: Timestamp) {
        let answered = Set(records.filter(\.isOurs).map(\.thread))
        drop(Set(records.filter { $0.since < limit && !answered.contains($0.thread) }.map(\.thread)))
    }

    private mutating func drop(_ threads: Set<SAID>) {
        guard !threads.isEmpty else { return }
        forgotten += records.filter { threads.contains($0.said) }.map(\.said)
        forgotten.removeFirst(max(0, forgotten.count - Self.mostForgotten))
        records.removeAll { threads.contains($0.thread) }
    }
}

/// Where the ledger of exchanges is kept. What `update` returns is durable; a change that throws did not happen.
public protocol ExchangeBook: Sendable {
    /// The ledger as it is.
    /// - Throws: ``ExchangeError`` when it can't be read back, or what the medium fails with.
    func load() throws -> ExchangeLedger
    /// Reads, changes and writes the ledger with nobody in between.
    /// - Throws: what `change` throws, ``ExchangeError`` when it can't be read back, what the medium fails with.
    func update<Result: Sendable>(_ change: (inout ExchangeLedger) throws -> Result) throws -> Result
}
