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
/// one. All this holds for one store: a key must never serve two.
///
/// To run one, compose it with adapters:
///
///     let witness = try Witness(key: key, store: store, mailboxes: boxes, policy: policy, clock: clock)
///     let http = HTTPService(WitnessEndpoint(witness), port: 5642, logger: logger)
///     let tcp = StreamService(WitnessStream(witness), port: 5632, logger: logger)
///     // …and run `witness.maintain()` beside them until the process ends.
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
    let meter = WitnessMeter()
    let boxes: Boxes
    let queue: WriteQueue<Store>
    let processor: EventProcessor<Store>
    let registries: (any RegistryKeeper)?
    /// Events whose receipts were mailed: posting an event again and again must not fill the mailbox of its controller.
    let mailedReceipts = RecentSet<SAID>(count: 8192)
    /// Messages that were forwarded, for anybody may send them again.
    let forwarded = RecentSet<SAID>(count: 8192)

    /// Makes a witness of a key that can't be rotated, and its inception where the store has none yet.
    ///
    /// - Parameters:
    ///   - key: its only key, Ed25519.
    ///   - store: its logs; of this witness alone.
    ///   - mailboxes: where messages wait for those who fetch them.
    ///   - policy: what it does for whom.
    ///   - clock: the time of day.
    ///   - registries: where it keeps registries of its controllers, beside the same logs; nil when it keeps none.
    ///   - limits: bounds of what is read.
    /// - Throws: ``WitnessError``, what the store fails with.
    public init(
        key: CreatedKey, store: Store, mailboxes: Boxes, policy: WitnessPolicy = WitnessPolicy(),
        clock: any NetworkClock, registries: (any RegistryKeeper)? = nil,
        limits: Limits = Limits(bodyBytes: 1 << 20, attachmentBytes: 1 << 20, bufferedBytes: 4 << 20)
    ) throws {
        guard key.verificationKey.isNonTransferable, let aid = AID(key.verificationKey.text) else {
            throw WitnessError(.transferable, "\(key.verificationKey.text) can be rotated")
        }
        guard key.verificationKey.algorithm == .ed25519 else {
            throw WitnessError(.algorithm, "\(key.verificationKey.text) is no Ed25519 key")
        }
        self.aid = aid
        self.key = key
        self.store = store
        self.policy = policy
        self.clock = clock
        self.limits = limits
        self.registries = registries
        boxes = mailboxes
        hub = MailboxHub(mailboxes, clock: clock, limits: policy.streams)
        rate = RateLimiter(policy.rate)
        queue = WriteQueue(store)
        processor = EventProcessor(
            store: store,
            policy: ProcessingPolicy(ownAIDs: [aid], witnessing: [aid], witnessedControllers: policy.controllers))
        try introduce()
    }

    /// What it has done since it started.
    public var metrics: WitnessMetrics {
        var value = meter.value
        value.streams = hub.readerCount
        return value
    }

    // MARK: Itself

    /// Writes its inception, its role, and where it can be reached.
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
        let stated = try store.read { try $0.replies(of: aid) }
        func state(_ route: String, _ key: ReplyKey, _ value: String, _ payload: OrderedMap) throws {
            let former = stated.first { $0.key == key }
            guard former?.value ?? "" != value else { return }
            // Also when the clock was set back, what is said now is newer.
            let dated = max(now, Timestamp(microseconds: (former?.dated ?? now).microseconds + 1))
            let (reply, attachments) = try signedReply(route, payload, dated)
            let outcome = try processor.process(.reply(reply), with: attachments, origin: .local, now: now)
            guard outcome == .verified else { throw WitnessError(.refused, "its own reply \(route): \(outcome)") }
        }
        try state(
            "/end/role/add", ReplyKey(route: "/end/role", aid: aid, detail: "controller/\(aid)"), "true",
            ["cid": .text(aid.text), "role": "controller", "eid": .text(aid.text)])
        for scheme in PeerURL.Scheme.allCases {
            // An empty URL takes back what was said before.
            let url = policy.urls.first { $0.scheme == scheme }?.description ?? ""
            try state(
                "/loc/scheme", ReplyKey(route: "/loc/scheme", aid: aid, detail: scheme.rawValue), url,
                ["eid": .text(aid.text), "scheme": .text(scheme.rawValue), "url": .text(url)])
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
        attachments.nonTransferableReceipts = [try couple(try key.signingKey.sign(body.span))]
        return (reply, attachments)
    }

    /// A signature of this witness with its key.
    func couple(_ signature: [UInt8]) throws -> NonTransferableReceipt {
        NonTransferableReceipt(key: aid.primitive, signature: try Primitive(code: .ed25519Signature, raw: signature))
    }
}

/// Why a witness can't be made.
public struct WitnessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The key of a witness can't be one that is rotated.
        case transferable
        /// The key is of another algorithm than Ed25519.
        case algorithm
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
