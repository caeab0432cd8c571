// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto

/// Events of one controller as they are posted to a witness: the same bytes for the same name, whoever the witness is.
struct WitnessWork {
    /// One event with its controller's signature.
    struct Post {
        let body: [UInt8]
        /// The attachments as header text.
        let attachment: String
    }

    let posts: [Post]

    /// An inception that names the witnesses, then interactions and, at every tenth place, a rotation.
    init(name: String, events: Int, witnesses: [AID]) throws {
        let store = MemoryKeyEventStore()
        // As a witness decides: the maker needs no receipts to go on.
        let processor = EventProcessor(store: store, policy: ProcessingPolicy(witnessing: Set(witnesses)))
        var generation = 0
        var current = try Self.key(name, 0)
        var next = try Self.key(name, 1)
        func stated(_ isInception: Bool) -> Establishment {
            Establishment(
                signingThreshold: .count(1), keys: [current.verificationKey], nextThreshold: .count(1),
                nextDigests: [KeyDigest(of: next.verificationKey)], witnessThreshold: 1,
                witnessesAdded: isInception ? witnesses : [])
        }
        var posts: [Post] = []
        var aid: AID?
        for number in 0..<events {
            let event: KeyEvent
            if let aid, let state = try store.read({ $0.keyState(of: aid) }) {
                if number % 10 == 0 {
                    generation += 1
                    current = next
                    next = try Self.key(name, generation + 1)
                    event = try EventBuilder.rotation(of: state, stated(false))
                } else {
                    let seal = EventSeal(aid: aid, sn: state.sn, said: state.said)
                    event = try EventBuilder.interaction(of: state, anchors: [seal.value])
                }
            } else {
                event = try EventBuilder.inception(stated(true))
                aid = event.aid
            }
            var attachments = Attachments()
            attachments.controllerSignatures = [try current.indexedSignature(over: event.bytes, index: 0)]
            guard
                case .accepted = try processor.process(
                    .keyEvent(event), with: attachments, now: Timestamp(seconds: 1_700_000_000))
            else { throw FixtureError() }
            let text = try attachments.encoded(in: .text)
            posts.append(Post(body: event.bytes, attachment: String(decoding: text, as: UTF8.self)))
        }
        self.posts = posts
    }

    private static func key(_ name: String, _ number: Int) throws -> CreatedKey {
        let seed = DigestAlgorithm.blake3_256.digest("\(name) \(number)".utf8.span)
        return try CreatedKey(seed: SecretBytes(copying: seed.span))
    }

    /// Whether an answer holds the receipt of an event by one of the witnesses.
    static func isReceipt(_ answer: [UInt8], of post: Post, by witnesses: [AID]) -> Bool {
        var reader = StreamReader()
        guard case .message(let frame) = reader.next(in: answer.span) else { return false }
        return frame.attachments.nonTransferableReceipts.contains { couple in
            guard let key = VerificationKey(couple.key), witnesses.contains(where: { $0.primitive == couple.key })
            else { return false }
            return key.verifies(couple.signature.raw.span, over: post.body.span)
        }
    }
}
