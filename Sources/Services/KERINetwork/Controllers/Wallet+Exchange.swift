// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
public import KelmarkBytes

/// What importing a stream came to.
public struct ImportReport: Sendable {
    /// What became of each message, in order.
    public let messages: [MessageReport]
    /// What left its escrow afterwards.
    public let resumed: [ResumedMessage]
}

extension Wallet {
    /// Takes in a stream that somebody else made.
    /// - Throws: what store and book fail with.
    public func ingest(_ stream: [UInt8], limits: Limits = .standard, now: Timestamp) throws -> ImportReport {
        var messages: [MessageReport] = []
        var reader = StreamProcessor(
            EventProcessor(store: store, policy: try policy()), batch: 256, limits: limits)
        try reader.process(stream, now: now) { messages.append($0) }
        return ImportReport(messages: messages, resumed: try refresh(now: now))
    }

    /// The log of an AID as peers send it: every accepted event in first-seen order with its proofs, behind the logs of
    /// its delegators, then an own event that waits (facts 9.1).
    ///
    /// - Parameters:
    ///   - withDelegators: whether the delegators' logs come first.
    ///   - withWaiting: whether our own waiting event is added.
    ///   - allowsUnknown: whether an AID of which nothing is known is no error.
    /// - Throws: ``ControllerError`` `unknown` when nothing is known of the AID; what the store fails with.
    public func export(
        _ aid: AID, withDelegators: Bool = true, withWaiting: Bool = true, allowsUnknown: Bool = false
    ) throws -> [UInt8] {
        var stream: [UInt8] = []
        var isKnown = false
        let waiting = try book.load().first { $0.aid == aid }?.waitingEvent
        for one in withDelegators ? try chain(of: aid, waiting: waiting) : [aid] {
            let log = try LogReplay.stream(of: one, from: store)
            if one == aid, !log.isEmpty { isKnown = true }
            stream += log
        }
        if withWaiting, let waiting {
            stream += waiting
            isKnown = true
        }
        guard isKnown || allowsUnknown else { throw ControllerError(.unknown, "nothing is known of \(aid)") }
        return stream
    }

    /// The AID behind its delegators, root first.
    private func chain(of aid: AID, waiting: [UInt8]?) throws -> [AID] {
        try store.read { transaction in
            var chain = [aid]
            var next = try transaction.keyState(of: aid)?.delegator
            if next == nil, let waiting { next = Self.parse(waiting)?.0.delegator }
            while let delegator = next, !chain.contains(delegator), chain.count < 64 {
                chain.append(delegator)
                next = try transaction.keyState(of: delegator)?.delegator
            }
            return chain.reversed()
        }
    }
}

/// Logs as streams. Also called cloning in KERIpy.
public enum LogReplay {
    /// Every accepted event of an AID in first-seen order with its proofs; empty for an AID that is not known.
    /// - Throws: what the store fails with.
    public static func stream<Store: KeyEventStore>(of aid: AID, from store: Store) throws -> [UInt8] {
        try store.read { transaction in
            var stream: [UInt8] = []
            var ordinal: UInt64 = 0
            while true {
                let records = try transaction.records(of: aid, from: ordinal, limit: 512)
                for record in records { stream += try message(of: record) }
                guard let last = records.last else { return stream }
                ordinal = last.ordinal + 1
            }
        }
    }

    /// One event with its proofs and when it was first seen here, in a `-V` wrapper (facts 6).
    /// - Throws: ``StoreError`` when the record can't be written.
    public static func message(of record: EventRecord) throws -> [UInt8] {
        var attachments = record.proof.attachments
        do throws(CESRError) {
            attachments.firstSeenCouples = [
                FirstSeenCouple(
                    ordinal: UInt128(record.ordinal),
                    dateTime: try DateTime(microseconds: record.seenAt.microseconds))
            ]
            return record.bytes + (try attachments.encoded(in: .text, isWrapped: true))
        } catch {
            throw StoreError(.corrupt, "event \(record.sn) of \(record.aid) can't be written")
        }
    }
}
