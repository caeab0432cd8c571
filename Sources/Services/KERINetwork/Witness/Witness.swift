// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
public import KelmarkBytes
internal import KelmarkCrypto

/// A witness: accepts the events of those who name it, first come first seen, and signs receipts for exactly what it
/// accepted into its own log (facts 8, 10).
///
/// For one place of a log it receipts one event. The only exception is the one that KERI itself makes: a rotation that
/// recovers from a stolen key takes the place of interactions, and is receipted when the log accepts it (facts 7.5).
/// Acceptance and receipt are one transaction, so no crash can come between, and a receipt asked for again is the stored
/// one.
///
/// To run one, give ``WitnessEndpoint`` to an HTTP server and ``WitnessStream`` to a TCP listener, and run
/// ``maintain()`` beside them.
public final class Witness<Store: KeyEventStore, Boxes: MailboxStore>: Sendable {
    /// Its AID, which is its one key.
    public let aid: AID
    /// What it does for whom.
    public let policy: WitnessPolicy
    let key: CreatedKey
    let store: Store
    let hub: MailboxHub<Boxes>
    let clock: any NetworkClock
    let limits: Limits
    let rate: RateLimiter
    let metrics = WitnessMetrics()
    private let boxes: Boxes
    private let processor: EventProcessor<Store>
    private let queue = WriteQueue()

    /// Makes a witness of a key that can't be rotated, and its inception where the store has none yet.
    /// - Throws: ``WitnessError`` for a key that can be rotated, what the store fails with.
    public init(
        key: CreatedKey, store: Store, mailboxes: Boxes, policy: WitnessPolicy = WitnessPolicy(),
        clock: any NetworkClock, limits: Limits = .standard
    ) throws {
        guard key.verificationKey.isNonTransferable, let aid = AID(key.verificationKey.text) else {
            throw WitnessError(.transferable, "\(key.verificationKey.text) can be rotated")
        }
        self.aid = aid
        self.key = key
        self.store = store
        self.policy = policy
        self.clock = clock
        self.limits = limits
        boxes = mailboxes
        hub = MailboxHub(mailboxes)
        rate = RateLimiter(policy.rate)
        processor = EventProcessor(store: store, policy: ProcessingPolicy(ownAIDs: [aid], witnessing: [aid]))
        try introduce()
    }

    /// Drops what is old, and decides again about what waits, until the task is cancelled.
    public func maintain() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: .seconds(5)) } catch { return }
            do {
                _ = try boxes.dropMessages(before: clock.now().advanced(bySeconds: -7 * 86_400))
                if try store.read({ try $0.escrowCount(aid: nil) }) > 0 { try await resume() }
            } catch { metrics.countStoreFailure() }
        }
    }

    // MARK: Itself

    /// Writes its inception and where it can be reached.
    private func introduce() throws {
        let now = clock.now()
        if try store.read({ try $0.keyState(of: aid) }) == nil {
            let event = try EventBuilder.basicInception(
                Establishment(
                    signingThreshold: .count(1), keys: [key.verificationKey], nextThreshold: .count(0), nextDigests: [])
            )
            var attachments = Attachments()
            attachments.controllerSignatures = [try key.indexedSignature(over: event.bytes, index: 0)]
            let outcome = try processor.process(.keyEvent(event), with: attachments, origin: .local, now: now)
            guard outcome.isInLog else { throw WitnessError(.refused, "its own inception: \(outcome)") }
        }
        for url in policy.urls {
            let key = ReplyKey(route: "/loc/scheme", aid: aid, detail: url.scheme.rawValue)
            let text = url.description
            if try store.read({ try $0.reply(key) })?.value == text { continue }
            let payload: OrderedMap = [
                "eid": .text(aid.text), "scheme": .text(url.scheme.rawValue), "url": .text(text),
            ]
            let (reply, attachments) = try signedReply("/loc/scheme", payload, now)
            _ = try processor.process(.reply(reply), with: attachments, origin: .local, now: now)
        }
    }

    /// A reply with this witness's couple.
    func signedReply(_ route: String, _ payload: OrderedMap, _ now: Timestamp) throws -> (Reply, Attachments) {
        let body = try MessageBuilder.reply(route: route, payload: payload, dated: now)
        var parser = MessageParser(limits: limits)
        guard case .reply(let reply) = try parser.parse(body.span, format: .json) else {
            throw WitnessError(.refused, "its own reply \(route)")
        }
        var attachments = Attachments()
        attachments.nonTransferableReceipts = [try couple(over: body)]
        return (reply, attachments)
    }

    func couple(over message: [UInt8]) throws -> NonTransferableReceipt {
        let code = try key.indexedSignature(over: message, index: 0)
        return NonTransferableReceipt(
            key: aid.primitive, signature: try Primitive(code: .ed25519Signature, raw: code.raw))
    }

    // MARK: Events

    /// What became of an event that was offered for a receipt.
    enum Receipting: Sendable {
        /// It stands in the log; this is its receipt.
        case receipted(IndexedSignature, isNew: Bool)
        /// It does not name this witness.
        case notOurs
        /// Its controller is not one of those that are served.
        case notServed
        /// It waits or was refused.
        case outcome(EventOutcome)
    }

    /// Accepts an event into the log and receipts it, in one transaction.
    ///
    /// - Parameter onlyOurs: whether an event that does not name this witness is left out of the log.
    func receipt(_ event: KeyEvent, _ attachments: Attachments, onlyOurs: Bool) async throws -> Receipting {
        guard policy.controllers?.contains(event.aid) ?? true else { return .notServed }
        let result = try await write { transaction, now -> Receipting in
            let outcome = try self.processor.apply(
                .keyEvent(event), with: attachments, to: &transaction, now: now)
            guard outcome.isInLog else { return .outcome(outcome) }
            guard let signature = try self.sign(event.aid, event.sn, event.said, in: &transaction) else {
                if onlyOurs { throw NotOurs() }
                return .notOurs
            }
            if case .accepted = outcome { return .receipted(signature, isNew: true) }
            return .receipted(signature, isNew: false)
        }
        switch result {
        case .success(let receipting):
            if case .receipted(_, isNew: true) = receipting { try await wake(event.aid) }
            return receipting
        case .failure(let error):
            if error is NotOurs { return .notOurs }
            throw error
        }
    }

    private struct NotOurs: Error {}

    /// This witness's signature of an event of the log: the stored one, or a new one that is stored; nil when the event
    /// does not name this witness or another has taken its place.
    private func sign(
        _ aid: AID, _ sn: SequenceNumber, _ said: SAID, in transaction: inout Store.Transaction
    ) throws -> IndexedSignature? {
        guard var record = try transaction.record(of: aid, at: sn), record.said == said,
            let state = try transaction.trunkState(of: aid, through: sn),
            let index = state.witnesses.firstIndex(of: self.aid)
        else { return nil }
        if let stored = record.proof.witnessSignatures.first(where: { $0.index == index }) { return stored }
        let signature = try key.indexedSignature(over: record.bytes, index: index, currentOnly: false)
        record.proof.witnessSignatures.append(signature)
        try transaction.setProof(record.proof, of: aid, ordinal: record.ordinal)
        return signature
    }

    /// Decides about any other message.
    func process(_ message: Message, _ attachments: Attachments) async throws -> EventOutcome {
        try await write { transaction, now in
            try self.processor.apply(message, with: attachments, to: &transaction, now: now)
        }.get()
    }

    /// Runs `body` in a write transaction that it may share with others; each is undone alone when it throws.
    private func write<R: Sendable>(
        _ body: @escaping @Sendable (inout Store.Transaction, Timestamp) throws -> R
    ) async throws -> Result<R, any Error> {
        let now = clock.now()
        return try await queue.run { [store] in
            do {
                return .success(try store.write { transaction in try body(&transaction, now) })
            } catch let error as StoreError {
                throw error
            } catch {
                return .failure(error)
            }
        }
    }

    // MARK: What waits

    /// Decides again about what may have waited for the log of an AID.
    private func wake(_ aid: AID) async throws {
        guard try store.read({ try $0.escrowCount(aid: nil) }) > 0 else { return }
        try await resume()
    }

    /// Decides again about everything that waits, and acts on what left its escrow.
    func resume() async throws {
        let messages = try store.read { transaction in
            var messages: [EscrowKey: [UInt8]] = [:]
            for reason in [EscrowReason.partialExchange, .queryNotFound] {
                for entry in try transaction.escrows(reason: reason, aid: nil, limit: 10_000) {
                    messages[entry.key] = entry.message
                }
            }
            return messages
        }
        let now = clock.now()
        let resumed = try await queue.run { [processor] in try processor.resume(now: now) }
        for one in resumed {
            switch one.outcome {
            case .accepted?:
                _ = try await write { transaction, _ in
                    try self.sign(one.key.aid, one.key.sn, one.key.said, in: &transaction)
                }
            case .verified?:
                guard let bytes = messages[one.key], let stored = try? StoredMessage(bytes) else { continue }
                _ = try await act(on: ReceivedMessage(stored.message, stored.attachments))
            default: continue
            }
        }
    }
}

/// Why a witness can't be made.
public struct WitnessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The key of a witness can't be one that is rotated.
        case transferable
        /// The store refuses what the witness says of itself.
        case refused
    }

    /// What is wrong.
    public let code: Code
    /// Words for the operator.
    public let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}
